/** `status`: shows how far every table is published, from the state topic only. */

import type { Command } from 'commander';
import type { Config, ConnectionConfig } from '../../config/config.js';
import { KafkaAccess } from '../../kafka/access.js';
import { isLongOpen, openTransactionText } from '../../kafka/open-transactions.js';
import type { States } from '../../kafka/states.js';
import { asPublisherError } from '../../model/errors.js';
import { isUnderway, type ResyncStatus, resyncStatus, resyncText } from '../../model/resync.js';
import { subjectText } from '../../model/set-aside.js';
import { emptyState, secondsSince, type TableState } from '../../model/state.js';
import { duration } from '../../observe/progress.js';
import { publishedTables } from '../../publisher/published-table.js';
import { committedStates, stateProblems } from '../../publisher/state-topics.js';
import { ALL_TABLES } from '../../tables/all.js';
import { type CommonOptions, printResult, readConfig, withCommonOptions } from '../context.js';
import { EXIT } from '../exit.js';
import { printRemark } from '../remarks.js';
import { layOut } from '../table.js';

/** A table in the output of `status`, from its state in the state topic. */
interface StatusRow {
  readonly connection: string;
  readonly table: string;
  readonly state: 'never read' | 'reset' | 'ok' | 'running' | 'paused' | 'failed';
  /** Epoch seconds. */
  readonly bookmark: number | null;
  /** ISO 8601: when the last complete cycle started. */
  readonly freshAsOf: string | null;
  /** Seconds from that time until now. */
  readonly lag: number | null;
  readonly records: number;
  readonly deletes: number;
  readonly deadLetters: number;
  readonly setAside: TableState['setAside'];
  readonly lastCycle: TableState['cycle'];
  readonly error: TableState['error'];
  /** The last resync; null: none. */
  readonly resync: ResyncStatus | null;
  /** Why the state does not belong to the existing topic; empty when it does. */
  readonly topicProblems: readonly string[];
}

export function statusCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('status'))
    .description('show the state of every table, from the state topic')
    .action(async (options: CommonOptions) => finish(await status(options)));
}

async function status(options: CommonOptions): Promise<number> {
  const config = await readConfig(options);
  const facts = await factsIn(config);
  const rows = statusRows(config, facts, Date.now());
  // On standard error, so that programs that parse the rows are not disturbed.
  for (const line of facts.held) printRemark(line);
  if (options.json === true) printResult(JSON.stringify(rows, null, 2));
  else printResult(render(rows));
  return EXIT.done;
}

/** The states in Kafka, and by connection and table why a state does not belong to its topic. */
interface Facts {
  readonly states: States;
  readonly problems: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** The reason why newer states can't be read. */
  readonly held: readonly string[];
}

async function factsIn(config: Config): Promise<Facts> {
  const kafka = await KafkaAccess.open(config.kafka);
  try {
    const states = await committedStates(config, kafka);
    const problems = new Map<string, ReadonlyMap<string, readonly string[]>>();
    for (const connection of config.connections)
      problems.set(connection.name, await stateProblems(publishedTables(config, connection), states, kafka));
    return { states, problems, held: await heldBack(config, kafka) };
  } finally {
    await kafka.close();
  }
}

async function heldBack(config: Config, kafka: KafkaAccess): Promise<string[]> {
  const { topic } = config.state;
  if ((await kafka.topics.describe([topic])).size === 0) return [];
  const now = Date.now();
  const open = (await kafka.reader.openTransactions(topic)).filter((each) => isLongOpen(each, now));
  return open.map((each) => openTransactionText(each, now));
}

/** The status of every configured table. `now` in epoch milliseconds. */
function statusRows(config: Config, { states, problems }: Facts, now: number): StatusRow[] {
  return config.connections.flatMap((connection) =>
    connection.tables.map(({ name }) => ({
      ...describe(connection, name, stateOrReason(states, connection.name, name, now), now),
      topicProblems: problems.get(connection.name)?.get(name) ?? [],
    })),
  );
}

/** The row of a table. When its state can't be read, the row has the reason. */
function stateOrReason(
  states: States,
  connection: string,
  table: string,
  now: number,
): TableState | undefined {
  try {
    return states.get(connection, table);
  } catch (thrown) {
    const { code, message } = asPublisherError(thrown);
    return { ...emptyState(), error: { code, message, at: new Date(now).toISOString() } };
  }
}

function describe(
  { name: connection, startDate }: ConnectionConfig,
  table: string,
  state: TableState | undefined,
  now: number,
): Omit<StatusRow, 'topicProblems'> {
  const { bookmark = null, freshAsOf = null } = state ?? {};
  return {
    connection,
    table,
    state: nameOf(state),
    bookmark,
    freshAsOf,
    lag: secondsSince(freshAsOf, now),
    records: state?.records ?? 0,
    deletes: state?.deletes ?? 0,
    deadLetters: state?.deadLetters ?? 0,
    setAside: state?.setAside ?? [],
    lastCycle: state?.cycle ?? null,
    error: state?.error ?? null,
    resync: resyncStatus(state?.resync ?? null, startDate),
  };
}

function nameOf(state: TableState | undefined): StatusRow['state'] {
  if (state === undefined) return 'never read';
  if (state.paused) return 'paused';
  if (state.error !== null) return 'failed';
  if (state.cycle === null) return 'reset';
  return state.cycle?.finishedAt === null ? 'running' : 'ok';
}

const HEADINGS = [
  'CONNECTION',
  'TABLE',
  'METHOD',
  'STATE',
  'FRESH AS OF',
  'AGO',
  'BOOKMARK',
  'RECORDS',
  'DELETES',
  'DEAD',
  'ASIDE',
  'LAST CYCLE',
];

function render(rows: readonly StatusRow[]): string {
  const methods = new Map<string, string>(ALL_TABLES.map(({ name, method }) => [name, method]));
  const cells = rows.map((row) => [
    row.connection,
    row.table,
    methods.get(row.table) ?? '',
    row.state,
    row.freshAsOf === null ? null : isoSeconds(Date.parse(row.freshAsOf)),
    row.lag === null ? null : duration(row.lag),
    row.bookmark === null ? null : isoSeconds(row.bookmark * 1000),
    row.records,
    row.deletes,
    row.deadLetters,
    row.setAside.length,
    cycleText(row.lastCycle),
  ]);
  const errors = rows.flatMap(({ connection, table, error, topicProblems }) =>
    [...(error === null ? [] : [error.message]), ...topicProblems].map(
      (each) => `${connection}/${table}: ${each}`,
    ),
  );
  const notes = [...errors, ...rows.flatMap(setAsideLines), ...rows.flatMap(resyncLines)];
  return [layOut(HEADINGS, cells), ...(notes.length === 0 ? [] : ['', ...notes])].join('\n');
}

function setAsideLines({ connection, table, setAside }: StatusRow): string[] {
  return setAside.map((entry) => {
    const tries = `${entry.tries} tries since ${entry.firstAt}, next at ${entry.nextAt}`;
    return `${connection}/${table}: set aside: ${subjectText(entry)}: ${entry.message} (${tries})`;
  });
}

function resyncLines({ connection, table, resync }: StatusRow): string[] {
  if (!isUnderway(resync)) return [];
  const share = resync.share === null ? '' : ` (${Math.floor(100 * resync.share)} %)`;
  const { startedAt } = resync;
  return [`${connection}/${table}: resync since ${startedAt.slice(0, 19)}Z: ${resyncText(resync)}${share}`];
}

function cycleText(cycle: TableState['cycle']): string | null {
  if (cycle === null) return null;
  const { number, startedAt, finishedAt } = cycle;
  if (finishedAt === null) return `#${number} since ${isoSeconds(Date.parse(startedAt))}`;
  const took = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return `#${number} ${isoSeconds(Date.parse(finishedAt))} in ${took.toFixed(1)} s`;
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
