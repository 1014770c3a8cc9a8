/**
 * Kafkajs, with some of its functions replaced. Nothing else of this project loads it.
 *
 * Two are faster and come to the same. Both take more time than everything else that happens to a row on its way to the broker: kafkajs allocates a
 * buffer for each record, each header and each length, and copies all messages of a partition for each one that is added to them.
 *
 * The others keep a client that has no topic yet (each producer at its start) from asking for the metadata of every topic of the cluster, and from keeping
 * it: with hundreds of connections that would be most of an instance's memory.
 *
 * Kafkajs must not be loaded before they are in their places; where somebody else did that, they stay as they are, which only takes time and memory. The
 * version of kafkajs is pinned.
 */

import { createRequire } from 'node:module';
import type kafka from 'kafkajs';
import { encodeRecord, type RecordEncoder } from './record-encoding.js';

const internal = createRequire(import.meta.url);

/** What kafkajs hands over to have messages grouped. */
export interface Grouping<Message> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly Message[];
  partitioner(at: { topic: string; partitionMetadata: readonly unknown[]; message: Message }): number;
}

/** Messages by their partitions, in their order. */
export function groupByPartition<Message>(grouping: Grouping<Message>): Record<string, Message[]> {
  const { topic, partitionMetadata, messages, partitioner } = grouping;
  const groups: Record<string, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group === undefined) groups[partition] = [message];
    else group.push(message);
  }
  return groups;
}

/** Puts another function in the place of the one that a module of kafkajs is. */
function replace<F>(path: string, by: (original: F) => F): void {
  const original = internal(path) as F;
  const loaded = internal.cache[internal.resolve(path)];
  if (loaded !== undefined) loaded.exports = by(original);
}

replace('kafkajs/src/producer/groupMessagesPerPartition', () => groupByPartition);
replace<RecordEncoder>(
  'kafkajs/src/protocol/recordBatch/record/v0',
  (original) => (record) => encodeRecord(record) ?? original(record),
);

/** Stands for no topic in a list of topics: kafkajs takes an empty list for all topics. No topic has this name. */
const NO_TOPIC = '';

interface Request {
  readonly apiVersion: number;
  encode(): Promise<unknown>;
}
type MetadataRequest = (about: {
  readonly topics: readonly string[];
  readonly allowAutoTopicCreation?: boolean;
}) => Request;

interface Encoder {
  writeArray(topics: readonly string[]): Encoder;
  writeBoolean(value: boolean): Encoder;
}
const Encoder = internal('kafkajs/src/protocol/encoder') as new () => Encoder;

/** The request for metadata, which can also ask for none: for the brokers alone. */
function orOfNoTopic(original: MetadataRequest): MetadataRequest {
  return (about) => {
    const request = original(about);
    if (about.topics[0] !== NO_TOPIC) return request;
    const { allowAutoTopicCreation = true } = about;
    const encode = async () => {
      const list = new Encoder().writeArray([]);
      return request.apiVersion < 4 ? list : list.writeBoolean(allowAutoTopicCreation);
    };
    return { ...request, encode };
  };
}

interface BrokerPool {
  refreshMetadata(topics: readonly string[]): Promise<void>;
}
type BrokerPoolClass = new (options: object) => BrokerPool;

// Later versions of the request are made from these two.
replace('kafkajs/src/protocol/requests/metadata/v1/request', orOfNoTopic);
replace('kafkajs/src/protocol/requests/metadata/v4/request', orOfNoTopic);
replace<BrokerPoolClass>(
  'kafkajs/src/cluster/brokerPool',
  (original) =>
    class extends original {
      override refreshMetadata(topics: readonly string[]): Promise<void> {
        return super.refreshMetadata(topics.length === 0 ? [NO_TOPIC] : topics);
      }
    },
);

export default internal('kafkajs') as typeof kafka;
