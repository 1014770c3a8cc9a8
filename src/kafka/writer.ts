/**
 * The one write path: everything that belongs together goes to Kafka in one transaction.
 *
 * A writer belongs to one connection, by its transactional id. Opening it fences whoever wrote for the connection before: their
 * next commit fails, and what they had not committed is gone. After a failure the outcome of the last commit may be unknown,
 * so the writer is broken for good; the owner opens a new one and reads back from the topics where it stands.
 */

import type { CompressionTypes, Kafka, Message, Producer } from 'kafkajs';
import type { PublisherError } from '../model/errors.js';
import type { OutgoingRecord } from '../model/row.js';
import { kafkaFailure } from './client.js';
import { partitionerOf, partitionOf } from './partitioner.js';

export interface WriterOptions {
  readonly transactionalId: string;
  readonly compression: CompressionTypes;
  /** The largest batch that every topic takes; left out: what topics take by default. */
  readonly maxBatchBytes?: number;
  /** How many partitions topics have; one that is left out counts as one. */
  readonly partitions?: ReadonlyMap<string, number>;
}

/** The offsets behind the last record of each partition that was written to, by topic. */
export type EndOffsets = ReadonlyMap<string, ReadonlyMap<number, number>>;

const NO_OFFSETS: EndOffsets = new Map();

/** A send becomes one batch per partition, which kafkajs does not split: each stays below this, and below what every topic takes. */
const MAX_BATCH_BYTES = 800_000;
/** Readers of committed records wait for the end of a transaction, and all of it is in memory. */
const MAX_TRANSACTION_BYTES = 8 * 1024 * 1024;
/** What a batch adds to its records, with room to spare. */
const BATCH_OVERHEAD_BYTES = 1_024;
/** Readers of committed records wait for open transactions: a hung one is aborted by the broker after this. */
const TRANSACTION_TIMEOUT_MS = 30_000;
/** Batch and record overhead beside key and value. */
const RECORD_OVERHEAD_BYTES = 200;

export class Writer {
  readonly #producer: Producer;
  readonly #compression: CompressionTypes;
  readonly #maxBatchBytes: number;
  readonly #partitions: ReadonlyMap<string, number>;
  #broken: PublisherError | null = null;
  #waiting: Commit[] = [];
  #work: Promise<void> | null = null;

  private constructor(
    producer: Producer,
    { compression, maxBatchBytes = Number.POSITIVE_INFINITY, partitions = new Map() }: WriterOptions,
  ) {
    this.#producer = producer;
    this.#compression = compression;
    this.#maxBatchBytes = Math.min(MAX_BATCH_BYTES, maxBatchBytes - BATCH_OVERHEAD_BYTES);
    this.#partitions = partitions;
  }

  /** Connects and fences. Throws `kafka-unreachable`. */
  static async open(kafka: Kafka, options: WriterOptions): Promise<Writer> {
    const producer = kafka.producer({
      transactionalId: options.transactionalId,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: partitionerOf(options.partitions ?? new Map()),
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
   * Publishes all records or none. What is handed over while a transaction is under way goes together into the next one, in the order in which
   * it came; records of one key must be given in their order. Throws `fenced` when another instance has taken over; after any
   * error the writer is of no more use.
   */
  commit(records: readonly OutgoingRecord[]): Promise<EndOffsets> {
    const done = new Promise<EndOffsets>((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
    });
    this.#work ??= this.#workOff();
    return done;
  }

  /** Waits for the commits under way and disconnects. */
  async close(): Promise<void> {
    await this.#work;
    await this.#producer.disconnect();
  }

  async #workOff(): Promise<void> {
    // Who hands something over in this very moment belongs into the first transaction.
    await null;
    while (this.#waiting.length > 0) {
      const commits = this.#waiting.splice(0, fitting(this.#waiting, MAX_TRANSACTION_BYTES));
      try {
        await this.#commit(commits.flatMap(({ records }) => records));
        for (const { resolve } of commits) resolve(NO_OFFSETS);
      } catch (error) {
        for (const { reject } of commits) reject(error);
      }
    }
    this.#work = null;
  }

  async #commit(records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (records.length === 0) return;
    try {
      const transaction = await this.#producer.transaction();
      for (const send of splitBySize(records, this.#maxBatchBytes, (each) => this.#partitionOf(each))) {
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

  #partitionOf({ topic, key, partition }: OutgoingRecord): number {
    return partition ?? partitionOf(key, this.#partitions.get(topic) ?? 1);
  }
}

/** Records that belong together, and who waits for them. */
interface Commit {
  readonly records: readonly OutgoingRecord[];
  resolve(ends: EndOffsets): void;
  reject(error: unknown): void;
}

/** How many of the commits fit into one transaction: one at least. */
function fitting(commits: readonly Commit[], maxBytes: number): number {
  let room = maxBytes;
  let count = 0;
  for (const { records } of commits) {
    room -= records.reduce((sum, record) => sum + recordBytes(record), 0);
    if (room < 0 && count > 0) break;
    count += 1;
  }
  return count;
}

/** Approximate size of a record in a batch, in bytes. */
export function recordBytes(record: OutgoingRecord): number {
  return record.key.length + (record.value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
}

/**
 * Consecutive runs of records. Those of a run that go into the same batch, which is one partition of one topic, sum up to `maxBytes` at most; a
 * record that is larger has its batch for itself.
 */
export function splitBySize(
  records: readonly OutgoingRecord[],
  maxBytes: number,
  partitionFor: (record: OutgoingRecord) => number = () => 0,
): OutgoingRecord[][] {
  const runs: OutgoingRecord[][] = [];
  /** Bytes of the run's batches: a list with one for each partition, by topic. */
  const batches = new Map<string, number[]>();
  let run: OutgoingRecord[] = [];
  for (const record of records) {
    const bytes = recordBytes(record);
    const partition = partitionFor(record);
    const before = batches.get(record.topic)?.[partition] ?? 0;
    if (run.length === 0 || (before > 0 && before + bytes > maxBytes)) {
      run = [];
      runs.push(run);
      batches.clear();
    }
    run.push(record);
    addTo(batches, record.topic, partition, bytes);
  }
  return runs;
}

function addTo(batches: Map<string, number[]>, topic: string, partition: number, bytes: number): void {
  const sizes = batches.get(topic) ?? [];
  sizes[partition] = (sizes[partition] ?? 0) + bytes;
  batches.set(topic, sizes);
}

function byTopic(records: readonly OutgoingRecord[]) {
  const topics = new Map<string, Message[]>();
  for (const { topic, key, value, headers, partition } of records) {
    const messages = topics.get(topic) ?? [];
    messages.push({ key, value, headers: headers ?? {}, ...(partition === undefined ? {} : { partition }) });
    topics.set(topic, messages);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
