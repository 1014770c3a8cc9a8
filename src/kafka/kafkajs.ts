/**
 * Kafkajs, with some of its functions replaced. Nothing else of this project loads it.
 *
 * Requests for metadata that name no topic ask for every topic of the cluster in kafkajs, and fail when one of them, whoever's it is, has no
 * leader. Here they ask for the brokers alone. Two functions are replaced by faster ones that come to the same:
 * both take more time than everything else that happens to a row on its way to the broker: kafkajs allocates a buffer for each record, each
 * header and each length, and copies all messages of a partition for each one that is added to them. It must not be loaded before they are in
 * their places; where somebody else did that, the grouping stays as it is, which only takes time. The version of kafkajs is pinned.
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

/** A request of kafkajs. */
interface KafkajsRequest {
  readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
}
type MetadataRequest = (options: { readonly topics: readonly string[] }) => KafkajsRequest;

/** Without names, none: an empty list, where kafkajs writes the null that stands for all. `tail` is what follows the list. */
function askForNamed(tail: readonly number[]): (original: MetadataRequest) => MetadataRequest {
  const none = Buffer.from([0, 0, 0, 0, ...tail]);
  return (original) => (options) => {
    const request = original(options);
    if (options.topics.length > 0) return request;
    return { ...request, encode: async () => ({ buf: none, buffer: none }) };
  };
}

// Versions 2 and 3 are made of version 1, 5 and 6 of version 4, which has a flag behind its list: create no topic.
replace('kafkajs/src/protocol/requests/metadata/v1/request', askForNamed([]));
replace('kafkajs/src/protocol/requests/metadata/v4/request', askForNamed([0]));

export default internal('kafkajs') as typeof kafka;
