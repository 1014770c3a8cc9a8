/**
 * Reads partitions without a consumer group.
 *
 * An instance restores what it knows from the topics before it starts, and commands look into them; none of that should join a
 * group, wait for a rebalance or leave committed offsets behind, and it must know for certain when it has reached the end.
 * Kafkajs has no public way to do so, so this sends the fetch request itself over kafkajs's own connections. Beside
 * kafkajs.ts this is the only use of kafkajs's internals; the version is pinned.
 */

import { createRequire } from 'node:module';
import type { Kafka } from 'kafkajs';
import { registerCodecs } from './codecs.js';
import { errorFromCode } from './protocol-error.js';

const internal = createRequire(import.meta.url);
const Decoder = internal('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => KafkaDecoder;
const decodeBatch = internal('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: KafkaDecoder,
) => Promise<RecordBatch>;
const encodeFetch = internal('kafkajs/src/protocol/requests/fetch/v11/request') as (
  request: object,
) => object;

interface KafkaDecoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): { toString(): string };
  readString(): string;
  readBytes(length: number): Buffer;
  readArray<T>(read: (decoder: KafkaDecoder) => T): T[];
  readArrayAsync<T>(read: (decoder: KafkaDecoder) => Promise<T>): Promise<T[]>;
  canReadBytes(length: number): boolean;
}

/** A record as kafkajs decodes it. */
export interface FetchedRecord {
  readonly offset: string;
  /** Epoch milliseconds. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[] | string | undefined>>;
}

interface RecordBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly records: readonly FetchedRecord[];
}

interface ConnectionPool {
  getConnection(index: number): Promise<unknown>;
  send(exchange: { request: object; response: object }): Promise<unknown>;
}

interface Broker {
  readonly connectionPool: ConnectionPool;
}

/** The parts of kafkajs's cluster that are used here. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(at: { nodeId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: {
      topic: string;
      partitions: { partition: number }[];
      fromBeginning?: boolean;
      fromTimestamp?: number;
    }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

/** What one fetch brought of one partition: committed records only, and where to go on. */
export interface FetchedPartition {
  readonly partition: number;
  readonly records: readonly FetchedRecord[];
  /** The offset behind everything that was looked at. */
  readonly next: number;
  /** The offset behind everything that has been written, committed or not. */
  readonly written: number;
  /** The offset behind everything that is decided: before the first transaction that is still open. */
  readonly stable: number;
}

const READ_COMMITTED = 1;

/** A cluster connection of the client's own settings, for reading what transactions have committed. */
export function openCluster(kafka: Kafka): Cluster {
  registerCodecs();
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  if (symbol === undefined) throw new Error('this version of kafkajs has no createCluster');
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol];
  if (create === undefined) throw new Error('this version of kafkajs has no createCluster');
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED });
}

/** Fetches from the given positions of one topic's partitions, all led by one broker. Waits up to `maxWaitMs` for data. */
export async function fetchFrom(
  cluster: Cluster,
  at: {
    topic: string;
    nodeId: string;
    positions: ReadonlyMap<number, number>;
    maxBytes: number;
    maxWaitMs: number;
  },
): Promise<FetchedPartition[]> {
  const broker = await cluster.findBroker({ nodeId: at.nodeId });
  const partitions = [...at.positions].map(([partition, offset]) => ({
    partition,
    fetchOffset: String(offset),
    maxBytes: at.maxBytes,
  }));
  const request = encodeFetch({
    replicaId: -1,
    maxWaitTime: at.maxWaitMs,
    minBytes: 1,
    maxBytes: at.maxBytes,
    isolationLevel: READ_COMMITTED,
    topics: [{ topic: at.topic, partitions }],
  });
  const decode = (raw: Buffer) => decodeFetch(raw, at.positions);
  const parse = async (data: FetchedPartition[]) => data;
  await connectOnce(broker.connectionPool);
  return (await broker.connectionPool.send({ request, response: { decode, parse } })) as FetchedPartition[];
}

/** The connection of a pool that kafkajs keeps for fetches. */
const FETCH_CONNECTION = 1;
const connecting = new WeakMap<ConnectionPool, Promise<unknown>>();

/** Requests that find no connection each open one of their own, and all but one are forgotten and stay open. */
async function connectOnce(pool: ConnectionPool): Promise<void> {
  const turn = connecting.get(pool) ?? pool.getConnection(FETCH_CONNECTION);
  connecting.set(pool, turn);
  try {
    await turn;
  } finally {
    connecting.delete(pool);
  }
}

/** Decodes a fetch response, version 11. */
async function decodeFetch(raw: Buffer, positions: ReadonlyMap<number, number>): Promise<FetchedPartition[]> {
  const decoder = new Decoder(raw);
  decoder.readInt32(); // throttle time
  failOn(decoder.readInt16());
  decoder.readInt32(); // session
  const topics = await decoder.readArrayAsync(async (topic) => {
    topic.readString();
    return topic.readArrayAsync((partition) => decodePartition(partition, positions));
  });
  return topics.flat();
}

async function decodePartition(
  decoder: KafkaDecoder,
  positions: ReadonlyMap<number, number>,
): Promise<FetchedPartition> {
  const partition = decoder.readInt32();
  failOn(decoder.readInt16());
  const written = Number(decoder.readInt64().toString());
  const stable = Number(decoder.readInt64().toString());
  decoder.readInt64(); // log start
  const aborted = decoder.readArray((each) => ({
    producerId: each.readInt64().toString(),
    firstOffset: Number(each.readInt64().toString()),
  }));
  decoder.readInt32(); // preferred replica
  const size = decoder.readInt32();
  const position = positions.get(partition) ?? 0;
  if (size <= 0) return { partition, written, stable, records: [], next: position };
  return { partition, written, stable, ...(await decodeBatches(decoder.readBytes(size), position, aborted)) };
}

/**
 * The committed records from `position` on. The position moves by batches and not by records: compaction leaves batches
 * without any record behind, and a reader that waits for a record would wait there for ever.
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

function failOn(code: number): void {
  if (code !== 0) throw errorFromCode(code);
}
