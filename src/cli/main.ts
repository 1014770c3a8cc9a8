#!/usr/bin/env node
/** The command line: parses, calls a command, and turns what comes of it into an exit code. */

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import { catalogCommand } from './commands/catalog.js';
import { checkCommand } from './commands/check.js';
import { connectCommand } from './commands/connect.js';
import { previewCommand } from './commands/preview.js';
import { replayCommand } from './commands/replay.js';
import { resetCommand } from './commands/reset.js';
import { runCommand } from './commands/run.js';
import { schemasCommand } from './commands/schemas.js';
import { simulateCommand } from './commands/simulate.js';
import { statusCommand } from './commands/status.js';
import { printRemark } from './context.js';
import { EXIT, exitCodeOf, explain } from './exit.js';

const COMMANDS = [
  connectCommand,
  checkCommand,
  catalogCommand,
  previewCommand,
  runCommand,
  statusCommand,
  resetCommand,
  replayCommand,
  schemasCommand,
  simulateCommand,
];

/** By default V8 lets memory grow to four times what is in use before it collects; this keeps a fifth less, at hardly a cost. */
setFlagsFromString('--heap-growing-percent=150');

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = new Command('intercom-kafka')
    .description('Publishes everything that changes in Intercom workspaces to compacted Kafka topics.')
    .version(version())
    .exitOverride();
  for (const add of COMMANDS) {
    add(program, (result) => {
      code = result;
    });
  }
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    // Commander has printed its own message; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    printRemark(explain(error));
    return exitCodeOf(error);
  }
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed),
);
const code = await main(process.argv);
const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write('', () => resolve()));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// Whatever a library still holds open must not keep a process that is done.
process.exit(code);
