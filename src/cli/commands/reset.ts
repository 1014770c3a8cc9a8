/** `reset`: removes bookmarks, so that the next cycle replicates again. */

import type { Command } from 'commander';
import { PublisherError } from '../../model/errors.js';
import { type ResetTable, resetTables } from '../../publisher/reset.js';
import { tablesOf } from '../../tables/all.js';
import { type CommonOptions, printResult, readConfig, withCommonOptions } from '../context.js';
import { EXIT } from '../exit.js';
import { readFromOption } from '../moments.js';
import { ask, isTerminal } from '../prompt.js';
import { printRemark } from '../remarks.js';
import { connectionOf, tableOf } from '../selection.js';

interface ResetOptions extends CommonOptions {
  readonly startDate?: string;
  readonly yes?: boolean;
}

export function resetCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('reset'))
    .description('forget bookmarks, so that the next cycle publishes everything again')
    .argument('<connection>', 'a connection of the file')
    .argument('[table...]', 'some of its tables; left out: all of them')
    .option(
      '--start-date <date>',
      "publish rows updated from then on, instead of the connection's start date",
    )
    .option('--yes', 'do not ask')
    .action(async (name: string, tables: string[], options: ResetOptions) =>
      finish(await reset(name, tables, options)),
    );
}

async function reset(name: string, tableNames: readonly string[], options: ResetOptions): Promise<number> {
  const config = await readConfig(options);
  const connection = connectionOf(config, name);
  const tables =
    tableNames.length === 0
      ? tablesOf(connection)
      : [...new Set(tableNames.map((table) => tableOf(connection, table)))];
  const startDate =
    options.startDate === undefined ? null : readFromOption('--start-date', options.startDate, connection);
  if (
    options.yes !== true &&
    !(await isConfirmed(
      name,
      tables.map((table) => table.name),
    ))
  ) {
    printRemark('nothing was reset');
    return EXIT.failed;
  }
  const done = await resetTables(config, { connection, tables, startDate }, printRemark);
  if (options.json === true)
    printResult(JSON.stringify({ connection: name, tables: done.map(({ table }) => table) }));
  else printResult(resultText(name, done));
  const paused = done.filter((each) => each.paused).map(({ table }) => table);
  if (paused.length > 0)
    printRemark(
      `still paused: ${paused.join(', ')}; resume with \`intercom-kafka resume ${name} ${paused.join(' ')}\``,
      'warn',
    );
  return EXIT.done;
}

function resultText(connection: string, done: readonly ResetTable[]): string {
  if (done.length === 0) return `${connection}: nothing to reset: nothing was published yet`;
  return `${connection}: the next cycle publishes ${done.map(({ table }) => table).join(', ')} again`;
}

async function isConfirmed(connection: string, tables: readonly string[]): Promise<boolean> {
  if (!isTerminal()) {
    throw new PublisherError(
      'usage-invalid',
      'reset asks for a confirmation, and there is no terminal: add --yes',
    );
  }
  const question = `Every row of ${tables.join(', ')} of ${connection} will be published again. Continue? [y/N]`;
  return /^y(es)?$/i.test(await ask(question));
}
