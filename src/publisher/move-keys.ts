/**
 * Moves the keys of a topic whose partitions were added to.
 *
 * A key whose version stands in another partition than the one that it belongs to now is ended there with a
 * tombstone, and published in its own partition unless it has a newer version there, both in one transaction.
 * What was moved already is found so and left: a move that was killed is completed by the next one.
 */

import { partitionOf } from '../kafka/partitioner.js';
import type { TopicReader, TopicRecord } from '../kafka/reader.js';
import { recordBytes, type Writer } from '../kafka/writer.js';
import type { OutgoingRecord } from '../model/row.js';

export interface KeyMove {
  readonly topic: string;
  /** How many partitions the topic has now. */
  readonly partitions: number;
  /** Whether a record is one of this publisher's. */
  readonly isOwn: (record: TopicRecord) => boolean;
  readonly signal: AbortSignal;
}

/** A header of the tombstone in the old partition: the partition where the key continues. */
const MOVED_TO = 'moved_to';
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_RECORDS = 2_000;

/** Where a key stands beside its own partition: by partition, its last record there that is no tombstone. */
type Places = Map<number, { readonly offset: number; readonly timestamp: number }>;

/**
 * Returns how many keys were ended in old partitions. Throws what reader and writer throw; what was committed
 * before stays moved.
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
 * By key, where it stands beside its own partition; `hasHome`: it stands, or has ended, in its own one too.
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
 * The records that end the key where this record has it, and publish it in its own partition; none where this
 * record is not what counts there.
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

/** What of a row's headers a tombstone has too. */
function withoutRow({ connection, table }: Readonly<Record<string, string>>): Record<string, string> {
  return { ...(connection === undefined ? {} : { connection }), ...(table === undefined ? {} : { table }) };
}

function headersOf({ headers }: TopicRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(Array.isArray(value) ? value[0] : value)]),
  );
}
