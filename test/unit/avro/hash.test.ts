import { describe, expect, it } from 'vitest';
import { Encoder } from '../../../src/avro/encoder.js';
import { contentHash, recordHash } from '../../../src/avro/hash.js';
import type { Field, Primitive } from '../../../src/avro/schema.js';

describe('recordHash', () => {
  it.each([
    [
      { id: 34, name: 'The One Ring', description: 'x' },
      '4893f6caad3cb43241ac1cd2165b9f833396ad455ac3024ea3e7a75538080e5a',
    ],
    [
      { name: 'name', description: 'The name of a company' },
      'a6ba10bd2438df6eff7c13f7eac86a8dac9aea594c55a6a985acd30ddf269240',
    ],
    [{ name: 'n' }, '1b16b1df538ba12dc3f97edbb85caa7050d46c148134290feba80f8236c83db9'],
    [{ name: 'n', description: null }, 'f58b9edb7aebb09858c5609f64ea157ff1a4d615b0d3bda8bcc197dc08aeb815'],
    [
      { id: null, name: 'n', description: '' },
      '80cdac59a0977f1ffd7d200b943f35a7b431598f15a7ad1da1f7c75122715cf2',
    ],
    [{ id: 1, name: '2n' }, '378e07195a24018246e6e7caf7103e37c36e1fe15b9ec74a79a292bff9f826ed'],
    [{ id: 12, name: 'n' }, '378e07195a24018246e6e7caf7103e37c36e1fe15b9ec74a79a292bff9f826ed'],
    [{ name: 'Größe', description: 'é' }, 'c77a1819dc1c433845ecd4e2ce8d01446ee6cdff6f83c644992ff03cf947dabb'],
  ])('is what the Stitch integration computes: %j', (row, expected) => {
    expect(recordHash(row)).toBe(expected);
  });

  it.each([
    [true, 'True'],
    [false, 'False'],
    [1.5, '1.5'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-1.25e-7, '-1.25e-07'],
    [1e-10, '1e-10'],
    [1e21, '1000000000000000000000'],
    [-7, '-7'],
  ])('prints %j as Python does', (part, text) => {
    expect(recordHash({ name: part })).toBe(recordHash({ name: text }));
  });

  it('takes broken text', () => {
    expect(recordHash({ name: 'a\ud800' })).toBe(recordHash({ name: 'a\ufffd' }));
  });
});

describe('contentHash', () => {
  it('is 32 hexadecimal digits that stay the same over releases', () => {
    expect(contentHash(Buffer.alloc(0))).toBe('e3b0c44298fc1c149afbf4c8996fb924');
    expect(contentHash(Buffer.from('Größe'))).toBe('aedc3f80989a6546962705852b2f4a48');
  });

  /** The content hash of a value in a schema with these fields. */
  function hashIn(fields: readonly (readonly [string, Primitive])[], value: Record<string, unknown>): string {
    const schema = fields.map(
      ([name, type]): Field => ({ name, type: ['null', type], default: null, doc: '' }),
    );
    const encoder = new Encoder([{ type: 'record', name: 'R', doc: '', fields: schema }]);
    return contentHash(encoder.encode(value).first);
  }

  const FIELDS = [
    ['id', 'string'],
    ['name', 'string'],
    ['seats', 'long'],
    ['active', 'boolean'],
    ['share', 'double'],
  ] as const;

  it('tells contents apart, also those that end in zeros', () => {
    const texts = [null, '', '1', '\0', '\0\0', '1\0'];
    const longs = [null, 0, 1, -1, 64];
    const contents = texts.flatMap((id) =>
      texts.flatMap((name) =>
        longs.flatMap((seats) =>
          [null, false, true].flatMap((active) =>
            [null, 0, 1, 2].map((share) => ({ id, name, seats, active, share })),
          ),
        ),
      ),
    );
    const hashes = new Set(contents.map((content) => hashIn(FIELDS, content)));
    expect(hashes.size).toBe(contents.length);
  });

  it('does not count what a later schema has at its end, where a row has none of it', () => {
    const grown = [...FIELDS, ['newer', 'string'], ['newest', 'long']] as const;
    const value = { id: '1', name: 'a', seats: 0 };
    expect(hashIn(grown, value)).toBe(hashIn(FIELDS, value));
    expect(hashIn(grown, { ...value, newest: 0 })).not.toBe(hashIn(FIELDS, value));
  });
});
