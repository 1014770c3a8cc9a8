/** Reads topics from a point to their end, or follows them, as a `read_committed` consumer sees them. */

import type { Kafka } from 'kafkajs';
import { Events } from '../model/events.js';
import { Brokers } from './brokers.js';
import { kafkaFailure } from './client.js';
import type { Isolation } from './leaders.js';
import { findOpenTransactions, type OpenTransaction } from './open-transactions.js';
import { Reading } from './reading.js';
import { Waits } from './waits.js';
import type { FetchedRecord } from './wire.js';

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

/**
 * Where a reading starts: at the oldest record, or at the first one published at or after an
 * epoch-millisecond time.
 */
export type ReadFrom = 'earliest' | number;

/** The next offset to read of each partition. */
export type Positions = ReadonlyMap<number, number>;

export interface ReadOptions {
  /**
   * `Positions`: where an earlier reading ended; partitions that it lacks are read from their oldest record.
   */
  readonly from: ReadFrom | Positions;
  /**
   * Where it ends. `written` (the default): behind all records that were acknowledged when it began. It waits
   * for transactions that are still open there; otherwise it would miss a state that was committed behind
   * another producer's open transaction. `stable`: before the first open transaction. `never`: it continues
   * with records as they are published.
   */
  readonly until?: 'written' | 'stable' | 'never';
  /**
   * `uncommitted` is for topics without transactions. Such a reading waits for no transaction, and yields
   * records that are aborted later.
   */
  readonly isolation?: Isolation;
  /** Aborting ends the reading with `stopped`, so that the caller does not use a part as the whole. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the positions behind the last records when the reading reaches its end. */
  readonly onEnd?: (positions: Positions) => void;
}

export class TopicReader {
  readonly #brokers: Brokers;
  readonly #waits: Waits;

  /** Reports through `events` what readings wait for. */
  constructor(kafka: Kafka, events: Events = new Events()) {
    this.#brokers = new Brokers(kafka);
    this.#waits = new Waits(events);
  }

  /**
   * Batches of records, in offset order within each partition. Leaders may move meanwhile: every record that
   * was committed before the reading began is among them, once. Throws `kafka-unreachable` or `kafka-error`
   * where a partition can't be read for two minutes (one without an end keeps trying), or `stopped`.
   */
  async *read(topic: string, options: ReadOptions): AsyncGenerator<readonly TopicRecord[]> {
    const reading = new Reading({ brokers: this.#brokers, waits: this.#waits, topic, options });
    for await (const { partition, records } of reading.run())
      yield records.map((record) => asTopicRecord(topic, partition, record));
  }

  /**
   * The oldest open transaction of each partition that has one. Asks once. Throws `kafka-unreachable` or
   * `kafka-error`.
   */
  async openTransactions(topic: string): Promise<OpenTransaction[]> {
    try {
      return await findOpenTransactions(this.#brokers, topic);
    } catch (error) {
      throw kafkaFailure(error, `reading the open transactions of ${topic}`);
    }
  }

  /** Where the log of each partition begins and ends now, also behind transactions that are open. */
  extent(topic: string, signal?: AbortSignal): Promise<LogExtent> {
    const options = { from: 'earliest', isolation: 'uncommitted', signal } as const;
    return new Reading({ brokers: this.#brokers, waits: this.#waits, topic, options }).extent();
  }

  /** How many partitions the topic has. */
  async partitions(topic: string, signal?: AbortSignal): Promise<number> {
    return (await this.extent(topic, signal)).ends.length;
  }

  async close(): Promise<void> {
    await this.#brokers.close();
  }
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
