/**
 * Kafkajs, with some of its functions and classes replaced. Nothing else of this project loads it.
 *
 * Two functions are replaced by faster ones with the same results. They took more time than everything else that happens to a row on its way to
 * the broker: kafkajs allocates a buffer for each record, each header and each length, and copies all messages of a partition for each one that is
 * added to them. Three classes are extended, so that connections that carry nothing any more are closed, an idle client stays idle, and a
 * coordinator is waited for.
 *
 * Kafkajs must not be loaded before they are in their places. The version of kafkajs is pinned.
 */

import { createRequire } from 'node:module';
import type kafka from 'kafkajs';
import { awaitCoordinators } from './coordinators.js';
import { encodeRecord, type RecordEncoder } from './record-encoding.js';
import { closeSilent, watchSilence } from './silent-connections.js';

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

interface Errors {
  readonly KafkaJSConnectionClosedError: Parameters<typeof closeSilent>[1];
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
// Before the connection, which loads it.
replace('kafkajs/src/network/requestQueue', watchSilence);
replace<Parameters<typeof closeSilent>[0]>('kafkajs/src/network/connection', (original) =>
  closeSilent(original, (internal('kafkajs/src/errors') as Errors).KafkaJSConnectionClosedError),
);
replace('kafkajs/src/cluster', awaitCoordinators);

export default internal('kafkajs') as typeof kafka;
