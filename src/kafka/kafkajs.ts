/**
 * Kafkajs, with some of its functions and classes replaced. Nothing else of this project loads it.
 *
 * Records are encoded by a faster function that writes the same bytes: kafkajs allocates a buffer for each
 * record, each header and each length, which takes longer than everything else that happens to a row on its
 * way to the broker. Three classes are extended, so that connections that carry nothing any more are closed,
 * an idle client stays idle, and a coordinator is waited for. Metadata is asked for by name: kafkajs asks for
 * every topic of the cluster where it has none yet, and keeps the answer.
 *
 * Kafkajs must not be loaded before they are in their places. The version of kafkajs is pinned.
 */

import { createRequire } from 'node:module';
import type kafka from 'kafkajs';
import { awaitCoordinators } from './coordinators.js';
import { encodeRecord, type RecordEncoder } from './record-encoding.js';
import { closeSilent, watchSilence } from './silent-connections.js';

const internal = createRequire(import.meta.url);

interface Errors {
  readonly KafkaJSConnectionClosedError: Parameters<typeof closeSilent>[1];
}

/** Puts another function in the place of the one that a module of kafkajs is. */
function replace<F>(path: string, by: (original: F) => F): void {
  const original = internal(path) as F;
  const loaded = internal.cache[internal.resolve(path)];
  if (loaded !== undefined) loaded.exports = by(original);
}

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

/** A request of kafkajs. */
interface KafkajsRequest {
  readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
}
type MetadataRequest = (options: { readonly topics: readonly string[] }) => KafkajsRequest;

/**
 * Without names, none: an empty list, where kafkajs writes the null that stands for all. `tail` is what
 * follows the list.
 */
function askForNamed(tail: readonly number[]): (original: MetadataRequest) => MetadataRequest {
  const none = Buffer.from([0, 0, 0, 0, ...tail]);
  return (original) => (options) => {
    const request = original(options);
    if (options.topics.length > 0) return request;
    return { ...request, encode: async () => ({ buf: none, buffer: none }) };
  };
}

// Versions 2 and 3 are made of version 1, 5 and 6 of version 4, which has a flag behind its list: create no
// topic.
replace('kafkajs/src/protocol/requests/metadata/v1/request', askForNamed([]));
replace('kafkajs/src/protocol/requests/metadata/v4/request', askForNamed([0]));

export default internal('kafkajs') as typeof kafka;
