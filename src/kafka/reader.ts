/** Reads topics from a point to their end, or follows them, as a `read_committed` consumer sees them. */

import type { Kafka } from 'kafkajs';
import { PublisherError } from '../model/errors.js';
import { kafkaFailure } from './client.js';
import { type Cluster, type FetchedRecord, fetchFrom, listOffsets, openCluster } from './fetch.js';

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Epoch milliseconds at which it was published. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: FetchedRecord['headers'];
}

/** By partition: the first offset of its log, and the one behind its last record. */
export interface LogExtent {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Where a reading starts: at the oldest record, or at the first one published at or after an epoch-millisecond time. */
export type ReadFrom = 'earliest' | number;

export interface ReadOptions {
  readonly from: ReadFrom;
  /**
   * Where it ends. `written` (the default): at what was the end when it began, waiting for transactions that are still open there;
   * without that a state that was committed behind somebody else's open transaction would be missed. `stable`: before the
   * first open transaction. `never`: it goes on with what is published next.
   */
  readonly until?: 'written' | 'stable' | 'never';
  /** What it ends throws `stopped`, so that nobody takes a part for the whole. */
  readonly signal?: AbortSignal | undefined;
}

/** Compressed, and all of a reply is unpacked at once: more would be no faster, and take memory. */
const MAX_BYTES = 2 * 1024 * 1024;
const WAIT_MS = 100;
const FOLLOW_WAIT_MS = 500;
/** A leader that moves is found again within this many tries; a topic that is there shows within fewer. */
const READ_TRIES = 120;
const LOOK_TRIES = 20;
const TRY_AGAIN_MS = 250;

export class TopicReader {
  readonly #cluster: Cluster;

  constructor(kafka: Kafka) {
    this.#cluster = openCluster(kafka);
  }

  /** Batches of committed records, in offset order within each partition. Throws `kafka-unreachable`, `kafka-error` or `stopped`. */
  async *read(
    topic: string,
    { from, until = 'written', signal }: ReadOptions,
  ): AsyncGenerator<readonly TopicRecord[]> {
    const look = { doing: `looking into ${topic}`, tries: LOOK_TRIES, signal };
    const fetch = { doing: `reading ${topic}`, tries: READ_TRIES, signal };
    const positions = await this.#patiently(look, () => this.#starts(topic, from));
    const ends = new Map<number, number>();
    let waitMs = 0;
    for (;;) {
      const open = unfinished(positions, ends);
      if (open.size === 0) return;
      const fetched = await this.#patiently(fetch, () => this.#fetch(topic, open, waitMs));
      waitMs = until === 'never' ? FOLLOW_WAIT_MS : WAIT_MS;
      for (const { partition, next, records, ...at } of fetched) {
        if (until !== 'never' && !ends.has(partition)) ends.set(partition, at[until]);
        positions.set(partition, next);
        if (records.length > 0) yield records.map((record) => asTopicRecord(topic, partition, record));
      }
    }
  }

  /** Where the log of each partition begins and ends now, also behind transactions that are open. */
  async extent(topic: string, signal?: AbortSignal): Promise<LogExtent> {
    const look = { doing: `looking into ${topic}`, tries: LOOK_TRIES, signal };
    return this.#patiently(look, async () => {
      await this.#cluster.connect();
      await this.#cluster.addMultipleTargetTopics([topic]);
      // Partitions may have been added, and the topic made anew.
      await this.#cluster.refreshMetadata();
      const leaders = this.#cluster.findTopicPartitionMetadata(topic);
      if (leaders.length === 0) throw new Error('the broker tells of no partition');
      const [starts, ends] = await Promise.all([
        listOffsets(this.#cluster, topic, leaders, 'earliest'),
        listOffsets(this.#cluster, topic, leaders, 'latest'),
      ]);
      return { starts, ends };
    });
  }

  /** How many partitions the topic has. */
  async partitions(topic: string, signal?: AbortSignal): Promise<number> {
    return (await this.extent(topic, signal)).ends.length;
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect();
  }

  /** Tries again what fails while a leader is elected or moves. */
  async #patiently<T>(
    { doing, tries, signal }: { doing: string; tries: number; signal: AbortSignal | undefined },
    work: () => Promise<T>,
  ): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      if (signal?.aborted === true) throw new PublisherError('stopped', `stopped while ${doing}`);
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error) || failures >= tries) throw kafkaFailure(error, doing);
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
        await this.#cluster.refreshMetadata().catch(() => undefined);
      }
    }
  }

  /** The position of each partition at which the reading starts. */
  async #starts(topic: string, from: ReadFrom): Promise<Map<number, number>> {
    await this.#cluster.connect();
    await this.#cluster.addMultipleTargetTopics([topic]);
    if (from === 'earliest') return this.#offsets(topic, { fromBeginning: true });
    const ends = await this.#offsets(topic, { fromBeginning: false });
    const starts = await this.#offsets(topic, { fromTimestamp: from });
    // Where no record is that young, what is still to come will be.
    return new Map([...starts].map(([id, at]) => [id, at < 0 ? (ends.get(id) ?? 0) : at]));
  }

  /** Of every partition: a topic that is not known (yet) must not be taken for an empty one. */
  async #offsets(
    topic: string,
    at: { fromBeginning: boolean } | { fromTimestamp: number },
  ): Promise<Map<number, number>> {
    const partitions = this.#cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => ({ partition: partitionId }));
    if (partitions.length === 0) throw new Error('the broker tells of no partition');
    const [found] = await this.#cluster.fetchTopicsOffset([{ topic, partitions, ...at }]);
    const offsets = new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    const missing = partitions.filter(({ partition }) => !offsets.has(partition));
    if (missing.length > 0) {
      const ids = missing.map(({ partition }) => partition).join(', ');
      throw new Error(`the broker tells no offset of partitions ${ids}`);
    }
    return offsets;
  }

  async #fetch(topic: string, positions: Map<number, number>, maxWaitMs: number) {
    const byLeader = new Map<number, Map<number, number>>();
    for (const { partitionId, leader } of this.#cluster.findTopicPartitionMetadata(topic)) {
      const position = positions.get(partitionId);
      if (position === undefined) continue;
      const led = byLeader.get(leader) ?? new Map<number, number>();
      byLeader.set(leader, led.set(partitionId, position));
    }
    const fetches = [...byLeader].map(([leader, led]) =>
      fetchFrom(this.#cluster, {
        topic,
        nodeId: String(leader),
        positions: led,
        maxBytes: MAX_BYTES,
        maxWaitMs,
      }),
    );
    return (await Promise.all(fetches)).flat();
  }
}

/** Kafkajs marks what can't get better by itself. */
function mayPass(error: unknown): boolean {
  return (
    !(error instanceof PublisherError) &&
    !(error instanceof Error && 'retriable' in error && error.retriable === false)
  );
}

/** Partitions that are not at their end; where that is shows with the first fetch. */
function unfinished(positions: Map<number, number>, ends: Map<number, number>): Map<number, number> {
  return new Map([...positions].filter(([id, at]) => at < (ends.get(id) ?? Number.POSITIVE_INFINITY)));
}

function asTopicRecord(topic: string, partition: number, record: FetchedRecord): TopicRecord {
  const { key, value, headers } = record;
  return {
    topic,
    partition,
    offset: Number(record.offset),
    timestamp: Number(record.timestamp),
    key,
    value,
    headers,
  };
}

/** A header's text, or null when it is missing. */
export function headerText(record: TopicRecord, name: string): string | null {
  const value = record.headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? null : first.toString('utf8');
}
