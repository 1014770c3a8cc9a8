/** Records are encoded as kafkajs does it, byte for byte. */

import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { kafkajsModule } from '../../../src/kafka/kafkajs.js';
import { encodeRecord, type RecordToEncode } from '../../../src/kafka/record-encoding.js';

const MODULE = 'src/protocol/recordBatch/record/v0';
const internal = createRequire(import.meta.url);
const original = internal(`kafkajs/${MODULE}`) as (record: RecordToEncode) => { readonly buffer: Buffer };

const bytes = fc
  .oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 8_000, maxLength: 20_000 }))
  .map((each) => Buffer.from(each));
const record = fc.record({
  offsetDelta: fc.oneof(fc.nat(300), fc.nat(1_000_000)),
  timestampDelta: fc.oneof(
    fc.constant(0),
    fc.integer({ min: -(2 ** 29), max: 2 ** 29 }),
    fc.maxSafeInteger(),
  ),
  key: fc.oneof(bytes, bytes, fc.string()),
  value: fc.oneof(bytes, bytes, fc.constant(null), fc.string()),
  headers: fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 100 }), bytes, fc.array(fc.string())),
  ),
});

it('encodes a record as kafkajs does, or leaves it to kafkajs', () => {
  let covered = 0;
  fc.assert(
    fc.property(record, (each) => {
      const encoded = encodeRecord(each);
      if (encoded === null) return;
      covered += 1;
      expect(encoded.buffer.equals(original(each).buffer)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  expect(covered).toBeGreaterThan(100);
});

it('covers the records that a publisher sends: bytes, tombstones, texts as headers', () => {
  const headers = { op: 'upsert', connection: 'acme', updated_at: '1700000000000', größe: '' };
  for (const value of [Buffer.from('value'), null]) {
    const each = { offsetDelta: 3, timestampDelta: 0, key: Buffer.from('k'), value, headers };
    expect(encodeRecord(each)?.buffer).toEqual(original(each).buffer);
  }
});

const texts = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, '']));
const plain = { key: Buffer.from('k'), value: Buffer.from('v') };

it.each([
  ['as many headers as fit', { headers: texts(63) }],
  [
    'names and texts of 64 and 65 letters',
    { headers: { ['n'.repeat(64)]: 'v'.repeat(65), n: 'v'.repeat(64) } },
  ],
  [
    'the last letter of one byte and the first of two',
    { headers: { '\u007f': '\u0080', b: '\u007f', '\u0080': '' } },
  ],
  ['the largest differences', { offsetDelta: 2 ** 30 - 1, timestampDelta: -(2 ** 30 - 1) }],
  ['no headers and no differences', {}],
])('covers %s', (_, more) => {
  const each = { ...plain, ...more };
  expect(encodeRecord(each)?.buffer).toEqual(original(each).buffer);
});

it.each([
  ['more headers', { headers: texts(64) }],
  ['a list as a header', { headers: { list: ['a'] } }],
  ['a time far away', { timestampDelta: 2 ** 30 }],
  ['a time before all', { timestampDelta: -(2 ** 30) }],
  ['half a millisecond', { timestampDelta: 0.5 }],
  ['a time that is text', { timestampDelta: '7' }],
  ['a far offset', { offsetDelta: 2 ** 30 }],
  ['a key of text', { key: 'k' }],
  ['no key', { key: null }],
  ['a value of text', { value: 'v' }],
])('leaves %s to kafkajs', (_, more) => {
  expect(encodeRecord({ ...plain, ...more })).toBeNull();
});

it('stands in the place of kafkajs’s encoder, and passes on what it does not cover', () => {
  const installed = kafkajsModule(MODULE) as typeof original;
  expect(installed).not.toBe(original);
  const odd = { key: 'text', value: 'text', headers: { list: ['a', 'b'] } };
  expect(installed(odd).buffer).toEqual(original(odd).buffer);
});
