/** `pause`, `resume`, `sync` and `resync`: what operators request of tables while instances run. */

import type { Command } from 'commander';
import type { ConnectionConfig } from '../../config/config.js';
import type { ControlRequest } from '../../model/control.js';
import { PublisherError } from '../../model/errors.js';
import { isUnderway, resyncText } from '../../model/resync.js';
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
import { readFromOption } from '../moments.js';
import { printRemark } from '../remarks.js';
import { connectionOf, tableOf } from '../selection.js';

interface ControlOptions extends CommonOptions {
  readonly wait: boolean;
}

interface ResyncOptions extends ControlOptions {
  readonly since?: string;
  readonly republish?: boolean;
  readonly cancel?: boolean;
}

const ABOUT = {
  pause: 'stop polls and notifications of tables, while instances run',
  resume: 'start polls and notifications of paused tables again',
  sync: 'run one cycle of tables now, whatever their schedule',
  resync: 'read tables again beside their polls, and publish what differs or is gone',
} as const;

export function controlCommands(program: Command, finish: (code: number) => void): void {
  for (const request of ['pause', 'resume', 'sync'] as const) {
    controlCommand(program, request).action(async (name: string, tables: string[], options: ControlOptions) =>
      finish(await control(name, tables, options, () => request)),
    );
  }
  controlCommand(program, 'resync')
    .option('--since <time>', 'leave rows alone that were updated before')
    .option('--republish', 'publish each row once more, also where nothing has changed')
    .option('--cancel', 'end the resync that is under way')
    .action(async (name: string, tables: string[], options: ResyncOptions) =>
      finish(await control(name, tables, options, (connection) => resyncOf(options, connection))),
    );
}

function controlCommand(program: Command, name: keyof typeof ABOUT): Command {
  return withCommonOptions(program.command(name))
    .description(ABOUT[name])
    .argument('<connection>', 'a connection of the file')
    .argument('[table...]', 'some of its tables; left out: all of them')
    .option('--no-wait', 'do not wait until the instance that owns the connection has done it');
}

function resyncOf(
  { since, republish = false, cancel = false }: ResyncOptions,
  connection: ConnectionConfig,
): ControlRequest {
  if (cancel && (since !== undefined || republish))
    throw new PublisherError('usage-invalid', '--cancel ends a resync: leave out --since and --republish');
  if (cancel) return 'cancel';
  return { since: since === undefined ? null : readFromOption('--since', since, connection), republish };
}

async function control(
  name: string,
  tableNames: readonly string[],
  options: ControlOptions,
  requestFor: (connection: ConnectionConfig) => ControlRequest,
): Promise<number> {
  const config = await readConfig(options);
  const connection = connectionOf(config, name);
  const request = requestFor(connection);
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
  const { paused, resync } = state;
  return { connection, table, answered: true, paused, ...resultOf(request, state), resync };
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
  if (request === 'cancel') return cancelText(state);
  if (typeof request === 'object') return resyncAnswer(connection, table, state);
  if (request !== 'sync') return state.paused ? 'paused' : 'resumed';
  const { cycle, error } = resultOf(request, state);
  if (state.paused) return `paused: resume it first with \`intercom-kafka resume ${connection} ${table}\``;
  if (error !== null) return `failed: ${error.message}`;
  return `cycle ${cycle?.number ?? 0} complete, ${cycle?.records ?? 0} records and ${cycle?.deletes ?? 0} tombstones published`;
}

function cancelText({ resync }: TableState): string {
  return resync?.phase === 'cancelled' ? `resync ${resyncText(resync)}` : 'no resync is under way';
}

function resyncAnswer(connection: string, table: TableName, { paused, cycle, resync }: TableState): string {
  if (resync === null) return 'no resync is under way';
  if (cycle === null) return 'nothing to read again: the first cycle publishes everything';
  if (paused && isUnderway(resync))
    return `resync accepted; it waits until the table is resumed with \`intercom-kafka resume ${connection} ${table}\``;
  return `resync ${resyncText(resync)}`;
}
