/**
 * Publishes each row of a table once more, as its newest version in the topic: for a sink that lost its table.
 *
 * The rows come from the topic itself, and not from the API: the topic has what consumers must have, each record
 * with its key, value and headers, and needs no request. Which rows are done is in the topic too. A row whose
 * newest record lies behind the ends that the topic had when the resync began was published since, by a poll or
 * by this; all others are published here. So each row is published once more exactly once, whatever is killed
 * in between: a transaction brings the record behind the ends, or nothing.
 *
 * The log is read in parts, each twice: first on to the end of the log, to find the keys whose newest record is
 * in the part, then the part again for the records. Keys that are published meanwhile are left out.
 */

import { PublisherError } from '../model/errors.js';
import type { OutgoingRecord } from '../model/row.js';
import type { LoggedRow, Offsets, RowLog } from './row-log.js';
import type { KeyWatch } from './table-ledger.js';

/** Keys of a part, at most: some twenty megabytes. */
const MAX_KEYS = 200_000;
/** What is published in one transaction, beside what else is waiting: little, so that no poll waits long. */
const MAX_BATCH_ROWS = 500;
const MAX_BATCH_BYTES = 1_000_000;

/** The version that the topic has last of a key. */
export interface LoggedVersion {
  readonly key: string;
  readonly record: OutgoingRecord;
}

export interface Republication {
  readonly log: RowLog;
  /** By partition: rows whose newest record is not behind this are published. */
  readonly ends: readonly number[];
  /** Where an earlier one has stopped. */
  readonly from: Offsets;
  /** Epoch seconds: rows with an earlier time are left out; null: none. */
  readonly since: number | null;
  readonly signal: AbortSignal;
  /** Keys whose offsets are in memory at once; left out: 200,000. */
  readonly maxKeys?: number;
  watch(): Promise<KeyWatch>;
  /** Publishes versions without the keys in `newer`; everything up to `reached` is published then. */
  publish(versions: readonly LoggedVersion[], newer: ReadonlySet<string>, reached: Offsets): Promise<void>;
}

/** A part of the log: the keys whose newest record is in it, with the offset of that, and where it ends. */
interface Part {
  readonly newest: Map<string, number>;
  readonly to: Offsets;
}

/** Throws `stopped` when the signal aborts, and what `publish` throws. */
export async function republish(of: Republication): Promise<void> {
  for (let from = of.from; !isAtEnd(from, of.ends); ) {
    const watch = await of.watch();
    try {
      const part = await findPart(of, from);
      await publishPart(of, from, part, watch);
      from = part.to;
    } finally {
      watch.end();
    }
  }
}

function isAtEnd(from: Offsets, ends: readonly number[]): boolean {
  return ends.every((end, partition) => (from[partition] ?? 0) >= end);
}

async function findPart(
  { log, ends, signal, maxKeys = MAX_KEYS }: Republication,
  from: Offsets,
): Promise<Part> {
  const newest = new Map<string, number>();
  const to = [...from];
  let isFull = false;
  for await (const rows of log.read(from, { isTimed: false, signal })) {
    for (const { key, partition, offset } of rows) {
      newest.delete(key);
      if (isFull || offset >= (ends[partition] ?? 0)) continue;
      newest.set(key, offset);
      to[partition] = offset + 1;
      isFull = newest.size >= maxKeys;
    }
  }
  return { newest, to: isFull ? to : ends };
}

async function publishPart(
  of: Republication,
  from: Offsets,
  { newest, to }: Part,
  watch: KeyWatch,
): Promise<void> {
  const { log, since, signal } = of;
  const reached = [...from];
  let batch: LoggedVersion[] = [];
  let bytes = 0;
  const publish = async (up: Offsets) => {
    if (signal.aborted) throw new PublisherError('stopped', 'stopped while republishing');
    await of.publish(batch, watch.keys, up);
    batch = [];
    bytes = 0;
  };
  for await (const rows of newest.size === 0 ? [] : log.read(from, { isTimed: since !== null, signal })) {
    for (const row of rows) {
      const { key, partition, offset } = row;
      if (newest.get(key) !== offset) continue;
      newest.delete(key);
      reached[partition] = offset + 1;
      const record = isWanted(row, since) ? row.again() : null;
      if (record === null) continue;
      batch.push({ key, record });
      bytes += record.value?.length ?? 0;
      if (batch.length >= MAX_BATCH_ROWS || bytes >= MAX_BATCH_BYTES) await publish([...reached]);
    }
    if (newest.size === 0) break;
  }
  await publish(to);
}

function isWanted(row: LoggedRow, since: number | null): boolean {
  if (since === null) return true;
  const time = row.versionTime();
  return time === null || time >= since;
}
