/**
 * Requests the leader of each partition, and the first and last offsets of partitions.
 *
 * Every request contains the leader epoch. A broker that is no longer the leader and does not know it yet (a
 * process that was paused) refuses such a request instead of answering from an old log.
 */

import type { Brokers } from './brokers.js';
import {
  Decoder,
  Encoder,
  type Exchange,
  errorOfCode,
  exchange,
  failOnCode,
  type WireDecoder,
} from './wire.js';

/** The leader of a partition. */
export interface Leader {
  /** A node ID, or -1 while no leader is elected. */
  readonly node: number;
  /** Rises with each election. */
  readonly epoch: number;
}

/** By partition. */
export type Leaders = ReadonlyMap<number, Leader>;

/**
 * A broker that has just come back may name old leaders: of two answers, the higher epoch of each partition
 * counts.
 */
const ANSWERS = 2;

/**
 * Asks the cluster for the leaders of a topic's partitions. Throws `UNKNOWN_TOPIC_OR_PARTITION` and what
 * connections throw.
 */
export async function findLeaders(brokers: Brokers, topic: string): Promise<Leaders> {
  const answers = await brokers.sendToSome(ANSWERS, () => metadataExchange(topic));
  const newest = new Map<number, Leader>();
  for (const { partitions } of answers) {
    for (const { partition, leader } of partitions) {
      const known = newest.get(partition);
      if (known === undefined || known.epoch < leader.epoch) newest.set(partition, leader);
    }
  }
  brokers.updateAddresses([
    ...new Map(answers.flatMap((each) => each.brokers).map((each) => [each.nodeId, each])).values(),
  ]);
  if (newest.size > 0) return newest;
  for (const { code } of answers) failOnCode(code);
  throw new Error('the broker returned no partition');
}

interface Metadata {
  readonly brokers: { nodeId: number; host: string; port: number }[];
  readonly code: number;
  readonly partitions: { partition: number; leader: Leader }[];
}

const METADATA = { apiKey: 3, apiVersion: 7, apiName: 'Metadata' };

function metadataExchange(topic: string): Exchange<Metadata> {
  const encode = async () => new Encoder().writeArray([topic]).writeBoolean(false);
  return exchange({ ...METADATA, encode }, decodeMetadata);
}

function decodeMetadata(raw: Buffer): Metadata {
  const decoder = new Decoder(raw);
  decoder.readInt32(); // throttle time
  const brokers = decoder.readArray((each) => {
    const broker = { nodeId: each.readInt32(), host: each.readString(), port: each.readInt32() };
    each.readString(); // rack
    return broker;
  });
  decoder.readString(); // cluster ID
  decoder.readInt32(); // controller
  const [topic] = decoder.readArray((each) => {
    const code = each.readInt16();
    each.readString(); // name
    each.readBoolean(); // internal
    return { code, partitions: each.readArray(decodePartition) };
  });
  return { brokers, code: topic?.code ?? 0, partitions: topic?.partitions ?? [] };
}

function decodePartition(decoder: WireDecoder): { partition: number; leader: Leader } {
  decoder.readInt16(); // an error: the leader already shows it, or a replica is down
  const partition = decoder.readInt32();
  const leader = { node: decoder.readInt32(), epoch: decoder.readInt32() };
  for (let list = 0; list < 3; list += 1) decoder.readArray((each) => each.readInt32()); // replicas
  return { partition, leader };
}

/** The isolation level of a read: all records, or committed ones. */
export type Isolation = 'uncommitted' | 'committed';

const ISOLATION_LEVEL: Record<Isolation, number> = { uncommitted: 0, committed: 1 };

export function isolationLevel(isolation: Isolation): number {
  return ISOLATION_LEVEL[isolation];
}

/**
 * The first offset; the offset behind the last one; or the first at or behind a time (epoch milliseconds).
 */
export type OffsetQuery = 'earliest' | 'latest' | number;

/** The answer for one partition: an offset (-1 where no record is that young), or the error. */
export type OffsetAnswer = { readonly offset: number } | { readonly error: Error };

/**
 * Asks one leader for offsets. `latest` is safe as the end of all records that were acknowledged before: a
 * newly elected leader refuses until it knows that it has all of them (KIP-207). The end in a fetch response
 * is not safe.
 */
export async function listOffsets(
  brokers: Brokers,
  at: {
    topic: string;
    node: number;
    epochs: ReadonlyMap<number, number>;
    query: OffsetQuery;
    isolation: Isolation;
  },
): Promise<Map<number, OffsetAnswer>> {
  return brokers.send(at.node, listOffsetsExchange(at));
}

const LIST_OFFSETS = { apiKey: 2, apiVersion: 4, apiName: 'ListOffsets' };
const TIMESTAMPS = { earliest: -2, latest: -1 };

function listOffsetsExchange(at: Parameters<typeof listOffsets>[1]): Exchange<Map<number, OffsetAnswer>> {
  const { topic, epochs, query, isolation } = at;
  const timestamp = typeof query === 'number' ? query : TIMESTAMPS[query];
  const partitions = [...epochs].map(([partition, epoch]) =>
    new Encoder().writeInt32(partition).writeInt32(epoch).writeInt64(timestamp),
  );
  const encode = async () =>
    new Encoder()
      .writeInt32(-1) // no replica
      .writeInt8(isolationLevel(isolation))
      .writeArray([new Encoder().writeString(topic).writeArray(partitions)]);
  return exchange({ ...LIST_OFFSETS, encode }, decodeListOffsets);
}

function decodeListOffsets(raw: Buffer): Map<number, OffsetAnswer> {
  const decoder = new Decoder(raw);
  decoder.readInt32(); // throttle time
  const topics = decoder.readArray((topic) => {
    topic.readString();
    return topic.readArray((each): [number, OffsetAnswer] => {
      const partition = each.readInt32();
      const error = errorOfCode(each.readInt16());
      each.readInt64(); // timestamp
      const offset = Number(each.readInt64().toString());
      each.readInt32(); // leader epoch of the record
      return [partition, error === null ? { offset } : { error }];
    });
  });
  return new Map(topics.flat());
}
