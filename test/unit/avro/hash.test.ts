import { describe, expect, it } from 'vitest';
import { compileContentHash, recordHash } from '../../../src/avro/hash.js';

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

describe('compileContentHash', () => {
  const hash = compileContentHash(['id', 'name', 'seats', 'tags']);

  it('is 32 hexadecimal digits that stay the same over releases', () => {
    expect(hash({})).toBe('e3b0c44298fc1c149afbf4c8996fb924');
    expect(hash({ id: '1', name: 'Größe', seats: 0, tags: ['a'] })).toMatch(/^[0-9a-f]{32}$/);
  });

  it('tells contents apart', () => {
    const contents = [
      { id: '1', name: 'a' },
      { id: '1', name: 'b' },
      { id: '1', name: '' },
      { id: '1' },
      { name: '1' },
      { id: '1name=1:a' },
      { id: '1', seats: 0 },
      { id: '1', seats: 1 },
      { id: '1', seats: true },
      { id: '1', tags: [] },
      { id: '1', tags: ['a', 'b'] },
      { id: '1', tags: ['a","b'] },
    ];
    expect(new Set(contents.map(hash)).size).toBe(contents.length);
  });

  it('counts neither fields without a value nor those that are not named, so that a schema can grow', () => {
    const grown = compileContentHash(['id', 'newer', 'name', 'seats', 'tags']);
    expect(grown({ id: '1', newer: null, name: 'a' })).toBe(hash({ id: '1', name: 'a', custom: 'x' }));
  });
});
