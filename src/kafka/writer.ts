/**
 * The only write path: records that belong together go to Kafka in one transaction.
 *
 * A writer belongs to one connection, by its transactional ID. Opening it fences the previous writer: that
 * writer's next commit fails, and its uncommitted records are aborted. After a failure the outcome of the
 * last commit may be unknown, so the writer can't be used any more. The owner then opens a new one and
 * restores its state from the topics.
 */

import type { CompressionTypes, Kafka } from 'kafkajs';
import type { PublisherError } from '../model/errors.js';
import type { OutgoingRecord } from '../model/row.js';
import { kafkaFailure } from './client.js';
import { acquireLinks } from './links.js';
import { partitionOf } from './partitioner.js';
import { type DelayReport, Retries } from './retries.js';
import { type EndOffsets, type PartitionBatch, TransactionalProducer } from './transaction.js';

export interface WriterOptions {
  readonly transactionalId: string;
  readonly compression: CompressionTypes;
  /** The largest batch that every topic accepts, in bytes; left out: Kafka's default. */
  readonly maxBatchBytes?: number;
  /** The number of partitions of topics; left out: as the brokers report it. */
  readonly partitions?: ReadonlyMap<string, number>;
  /** Called with a partition whose log is shorter than this writer has written it. */
  readonly onCutOff?: (topic: string, partition: number) => void;
  /** Called when a commit waits for Kafka for seconds, and when it no longer does. */
  readonly onDelay?: (report: DelayReport) => void;
}

/**
 * A batch holds the records of one send for one partition. Each batch stays below this, and below what every
 * topic accepts.
 */
const MAX_BATCH_BYTES = 800_000;
/** Readers of committed records wait for the end of a transaction, and all of it is in memory. */
const MAX_TRANSACTION_BYTES = 8 * 1024 * 1024;
/** The overhead of a batch, with a margin. */
export const BATCH_OVERHEAD_BYTES = 1_024;
/** Batch and record overhead beside key and value. */
const RECORD_OVERHEAD_BYTES = 200;
/** The header that a traced record has beside the others. */
const TRACEPARENT_BYTES = 70;
/** The caller retries opening a writer. */
const OPEN_WITHIN_MS = 20_000;
/** How long a commit in flight may still wait for Kafka when the writer is closed. */
const CLOSE_WITHIN_MS = 10_000;

export class Writer {
  readonly #producer: TransactionalProducer;
  readonly #retries: Retries;
  readonly #release: () => Promise<void>;
  readonly #maxBatchBytes: number;
  readonly #partitions: Map<string, number>;
  #broken: PublisherError | null = null;
  #waiting: Commit[] = [];
  #work: Promise<void> | null = null;

  private constructor(
    parts: { producer: TransactionalProducer; retries: Retries; release: () => Promise<void> },
    { maxBatchBytes = Number.POSITIVE_INFINITY, partitions = new Map() }: WriterOptions,
  ) {
    this.#producer = parts.producer;
    this.#retries = parts.retries;
    this.#release = parts.release;
    this.#maxBatchBytes = Math.min(MAX_BATCH_BYTES, maxBatchBytes - BATCH_OVERHEAD_BYTES);
    this.#partitions = new Map(partitions);
  }

  /** Connects and fences. Throws `kafka-unreachable`. */
  static async open(kafka: Kafka, options: WriterOptions): Promise<Writer> {
    const { links, release } = acquireLinks(kafka);
    const retries = new Retries(options.onDelay);
    try {
      const opening = new Retries(options.onDelay, OPEN_WITHIN_MS);
      const producer = await TransactionalProducer.open(links, options, opening);
      return new Writer({ producer, retries, release }, options);
    } catch (error) {
      await release();
      throw kafkaFailure(error, 'taking over the connection');
    }
  }

  /**
   * Publishes all records or none, and resolves with the offsets behind them. Records that are passed while a
   * transaction is in flight go together into the next one, in order of arrival. Records of one key must be
   * passed in their order. Throws `fenced` when another instance has taken over. After any error the writer
   * can't be used any more.
   */
  commit(records: readonly OutgoingRecord[]): Promise<EndOffsets> {
    const done = new Promise<EndOffsets>((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
    });
    this.#work ??= this.#workOff();
    return done;
  }

  /** Waits for the commits in flight, but not for long when Kafka does not answer, and disconnects. */
  async close(): Promise<void> {
    this.#retries.endIn(CLOSE_WITHIN_MS);
    await this.#work;
    await this.#release();
  }

  async #workOff(): Promise<void> {
    // Records that callers pass at the same moment belong into the first transaction.
    await null;
    while (this.#waiting.length > 0) {
      const commits = this.#waiting.splice(0, fitting(this.#waiting, MAX_TRANSACTION_BYTES));
      try {
        const ends = await this.#commit(commits.flatMap(({ records }) => records));
        for (const { resolve } of commits) resolve(ends);
      } catch (error) {
        for (const { reject } of commits) reject(error);
      }
    }
    this.#work = null;
  }

  async #commit(records: readonly OutgoingRecord[]): Promise<EndOffsets> {
    if (this.#broken !== null) throw this.#broken;
    if (records.length === 0) return new Map();
    try {
      await this.#countPartitions(records);
      const placed = records.map((record) => ({ ...record, partition: this.#partitionOf(record) }));
      const rounds = splitBySize(placed, this.#maxBatchBytes, ({ partition }) => partition).map(byPartition);
      return await this.#producer.commit(rounds, this.#retries);
    } catch (error) {
      this.#broken = kafkaFailure(error, 'committing a transaction');
      throw this.#broken;
    }
  }

  async #countPartitions(records: readonly OutgoingRecord[]): Promise<void> {
    for (const { topic } of records) {
      if (this.#partitions.has(topic)) continue;
      this.#partitions.set(topic, await this.#producer.partitionsOf(topic, this.#retries));
    }
  }

  #partitionOf({ topic, key, partition }: OutgoingRecord): number {
    return partition ?? partitionOf(key, this.#partitions.get(topic) ?? 1);
  }
}

/** Records that belong together, and the caller's promise. */
interface Commit {
  readonly records: readonly OutgoingRecord[];
  resolve(ends: EndOffsets): void;
  reject(error: unknown): void;
}

/** How many of the commits fit into one transaction, at least one. */
function fitting(commits: readonly Commit[], maxBytes: number): number {
  let bytesLeft = maxBytes;
  let count = 0;
  for (const { records } of commits) {
    bytesLeft -= records.reduce((sum, record) => sum + recordBytes(record), 0);
    if (bytesLeft < 0 && count > 0) break;
    count += 1;
  }
  return count;
}

/** Approximate size of a record in a batch, in bytes. */
export function recordBytes(record: OutgoingRecord): number {
  const traceBytes = record.headers?.traceparent === undefined ? 0 : TRACEPARENT_BYTES;
  return record.key.length + (record.value?.length ?? 0) + RECORD_OVERHEAD_BYTES + traceBytes;
}

/**
 * Consecutive runs of records. The records of a run for one partition form one batch, of at most `maxBytes`;
 * a larger record has a batch of its own.
 */
export function splitBySize<R extends OutgoingRecord>(
  records: readonly R[],
  maxBytes: number,
  partitionFor: (record: R) => number = () => 0,
): R[][] {
  const runs: R[][] = [];
  /** Bytes of the run's batches: a list with one for each partition, by topic. */
  const batches = new Map<string, number[]>();
  let run: R[] = [];
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

function byPartition(records: readonly (OutgoingRecord & { partition: number })[]): PartitionBatch[] {
  const batches = new Map<string, PartitionBatch & { records: OutgoingRecord[] }>();
  for (const record of records) {
    const { topic, partition } = record;
    const name = `${topic}/${partition}`;
    const batch = batches.get(name) ?? { topic, partition, records: [] };
    batch.records.push(record);
    batches.set(name, batch);
  }
  return [...batches.values()];
}
