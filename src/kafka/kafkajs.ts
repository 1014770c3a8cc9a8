/**
 * Kafkajs, with one of its functions replaced by a faster one that comes to the same. Nothing else of this project loads it.
 *
 * Kafkajs allocates a buffer for each record, each header and each length, which takes longer than everything else that happens to a row on its
 * way to the broker. The version of kafkajs is pinned.
 */

import { createRequire } from 'node:module';
import type kafka from 'kafkajs';
import { encodeRecord, type RecordEncoder } from './record-encoding.js';

const internal = createRequire(import.meta.url);

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

export default internal('kafkajs') as typeof kafka;
