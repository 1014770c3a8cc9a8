/**
 * What a table's commits are made of, those of its cycles and those of notifications. All of it happens
 * within the table's turn.
 */

import type { Events } from '../model/events.js';
import { type DeadLetter, type OutgoingRecord, readyOf, type Tombstone } from '../model/row.js';
import type { TableState } from '../model/state.js';
import type { Batch, KnownVersions, NewVersion } from './batch.js';
import type { TableSink, TableSource, TableWork } from './source.js';
import { isStateDue } from './state-writes.js';
import { twinKey } from './twins.js';

const NONE: ReadonlySet<string> = new Set();

/** A batch in which nothing is new. */
export const NOTHING: Batch = {
  versions: [],
  letters: [],
  twins: [],
  met: NONE,
  unchanged: [],
  returned: [],
  leftovers: new Map(),
};

/**
 * What a commit holds. `versions` are those that could be encoded: of the others the topic still has what it
 * had.
 */
export interface Encoded {
  readonly records: readonly OutgoingRecord[];
  readonly versions: readonly NewVersion[];
  readonly letters: number;
  readonly deletes: number;
}

/** The records of a batch and of tombstones; `freed` are keys of dead letters whose rows are gone. */
export function encode(
  sink: TableSink,
  batch: Batch,
  gone: readonly Tombstone[],
  freed: readonly string[] = [],
): Encoded {
  const records: OutgoingRecord[] = [];
  const versions: NewVersion[] = [];
  const letters: DeadLetter[] = [...batch.letters, ...batch.twins];
  for (const version of batch.versions) {
    const { row, raw } = version;
    const encoded = sink.encode(row);
    if ('records' in encoded) {
      records.push(...encoded.records);
      versions.push(version);
    } else {
      const { key, fetchedAt } = row;
      letters.push({ key, reason: encoded.reason, raw: readyOf(raw)?.redacted() ?? raw, fetchedAt });
    }
  }
  for (const change of gone) {
    const encoded = sink.encode(change);
    if ('records' in encoded) records.push(...encoded.records);
  }
  records.push(
    ...sink.removeDeadLetters([
      ...batch.unchanged.map(({ key }) => key),
      ...freed,
      ...twinsIn(sink, versions),
    ]),
  );
  const deadLetters = letters.flatMap((letter) => sink.toDeadLetter(letter) ?? []);
  records.push(...deadLetters);
  return { records, versions, letters: deadLetters.length, deletes: gone.length };
}

/** The keys of the dead letters that these versions have if they were held back before. */
function twinsIn(sink: TableSink, versions: readonly NewVersion[]): string[] {
  const [any] = sink.deadLetterKeys();
  return any === undefined ? [] : versions.map(({ row }) => twinKey(row.key, row.hash));
}

/** Keeps in mind what is about to be published; `publishedAfter` in epoch milliseconds. */
export function remember(
  { source, memory: { published } }: TableWork,
  { versions, unchanged }: Pick<Batch, 'versions' | 'unchanged'>,
  gone: readonly Tombstone[],
  publishedAfter: number,
): void {
  for (const { row, versionTime } of versions) {
    published.set(row.key, { hash: row.hash, updatedAt: row.updatedAt, versionTime, publishedAfter });
  }
  // What was read again can be read once more for as long as its time says now, not when it was published.
  for (const { key, versionTime } of unchanged) published.moveTo(key, versionTime);
  for (const { key, fetchedAt } of gone) {
    // A list may show a row for a while after its end. Where rows can't be asked for by ID, the list is all
    // there is.
    if (remembersDeletes(source)) published.rememberDeleted(key, fetchedAt);
    else published.delete(key);
  }
}

/** How long a deleted row of a table that is read whole is remembered: lists may show it for as long. */
export const DELETES_KEPT_MS = 24 * 3_600_000;

/** Whether a deleted row is remembered, so that a reading that still shows it does not bring it back. */
export function remembersDeletes({
  reads,
  find,
}: Pick<TableSource, 'reads'> & { readonly find?: TableSource['find'] | undefined }): boolean {
  return reads === 'searched' || find !== undefined;
}

/**
 * The tombstones of rows (or of the children of rows) that are gone: of those that stand in the topic, as far
 * as memory or `found` knows.
 */
export async function tombstonesOf(
  work: TableWork,
  ids: readonly string[],
  found: KnownVersions,
): Promise<Tombstone[]> {
  const { source, sink, memory } = work;
  const keys = ids.length === 0 ? [] : await sink.keysOf(ids);
  const fetchedAt = Date.now();
  const isThere = (key: string) => {
    const known = memory.published.get(key) ?? found.get(key);
    // Children were found in the topic, and a list, a walk and a notification find the same.
    return known === undefined ? source.isChild === true : known.gone !== true;
  };
  return keys.filter(isThere).map((key) => ({ op: 'delete', key, fetchedAt }));
}

/**
 * The table's state behind a commit; how its cycle stands is not touched. `bookmark` is what the commit makes
 * safe, or null.
 */
export function advance(
  { source, settings, memory: { state, published } }: TableWork,
  batch: Batch,
  { versions, letters, deletes }: Encoded,
  bookmark: number | null = null,
): TableState {
  const searched = source.reads === 'searched';
  const reached = latest(state.bookmark, bookmark);
  if (searched && reached !== null && reached !== state.bookmark)
    published.forgetBefore(reached - settings.lookback);
  const unknown = [...batch.leftovers.values()].reduce((sum, count) => sum + count, 0);
  return {
    ...state,
    bookmark: reached,
    restoreFrom: searched ? published.restoreFrom() : null,
    records: state.records + versions.length,
    deletes: state.deletes + deletes,
    deadLetters: state.deadLetters + letters,
    unknownFields: state.unknownFields + unknown,
    updatedAt: new Date().toISOString(),
  };
}

/**
 * Publishes records and state, or nothing. The state counts from the call on: what is published next builds
 * on it, since a commit that fails ends the session. A state that says no more than that another cycle is
 * over is kept in memory until it is due.
 */
export async function publish(
  work: TableWork,
  events: Events,
  records: readonly OutgoingRecord[],
  state: TableState,
): Promise<void> {
  const { memory } = work;
  memory.state = state;
  if (records.length > 0 || isStateDue(memory.written, state, Date.now())) await write(work, events, records);
}

/**
 * Publishes the state of a table at the end of its session, where Kafka holds an older one; to be called
 * within the table's turn.
 */
export async function publishLastState(work: TableWork, events: Events): Promise<void> {
  const { state, written } = work.memory;
  if (written.state !== null && written.state !== state) await write(work, events, []);
}

async function write(
  { source, sink, settings, memory }: TableWork,
  events: Events,
  records: readonly OutgoingRecord[],
): Promise<void> {
  const startedAt = performance.now();
  const { state } = memory;
  memory.written = { state, at: Date.now() };
  await sink.commit(records, state);
  const bytes = records.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
  const ms = performance.now() - startedAt;
  const at = { connection: settings.connection, table: source.name };
  events.emit('transaction:committed', { ...at, records: records.length, bytes, ms });
}

/** A bookmark never moves back. */
function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
