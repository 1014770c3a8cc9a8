/**
 * Moves the keys of a topic whose partitions were added to.
 *
 * A key may have its version in another partition than the one that it belongs to now. The move writes a
 * tombstone to the old partition, and the version to the new one unless that has a newer version. Both are in
 * one transaction. Keys that were moved before are skipped, so the next move completes one that was killed.
 */

import { partitionOf } from '../kafka/partitioner.js';
import type { TopicReader, TopicRecord } from '../kafka/reader.js';
import { recordBytes, type Writer } from '../kafka/writer.js';
import type { OutgoingRecord } from '../model/row.js';

export interface KeyMove {
  readonly topic: string;
  /** How many partitions the topic has now. */
  readonly partitions: number;
  /** Whether this publisher wrote a record. */
  readonly isOwn: (record: TopicRecord) => boolean;
  readonly signal: AbortSignal;
}

/** A header of the tombstone in the old partition: the partition where the key continues. */
const MOVED_TO = 'moved_to';
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_RECORDS = 2_000;

/**
 * A key's records in other partitions than its own: by partition, the last record there that is no tombstone.
 */
type Places = Map<number, { readonly offset: number; readonly timestamp: number }>;

/**
 * Returns how many keys got a tombstone in an old partition. Throws what reader and writer throw; keys that
 * were committed before that stay moved.
 */
export async function moveKeys(reader: TopicReader, writer: Writer, move: KeyMove): Promise<number> {
  const misplaced = await findMisplaced(reader, move);
  let ended = 0;
  let waiting: OutgoingRecord[] = [];
  let bytes = 0;
  const commit = async () => {
    await writer.commit(waiting);
    waiting = [];
    bytes = 0;
  };
  if (misplaced.size === 0) return 0;
  for await (const records of reader.read(move.topic, { from: 'earliest', signal: move.signal })) {
    for (const record of records) {
      const moved = movedRecords(record, misplaced, move);
      if (moved.length === 0) continue;
      ended += 1;
      waiting.push(...moved);
      bytes += moved.reduce((sum, each) => sum + recordBytes(each), 0);
      if (bytes >= MAX_BYTES || waiting.length >= MAX_RECORDS) await commit();
    }
  }
  await commit();
  return ended;
}

/**
 * By key, its records in other partitions. `hasHome`: its own partition has a record or a tombstone of it
 * too.
 */
async function findMisplaced(
  reader: TopicReader,
  { topic, partitions, isOwn, signal }: KeyMove,
): Promise<Map<string, { readonly places: Places; readonly hasHome: boolean }>> {
  const away = new Map<string, Places>();
  const home = new Set<string>();
  for await (const records of reader.read(topic, { from: 'earliest', signal })) {
    for (const record of records) {
      const { key, partition, offset, timestamp, value } = record;
      if (key === null || !isOwn(record)) continue;
      const name = key.toString('latin1');
      if (partitionOf(key, partitions) === partition) {
        home.add(name);
        continue;
      }
      const places: Places = away.get(name) ?? new Map();
      if (value === null) places.delete(partition);
      else places.set(partition, { offset, timestamp });
      if (places.size === 0) away.delete(name);
      else away.set(name, places);
    }
  }
  return new Map([...away].map(([name, places]) => [name, { places, hasHome: home.has(name) }]));
}

/**
 * The tombstone for this record's partition, and the version for the key's own partition. The version is left
 * out when the own partition has a record of the key, or another old partition has a newer one. Empty when
 * this record is not the key's last one in its partition.
 */
function movedRecords(
  record: TopicRecord,
  misplaced: Awaited<ReturnType<typeof findMisplaced>>,
  { topic, partitions }: KeyMove,
): OutgoingRecord[] {
  const { key, value, partition, offset } = record;
  const known = key === null ? undefined : misplaced.get(key.toString('latin1'));
  if (key === null || known === undefined || known.places.get(partition)?.offset !== offset) return [];
  const target = partitionOf(key, partitions);
  const headers = headersOf(record);
  const end = {
    topic,
    key,
    value: null,
    partition,
    headers: {
      ...withoutRow(headers),
      op: 'delete',
      fetched_at: String(Date.now()),
      [MOVED_TO]: String(target),
    },
  };
  if (known.hasHome || newestPlace(known.places) !== partition) return [end];
  return [end, { topic, key, value, partition: target, headers }];
}

/** Of several old partitions, the one that has the version published last. */
function newestPlace(places: Places): number | undefined {
  return [...places].sort(([, a], [, b]) => b.timestamp - a.timestamp)[0]?.[0];
}

/** The headers of a row that its tombstone has too. */
function withoutRow({ connection, table }: Readonly<Record<string, string>>): Record<string, string> {
  return { ...(connection === undefined ? {} : { connection }), ...(table === undefined ? {} : { table }) };
}

function headersOf({ headers }: TopicRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(Array.isArray(value) ? value[0] : value)]),
  );
}
