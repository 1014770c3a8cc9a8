/**
 * The one write path: everything that belongs together goes to Kafka in one transaction.
 *
 * A writer belongs to one connection, by its transactional id. Opening it fences whoever wrote for the connection before: their
 * next commit fails, and what they had not committed is gone. After a failure the outcome of the last commit may be unknown,
 * so the writer is broken for good; the owner opens a new one and reads back from the topics where it stands.
 */

import kafkajs, { type CompressionTypes, type IHeaders, type Kafka, type Producer } from 'kafkajs';
import type { PublisherError } from '../model/errors.js';
import type { OutgoingRecord } from '../model/row.js';
import { kafkaFailure } from './client.js';

export interface WriterOptions {
  readonly transactionalId: string;
  readonly compression: CompressionTypes;
  /** The largest batch that every topic takes; left out: what topics take by default. */
  readonly maxBatchBytes?: number;
}

/** A send becomes one batch per partition, which kafkajs does not split: it stays below this, and below what every topic takes. */
const MAX_SEND_BYTES = 800_000;
/** What a batch adds to its records, with room to spare. */
const BATCH_OVERHEAD_BYTES = 1_024;
/** Readers of committed records wait for open transactions: a hung one is aborted by the broker after this. */
const TRANSACTION_TIMEOUT_MS = 30_000;
/** Batch and record overhead beside key and value. */
const RECORD_OVERHEAD_BYTES = 200;

export class Writer {
  readonly #producer: Producer;
  readonly #compression: CompressionTypes;
  readonly #maxSendBytes: number;
  #broken: PublisherError | null = null;
  #queue: Promise<void> = Promise.resolve();

  private constructor(
    producer: Producer,
    { compression, maxBatchBytes = Number.POSITIVE_INFINITY }: WriterOptions,
  ) {
    this.#producer = producer;
    this.#compression = compression;
    this.#maxSendBytes = Math.min(MAX_SEND_BYTES, maxBatchBytes - BATCH_OVERHEAD_BYTES);
  }

  /** Connects and fences. Throws `kafka-unreachable`. */
  static async open(kafka: Kafka, options: WriterOptions): Promise<Writer> {
    const producer = kafka.producer({
      transactionalId: options.transactionalId,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    try {
      await producer.connect();
      // An empty transaction initialises the id without writing anything.
      await (await producer.transaction()).abort();
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw kafkaFailure(error, 'taking over the connection');
    }
    return new Writer(producer, options);
  }

  /**
   * Publishes all records or none. Commits of several tables are taken one after another; records of one key must be given in
   * their order. Throws `fenced` when another instance has taken over; after any error the writer is of no more use.
   */
  commit(records: readonly OutgoingRecord[]): Promise<void> {
    const turn = this.#queue.then(() => this.#commit(records));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Waits for the commit under way and disconnects. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#producer.disconnect();
  }

  async #commit(records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (records.length === 0) return;
    try {
      const transaction = await this.#producer.transaction();
      for (const send of splitBySize(records, this.#maxSendBytes)) {
        await transaction.sendBatch({
          topicMessages: byTopic(send),
          compression: this.#compression,
          acks: -1,
        });
      }
      await transaction.commit();
    } catch (error) {
      this.#broken = kafkaFailure(error, 'committing a transaction');
      throw this.#broken;
    }
  }
}

/** Approximate size of a record in a batch, in bytes. */
export function recordBytes(record: OutgoingRecord): number {
  return record.key.length + (record.value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
}

/** Consecutive runs of records whose sizes sum up to `maxBytes` at most; a record that is larger stands alone. */
export function splitBySize(records: readonly OutgoingRecord[], maxBytes: number): OutgoingRecord[][] {
  const runs: OutgoingRecord[][] = [];
  let room = 0;
  for (const record of records) {
    const bytes = recordBytes(record);
    const run = runs.at(-1);
    if (run === undefined || bytes > room) {
      runs.push([record]);
      room = maxBytes - bytes;
    } else {
      run.push(record);
      room -= bytes;
    }
  }
  return runs;
}

function byTopic(records: readonly OutgoingRecord[]) {
  const topics = new Map<string, { key: Buffer; value: Buffer | null; headers: IHeaders }[]>();
  for (const { topic, key, value, headers } of records) {
    const messages = topics.get(topic) ?? [];
    messages.push({ key, value, headers: headers ?? {} });
    topics.set(topic, messages);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
