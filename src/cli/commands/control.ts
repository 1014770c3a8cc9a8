/** `pause`, `resume` and `sync`: what operators request of tables while instances run. */

import type { Command } from 'commander';
import type { ControlRequest } from '../../model/control.js';
import type { SyncResult, TableState } from '../../model/state.js';
import type { TableName } from '../../model/table-names.js';
import { type ControlAnswer, requestOf } from '../../publisher/control.js';
import { tablesOf } from '../../tables/all.js';
import {
  type CommonOptions,
  onInterruption,
  printResult,
  readConfig,
  withCommonOptions,
} from '../context.js';
import { EXIT } from '../exit.js';
import { printRemark } from '../remarks.js';
import { connectionOf, tableOf } from '../selection.js';

interface ControlOptions extends CommonOptions {
  readonly wait: boolean;
}

const ABOUT: Readonly<Record<ControlRequest, string>> = {
  pause: 'stop polls and notifications of tables, while instances run',
  resume: 'start polls and notifications of paused tables again',
  sync: 'run one cycle of tables now, whatever their schedule',
};

export function controlCommands(program: Command, finish: (code: number) => void): void {
  for (const request of ['pause', 'resume', 'sync'] as const) {
    withCommonOptions(program.command(request))
      .description(ABOUT[request])
      .argument('<connection>', 'a connection of the file')
      .argument('[table...]', 'some of its tables; left out: all of them')
      .option('--no-wait', 'do not wait until the instance that owns the connection has done it')
      .action(async (name: string, tables: string[], options: ControlOptions) =>
        finish(await control(request, name, tables, options)),
      );
  }
}

async function control(
  request: ControlRequest,
  name: string,
  tableNames: readonly string[],
  options: ControlOptions,
): Promise<number> {
  const config = await readConfig(options);
  const connection = connectionOf(config, name);
  const chosen = tableNames.map((table) => tableOf(connection, table));
  const tables = (chosen.length === 0 ? tablesOf(connection) : [...new Set(chosen)]).map(
    (table) => table.name,
  );
  const interruption = onInterruption('no longer waiting; the request stays in the control topic');
  const of = { connection, tables, request, waits: options.wait };
  const answers = await requestOf(config, of, { signal: interruption.signal, onWait: printRemark });
  if (options.json === true) printResult(JSON.stringify(answers.map((each) => outcome(request, name, each))));
  else for (const answer of answers) printResult(lineOf(request, name, answer, options.wait));
  return answers.some(({ state }) => hasFailed(request, state)) ? EXIT.failed : EXIT.done;
}

function hasFailed(request: ControlRequest, state: TableState | null): boolean {
  return request === 'sync' && state !== null && (state.paused || resultOf(request, state).error !== null);
}

/** The cycle that the answer is about. Behind the one that served a `sync`, others may have run already. */
function resultOf(request: ControlRequest, { syncResult, cycle, error }: TableState): SyncResult {
  return request === 'sync' && syncResult !== null ? syncResult : { cycle, error };
}

function outcome(request: ControlRequest, connection: string, { table, state }: ControlAnswer) {
  if (state === null) return { connection, table, answered: false };
  return { connection, table, answered: true, paused: state.paused, ...resultOf(request, state) };
}

function lineOf(
  request: ControlRequest,
  connection: string,
  { table, state }: ControlAnswer,
  waits: boolean,
): string {
  return `${connection}/${table}: ${state === null ? pendingText(waits) : doneText(request, connection, table, state)}`;
}

function pendingText(waits: boolean): string {
  return waits ? 'requested; no instance runs, so the next start follows it' : 'requested';
}

function doneText(request: ControlRequest, connection: string, table: TableName, state: TableState): string {
  if (request !== 'sync') return state.paused ? 'paused' : 'resumed';
  const { cycle, error } = resultOf(request, state);
  if (state.paused) return `paused: resume it first with \`intercom-kafka resume ${connection} ${table}\``;
  if (error !== null) return `failed: ${error.message}`;
  return `cycle ${cycle?.number ?? 0} complete, ${cycle?.records ?? 0} records and ${cycle?.deletes ?? 0} tombstones published`;
}
