/**
 * Fetches records from the leader of some partitions.
 *
 * An instance restores its state from the topics before it starts, and commands read topics too. Such a
 * reading must not join a group, wait for a rebalance or leave committed offsets behind, and it must know
 * when it has reached the end. Kafkajs has no public API for that, so this module sends the fetch requests
 * over kafkajs's connections itself.
 */

import type { Brokers } from './brokers.js';
import { type Isolation, isolationLevel } from './leaders.js';
import {
  Decoder,
  decodeBatch,
  encodeFetch,
  errorOfCode,
  exchange,
  type FetchedRecord,
  failOnCode,
  type WireDecoder,
} from './wire.js';

/** The position from which one partition is fetched, and the expected leader. */
export interface FetchPosition {
  readonly offset: number;
  readonly epoch: number;
}

/**
 * The result of one fetch for one partition: the records that the isolation level shows, and the position to
 * continue from.
 */
export interface FetchedPartition {
  readonly partition: number;
  readonly records: readonly FetchedRecord[];
  /** The offset behind the last record that was read. */
  readonly next: number;
  /**
   * The high watermark: the offset behind all written records, committed or not, as far as this leader knows.
   * It may lag right after an election.
   */
  readonly written: number;
  /** The last stable offset: the first open transaction begins at or behind it. */
  readonly stable: number;
}

/** A partition that could not be fetched. */
export interface FailedPartition {
  readonly partition: number;
  readonly error: Error;
}

export interface FetchRequest {
  readonly topic: string;
  /** The leader. */
  readonly node: number;
  readonly positions: ReadonlyMap<number, FetchPosition>;
  readonly isolation: Isolation;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

/**
 * Fetches from the given positions of one topic's partitions, all led by one broker. Waits up to `maxWaitMs`
 * for data.
 */
export async function fetchFrom(
  brokers: Brokers,
  at: FetchRequest,
): Promise<(FetchedPartition | FailedPartition)[]> {
  const { topic, node, positions, isolation, maxBytes, maxWaitMs } = at;
  const partitions = [...positions].map(([partition, { offset, epoch }]) => ({
    partition,
    currentLeaderEpoch: epoch,
    fetchOffset: String(offset),
    maxBytes,
  }));
  const request = encodeFetch({
    replicaId: -1,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes,
    isolationLevel: isolationLevel(isolation),
    topics: [{ topic, partitions }],
  });
  return brokers.send(
    node,
    exchange(request, (raw) => decodeFetch(raw, positions)),
  );
}

/** Decodes a fetch response, version 11. */
async function decodeFetch(
  raw: Buffer,
  positions: FetchRequest['positions'],
): Promise<(FetchedPartition | FailedPartition)[]> {
  const decoder = new Decoder(raw);
  decoder.readInt32(); // throttle time
  failOnCode(decoder.readInt16());
  decoder.readInt32(); // session
  const topics = await decoder.readArrayAsync(async (topic) => {
    topic.readString();
    return topic.readArrayAsync((partition) => decodePartition(partition, positions));
  });
  return topics.flat();
}

async function decodePartition(
  decoder: WireDecoder,
  positions: FetchRequest['positions'],
): Promise<FetchedPartition | FailedPartition> {
  const partition = decoder.readInt32();
  const error = errorOfCode(decoder.readInt16());
  const written = Number(decoder.readInt64().toString());
  const stable = Number(decoder.readInt64().toString());
  decoder.readInt64(); // log start
  const aborted = decoder.readArray((each) => ({
    producerId: each.readInt64().toString(),
    firstOffset: Number(each.readInt64().toString()),
  }));
  decoder.readInt32(); // preferred replica
  const size = decoder.readInt32();
  const bytes = size > 0 ? decoder.readBytes(size) : null;
  if (error !== null) return { partition, error };
  const position = positions.get(partition)?.offset ?? 0;
  if (bytes === null) return { partition, written, stable, records: [], next: position };
  return { partition, written, stable, ...(await decodeBatches(bytes, position, aborted)) };
}

/**
 * The records from `position` on without those of aborted transactions. The position moves by batches, not by
 * records: compaction leaves empty batches, and a reader that waits for a record would wait there for ever.
 */
async function decodeBatches(
  bytes: Buffer,
  position: number,
  aborted: { producerId: string; firstOffset: number }[],
): Promise<{ records: FetchedRecord[]; next: number }> {
  const ahead = aborted.sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<string>();
  const records: FetchedRecord[] = [];
  const decoder = new Decoder(bytes);
  let next = position;
  let at = 0;
  while (isWholeBatchAt(bytes, at)) {
    const batch = await decodeBatch(decoder);
    at += 12 + bytes.readInt32BE(at + 8);
    const lastOffset = Number(batch.firstOffset) + batch.lastOffsetDelta;
    while (ahead[0] !== undefined && ahead[0].firstOffset <= lastOffset)
      aborting.add(ahead.shift()?.producerId ?? '');
    next = Math.max(next, lastOffset + 1);
    if (batch.isControlBatch) aborting.delete(batch.producerId);
    else if (!(batch.inTransaction && aborting.has(batch.producerId))) {
      for (const record of batch.records) if (Number(record.offset) >= position) records.push(record);
    }
  }
  return { records, next };
}

/** A response is cut at its byte limit, in the middle of a batch. */
function isWholeBatchAt(bytes: Buffer, at: number): boolean {
  return bytes.length >= at + 12 && bytes.length >= at + 12 + bytes.readInt32BE(at + 8);
}
