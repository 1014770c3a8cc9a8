/**
 * Requests to describe and create topics, in newer versions than kafkajs has.
 *
 * Metadata 10 and later contains a topic's ID, and a reply with errors of single topics is read whole.
 * CreateTopics 4 and later accepts -1 for the broker's default, and its reply is read with the broker's error
 * messages, which kafkajs drops.
 */

import type { Broker, Cluster } from './cluster.js';
import { exchangeOf, type FlexibleReader, type FlexibleRequest } from './flexible.js';
import { errorFromCode } from './protocol-error.js';
import { type KafkajsMetadata, metadataResponse, metadataRequest as oldMetadataRequest } from './wire.js';

/** A topic as the brokers know it. */
export interface DescribedTopic {
  readonly topic: string;
  /** Kafka's own ID of the topic, new whenever it is created; null where the brokers return none. */
  readonly id: string | null;
  /** In the order of their numbers. */
  readonly partitions: readonly DescribedPartition[];
  /** Zero when there is no error. */
  readonly errorCode: number;
}

export interface DescribedPartition {
  readonly partition: number;
  /** The node ID, or null where no broker leads it. */
  readonly leader: number | null;
}

/** A broker's refusal to create a topic. */
export interface Refusal {
  readonly topic: string;
  readonly code: number;
  /** Kafka's name of the error. */
  readonly type: string;
  /** The broker's error message. */
  readonly reason: string;
}

export const UNKNOWN_TOPIC = 3;
const TOPIC_ALREADY_EXISTS = 36;
const NOT_CONTROLLER = 41;

const METADATA = 3;
const CREATE_TOPICS = 19;
/** The first version that has topic IDs, and the newest that is read here. */
const METADATA_VERSIONS = [10, 12] as const;
/** The first version that is flexible, and the newest that is written here. */
const CREATE_VERSIONS = [5, 7] as const;
const CREATE_TIMEOUT_MS = 30_000;

/** Describes only these topics. A topic that does not exist has the error code `UNKNOWN_TOPIC`. */
export async function describeTopics(
  cluster: Cluster,
  topics: readonly string[],
): Promise<readonly DescribedTopic[]> {
  return cluster.retrier(async () => {
    await cluster.connect();
    const broker = await cluster.brokerPool.findConnectedBroker();
    const version = versionFor(broker, METADATA, METADATA_VERSIONS);
    if (version === null) return describeWithoutIds(broker, topics);
    return (await broker.connectionPool.send(
      exchangeOf(metadataRequest(version, topics)),
    )) as DescribedTopic[];
  });
}

function metadataRequest(
  apiVersion: number,
  topics: readonly string[],
): FlexibleRequest<readonly DescribedTopic[]> {
  return {
    apiKey: METADATA,
    apiName: 'Metadata',
    apiVersion,
    write: (body) => {
      body.writeArray(topics, (topic) => body.writeUuid(null).writeString(topic).writeTags());
      body.writeBoolean(false); // creates no topic
      if (apiVersion === 10) body.writeBoolean(false); // no permissions at the cluster
      body.writeBoolean(false); // no permissions at topics
      body.writeTags();
    },
    read: readMetadata,
  };
}

function readMetadata(body: FlexibleReader): readonly DescribedTopic[] {
  body.readInt32(); // throttle time
  body.readArray((broker) => {
    broker.readInt32();
    broker.readString();
    broker.readInt32();
    broker.readString();
    broker.skipTags();
  });
  body.readString(); // cluster ID
  body.readInt32(); // controller
  return body.readArray((topic) => {
    const errorCode = topic.readInt16();
    const name = topic.readString() ?? '';
    const id = topic.readUuid();
    topic.readBoolean(); // is internal
    const partitions = topic.readArray(readPartition);
    topic.readInt32(); // permissions
    topic.skipTags();
    return { topic: name, id, errorCode, partitions: inOrder(partitions) };
  });
}

function readPartition(body: FlexibleReader): DescribedPartition {
  body.readInt16(); // an error is that there is no leader
  const partition = body.readInt32();
  const leader = body.readInt32();
  body.readInt32(); // leader epoch
  for (let list = 0; list < 3; list += 1) body.readArray((replicas) => replicas.readInt32());
  body.skipTags();
  return { partition, leader: leader < 0 ? null : leader };
}

async function describeWithoutIds(broker: Broker, topics: readonly string[]): Promise<DescribedTopic[]> {
  const request = oldMetadataRequest({ topics, allowAutoTopicCreation: false });
  const response = { ...metadataResponse, parse: async (data: KafkajsMetadata) => data };
  const reply = (await broker.connectionPool.send({ request, response })) as KafkajsMetadata;
  const { topicMetadata } = reply;
  return topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => ({
    topic,
    id: null,
    errorCode: topicErrorCode,
    partitions: inOrder(
      partitionMetadata.map(({ partitionId, leader }) => ({
        partition: partitionId,
        leader: leader < 0 ? null : leader,
      })),
    ),
  }));
}

function inOrder(partitions: readonly DescribedPartition[]): DescribedPartition[] {
  return [...partitions].sort((a, b) => a.partition - b.partition);
}

/** The parameters for creating a topic. */
export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * Creates topics, or (`validateOnly`) validates them. Returns the refusals; an existing topic counts as
 * created. Null: the broker supports no version of this request that is written here.
 */
export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  validateOnly: boolean,
): Promise<readonly Refusal[] | null> {
  return cluster.retrier(async (bail) => {
    await cluster.connect();
    await cluster.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    const version = versionFor(broker, CREATE_TOPICS, CREATE_VERSIONS);
    if (version === null) return null;
    const request = exchangeOf(creationRequest(version, topics, validateOnly));
    const refusals = (await broker.connectionPool.send(request).catch((error: unknown) => {
      // The broker may answer by closing the connection: the caller decides.
      bail(error);
      throw error;
    })) as readonly Refusal[];
    if (refusals.some(({ code }) => code === NOT_CONTROLLER)) throw errorFromCode(NOT_CONTROLLER);
    return refusals;
  });
}

function creationRequest(
  apiVersion: number,
  topics: readonly NewTopic[],
  validateOnly: boolean,
): FlexibleRequest<readonly Refusal[]> {
  return {
    apiKey: CREATE_TOPICS,
    apiName: 'CreateTopics',
    apiVersion,
    write: (body) => {
      body.writeArray(topics, ({ topic, partitions, replicationFactor, config }) => {
        body.writeString(topic).writeInt32(partitions).writeInt16(replicationFactor);
        body.writeArray([], () => undefined); // no assignments
        body.writeArray(Object.entries(config), ([name, value]) =>
          body.writeString(name).writeString(value).writeTags(),
        );
        body.writeTags();
      });
      body.writeInt32(CREATE_TIMEOUT_MS).writeBoolean(validateOnly).writeTags();
    },
    read: (body) => readCreation(body, apiVersion),
  };
}

function readCreation(body: FlexibleReader, apiVersion: number): readonly Refusal[] {
  body.readInt32(); // throttle time
  const answers = body.readArray((each) => {
    const topic = each.readString() ?? '';
    if (apiVersion >= 7) each.readUuid();
    const code = each.readInt16();
    const words = each.readString();
    each.readInt32(); // partitions
    each.readInt16(); // replication factor
    each.readArray(skipConfig);
    each.skipTags();
    return { topic, code, words };
  });
  return answers
    .filter(({ code }) => code !== 0 && code !== TOPIC_ALREADY_EXISTS)
    .map(({ topic, code, words }) => {
      const { type, message } = errorFromCode(code);
      return { topic, code, type, reason: words ?? message };
    });
}

function skipConfig(body: FlexibleReader): void {
  body.readString(); // name
  body.readString(); // value
  body.readBoolean(); // is read-only
  body.readInt8(); // source
  body.readBoolean(); // is sensitive
  body.skipTags();
}

/** The newest version that both sides have, or null. */
function versionFor(
  { versions }: Broker,
  apiKey: number,
  [first, newest]: readonly [number, number],
): number | null {
  const version = Math.min(newest, versions?.[apiKey]?.maxVersion ?? 0);
  return version < first ? null : version;
}
