/**
 * Kafkajs, with some of its functions and classes replaced. Nothing else of this project loads it.
 *
 * It is this program's own copy: the kafkajs that other code of the process loads is not changed.
 *
 * Records are encoded by a faster function that writes the same bytes. Kafkajs allocates a buffer for each
 * record, each header and each length; that needs more time than all other work on a row. Three classes are
 * extended, so that silent connections are closed, an idle client stays idle, and the search for a
 * coordinator is retried. Metadata is requested by name: kafkajs requests every topic of the cluster where it
 * knows none yet, and keeps the reply.
 *
 * The version of kafkajs is pinned.
 */

import type kafka from 'kafkajs';
import { awaitCoordinators } from './coordinators.js';
import { PackageCopy } from './package-copy.js';
import { encodeRecord, type RecordEncoder } from './record-encoding.js';
import { closeSilent, watchSilence } from './silent-connections.js';

interface Errors {
  readonly KafkaJSConnectionClosedError: Parameters<typeof closeSilent>[1];
}

/** A request of kafkajs. */
interface KafkajsRequest {
  readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
}
type MetadataRequest = (options: { readonly topics: readonly string[] }) => KafkajsRequest;

const copy = new PackageCopy('kafkajs', {
  'src/protocol/recordBatch/record/v0':
    (original: RecordEncoder): RecordEncoder =>
    (record) =>
      encodeRecord(record) ?? original(record),
  'src/network/requestQueue': watchSilence,
  'src/network/connection': (original: Parameters<typeof closeSilent>[0]) =>
    closeSilent(original, (copy.load('src/errors') as Errors).KafkaJSConnectionClosedError),
  'src/cluster': awaitCoordinators,
  // Kafkajs builds versions 2 and 3 from version 1, and versions 5 and 6 from version 4. Version 4 has a flag
  // behind its list: create no topic.
  'src/protocol/requests/metadata/v1/request': requestNamedTopics([]),
  'src/protocol/requests/metadata/v4/request': requestNamedTopics([0]),
});

/**
 * Requests no topic when there are no names: an empty list, where kafkajs writes null, which means all
 * topics. `tail` is what follows the list.
 */
function requestNamedTopics(tail: readonly number[]): (original: MetadataRequest) => MetadataRequest {
  const none = Buffer.from([0, 0, 0, 0, ...tail]);
  return (original) => (options) => {
    const request = original(options);
    if (options.topics.length > 0) return request;
    return { ...request, encode: async () => ({ buf: none, buffer: none }) };
  };
}

/** A module of kafkajs by its path in the package, such as `src/protocol/decoder`. */
export function kafkajsModule(path: string): unknown {
  return copy.load(path);
}

export default copy.main as typeof kafka;
