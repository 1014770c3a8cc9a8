/**
 * Publishes what was asked for by ID, between the pages of the table's cycles: because of a notification, or
 * because a reading left a doubt. It goes the way of every other row, so that a notification that comes late,
 * twice or in the wrong order publishes nothing that is not new.
 */

import type { Events } from '../model/events.js';
import { idOf, isNoRow, type RawRow } from '../model/row.js';
import type { Page } from '../model/table.js';
import { type KnownVersions, sortOut } from './batch.js';
import { advance, encode, publish, remember, tombstonesOf } from './commit.js';
import type { TableWork } from './source.js';
import { knownOf, withStanding } from './standing.js';

/** What became of the entities that were asked for. */
export interface Fetched {
  readonly rows: readonly RawRow[];
  /** IDs of what is gone. */
  readonly gone: readonly string[];
  /** Epoch milliseconds of the latest reply. */
  readonly fetchedAt: number;
  /** Epoch milliseconds at which a row was asked for by ID; left out where it was not. */
  readonly askedAt?: ((row: RawRow) => number) | undefined;
}

const NEVER = () => false;
const NOTHING_FOUND: KnownVersions = { get: () => undefined };

/**
 * Publishes what memory can judge, and returns the rest, for `publishBeyondMemory`. `hintedAt`: broker's time
 * (epoch milliseconds) up to which the notifications of this table are processed then; null: that is not
 * known.
 */
export async function publishHinted(
  work: TableWork,
  events: Events,
  fetched: Fetched,
  hintedAt: number | null,
): Promise<Fetched | null> {
  return work.memory.lock.run(async () => {
    const { known, beyond } = divide(work, fetched);
    await publishFetched(work, events, known, NOTHING_FOUND, hintedAt);
    return beyond;
  });
}

/** Publishes the rest: reads the topic first, which may take minutes. */
export function publishBeyondMemory(work: TableWork, events: Events, fetched: Fetched): Promise<void> {
  return withStanding(work, keysOf(work, fetched), (found) =>
    publishFetched(work, events, fetched, found, null),
  );
}

/**
 * The keys of what was fetched, as far as the topic may know them. The children of what is gone are looked
 * for in the topic in any case.
 */
export function keysOf(
  { source }: Pick<TableWork, 'source'>,
  { rows, gone }: Pick<Fetched, 'rows' | 'gone'>,
): string[] {
  return [...rows.filter((row) => !isNoRow(row)).map(idOf), ...(source.isChild ? [] : gone)];
}

/** The rows as a page of their own, without those from before the start date. */
export function pageOf({ source, settings }: TableWork, { rows, fetchedAt, askedAt }: Fetched): Page {
  const isReplicated = (row: RawRow) => (source.versionTime(row) ?? settings.startDate) >= settings.startDate;
  const replicated = source.reads === 'whole' ? rows : rows.filter(isReplicated);
  const page = { rows: replicated, total: null, newest: null, last: false, fetchedAt };
  return askedAt === undefined ? page : { ...page, askedAt };
}

/** Within the table's turn. */
async function publishFetched(
  work: TableWork,
  events: Events,
  fetched: Fetched,
  found: KnownVersions,
  hintedAt: number | null,
): Promise<void> {
  const { source, sink, settings } = work;
  const page = pageOf(work, fetched);
  const sort = () => sortOut(page, source, knownOf(work, found), settings.startDate, NEVER);
  let batch = sort();
  if (await source.prepare(batch.versions.map(({ raw }) => raw))) batch = sort();
  const tombstones = await tombstonesOf(work, fetched.gone, found);
  const encoded = encode(sink, batch, tombstones);
  remember(work, { ...batch, versions: encoded.versions }, tombstones, Date.now());
  const next = advance(work, batch, encoded);
  const reached = hintedAt === null ? next.hintedAt : Math.max(hintedAt, next.hintedAt ?? 0);
  if (encoded.records.length > 0 || reached !== next.hintedAt)
    await publish(work, events, encoded.records, { ...next, hintedAt: reached });
  events.emit('hints:committed', {
    connection: settings.connection,
    table: source.name,
    records: encoded.versions.length,
    deletes: tombstones.length,
    deadLetters: encoded.letters,
    unknownFields: batch.leftovers,
  });
}

/**
 * What memory is enough for, and what takes a look into the topic: rows that lie further back than memory
 * goes, and what is gone and unknown.
 */
function divide(
  work: TableWork,
  fetched: Fetched,
): { readonly known: Fetched; readonly beyond: Fetched | null } {
  const { source, memory } = work;
  if (source.reads === 'whole') return { known: fetched, beyond: null };
  const isKnown = (key: string) => memory.published.get(key) !== undefined;
  const { bookmark } = memory.state;
  const floor = bookmark === null ? null : bookmark - work.settings.lookback;
  const isNear = (row: RawRow) => floor === null || (source.versionTime(row) ?? floor) >= floor;
  const { rows, gone } = { rows: pageOf(work, fetched).rows, gone: fetched.gone };
  // An element that is no row has no key: it becomes a dead letter in any case.
  const near = rows.filter((row) => isNear(row) || isNoRow(row) || isKnown(idOf(row)));
  // The children of what is gone are looked for in the topic in any case.
  const knownGone = source.isChild ? gone : gone.filter(isKnown);
  const far = {
    rows: rows.filter((row) => !near.includes(row)),
    gone: gone.filter((id) => !knownGone.includes(id)),
  };
  const known = { ...fetched, rows: near, gone: knownGone };
  return { known, beyond: far.rows.length + far.gone.length === 0 ? null : { ...fetched, ...far } };
}
