/**
 * Publishes what notifications tell of, between the pages of the table's cycles: what was fetched by ID goes the way of every other row, so
 * that a notification that comes late, twice or in the wrong order publishes nothing that is not new.
 */

import type { Events } from '../model/events.js';
import type { RawRow } from '../model/row.js';
import { sortOut } from './batch.js';
import { advance, encode, publish, remember, tombstonesOf } from './commit.js';
import type { TableWork } from './source.js';

/** What became of the things that a table was told of. */
export interface Fetched {
  readonly rows: readonly RawRow[];
  /** IDs of what is gone. */
  readonly gone: readonly string[];
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

const NEVER = () => false;

/** `hintedAt`: broker's time (epoch milliseconds) up to which the notifications of this table are worked off then; null: that is not known. */
export async function publishHinted(
  work: TableWork,
  events: Events,
  { rows, gone, fetchedAt }: Fetched,
  hintedAt: number | null,
): Promise<void> {
  const { source, sink, settings, memory } = work;
  await memory.turns.take(async () => {
    const page = {
      rows: rows.filter((row) => mayBeNew(work, row)),
      total: null,
      newest: null,
      last: false,
      fetchedAt,
    };
    const sort = () => sortOut(page, source, memory.published, settings.startDate, NEVER);
    let batch = sort();
    if (await source.prepare(batch.versions.map(({ raw }) => raw))) batch = sort();
    const tombstones = await tombstonesOf(work, gone);
    const encoded = encode(sink, batch, tombstones);
    remember(work, { ...batch, versions: encoded.versions }, tombstones, Date.now());
    const next = advance(work, batch, encoded);
    const reached = hintedAt === null ? next.hintedAt : Math.max(hintedAt, next.hintedAt ?? 0);
    await publish(work, events, encoded.records, { ...next, hintedAt: reached });
    events.emit('hints:committed', {
      connection: settings.connection,
      table: source.name,
      records: encoded.versions.length,
      deletes: tombstones.length,
      deadLetters: encoded.letters,
      unknownFields: batch.leftovers,
    });
  });
}

/** What lies further back than the memory goes was published by a search for certain, if it is not older than everything replicated. */
function mayBeNew({ source, settings, memory }: TableWork, row: RawRow): boolean {
  const time = source.versionTime(row);
  if (source.reads === 'whole' || time === null) return true;
  if (time < settings.startDate) return false;
  const { bookmark } = memory.state;
  return bookmark === null || time >= bookmark - settings.lookback;
}
