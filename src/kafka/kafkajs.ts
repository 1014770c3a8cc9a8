/**
 * Kafkajs, with two of its functions replaced by faster ones that come to the same. Nothing else of this project loads it.
 *
 * Both take more time than everything else that happens to a row on its way to the broker: kafkajs allocates a buffer for each record, each
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

export default internal('kafkajs') as typeof kafka;
