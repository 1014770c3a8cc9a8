/** Reads topics from a point to their end, or follows them, as a `read_committed` consumer sees them. */

import type { Kafka } from 'kafkajs';
import { PublisherError } from '../model/errors.js';
import { kafkaFailure } from './client.js';
import { type Cluster, type FetchedRecord, fetchFrom, openCluster } from './fetch.js';

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
  readonly signal?: AbortSignal;
}

/** Compressed, and all of a reply is unpacked at once: more would be no faster, and take memory. */
const MAX_BYTES = 2 * 1024 * 1024;
const WAIT_MS = 100;
const FOLLOW_WAIT_MS = 500;
/** A leader that moves is found again within this many tries, a quarter of a second apart. */
const MAX_FAILURES = 120;

export class TopicReader {
  readonly #cluster: Cluster;
  #connected: Promise<void> | null = null;

  constructor(kafka: Kafka) {
    this.#cluster = openCluster(kafka);
  }

  /** Batches of committed records, in offset order within each partition. */
  async *read(topic: string, options: ReadOptions): AsyncGenerator<readonly TopicRecord[]> {
    const until = options.until ?? 'written';
    const positions = await this.#starts(topic, options.from);
    const ends = new Map<number, number>();
    let failures = 0;
    let waitMs = 0;
    for (;;) {
      const open = unfinished(positions, ends);
      if (open.size === 0 || options.signal?.aborted === true) return;
      try {
        const fetched = await this.#fetch(topic, open, waitMs);
        failures = 0;
        waitMs = until === 'never' ? FOLLOW_WAIT_MS : WAIT_MS;
        for (const { partition, next, records, ...at } of fetched) {
          if (until !== 'never' && !ends.has(partition)) ends.set(partition, at[until]);
          positions.set(partition, next);
          if (records.length > 0) yield records.map((record) => asTopicRecord(topic, partition, record));
        }
      } catch (error) {
        failures += 1;
        if (!mayPass(error) || failures > MAX_FAILURES) throw kafkaFailure(error, `reading ${topic}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
        await this.#cluster.refreshMetadata().catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect();
  }

  /** The position of each partition at which the reading starts. */
  async #starts(topic: string, from: ReadFrom): Promise<Map<number, number>> {
    try {
      this.#connected ??= this.#cluster.connect();
      await this.#connected;
      await this.#cluster.addMultipleTargetTopics([topic]);
      if (from === 'earliest') return await this.#offsets(topic, { fromBeginning: true });
      const ends = await this.#offsets(topic, { fromBeginning: false });
      const starts = await this.#offsets(topic, { fromTimestamp: from });
      // Where no record is that young, what is still to come will be.
      return new Map([...starts].map(([id, at]) => [id, at < 0 ? (ends.get(id) ?? 0) : at]));
    } catch (error) {
      throw kafkaFailure(error, `looking into ${topic}`);
    }
  }

  async #offsets(
    topic: string,
    at: { fromBeginning: boolean } | { fromTimestamp: number },
  ): Promise<Map<number, number>> {
    const partitions = this.#cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => ({ partition: partitionId }));
    const [found] = await this.#cluster.fetchTopicsOffset([{ topic, partitions, ...at }]);
    return new Map((found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
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
