/** The program with all its commands, which does nothing until it is given arguments. */

import { Command } from 'commander';
import { catalogCommand } from './commands/catalog.js';
import { checkCommand } from './commands/check.js';
import { configCommand } from './commands/config.js';
import { connectCommand } from './commands/connect.js';
import { controlCommands } from './commands/control.js';
import { previewCommand } from './commands/preview.js';
import { replayCommand } from './commands/replay.js';
import { resetCommand } from './commands/reset.js';
import { runCommand } from './commands/run.js';
import { schemasCommand } from './commands/schemas.js';
import { simulateCommand } from './commands/simulate.js';
import { statusCommand } from './commands/status.js';
import { printRemark } from './remarks.js';

const COMMANDS = [
  connectCommand,
  checkCommand,
  catalogCommand,
  previewCommand,
  runCommand,
  statusCommand,
  controlCommands,
  resetCommand,
  replayCommand,
  schemasCommand,
  configCommand,
  simulateCommand,
];

/**
 * `finish` receives the exit code of the command that was called. Wrong usage is thrown as a `CommanderError`.
 */
export function createProgram(version: string, finish: (code: number) => void): Command {
  const program = new Command('intercom-kafka')
    .description('Publishes everything that changes in Intercom workspaces to compacted Kafka topics.')
    .version(version)
    .configureOutput({ outputError: (text) => printRemark(text, 'error') })
    .exitOverride();
  for (const add of COMMANDS) add(program, finish);
  for (const command of program.commands) command.exitOverride();
  return program;
}
