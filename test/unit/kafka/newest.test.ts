import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isAtHome, NewestByKey } from '../../../src/kafka/newest.js';
import { partitionOf } from '../../../src/kafka/partitioner.js';

const COUNT = 6;
/**
 * Versions of keys in a topic of six partitions that began with two: rising times, and from then on in the
 * keys' own partitions.
 */
const log = fc
  .array(fc.record({ key: fc.nat({ max: 5 }), isOld: fc.boolean() }), { maxLength: 40 })
  .map((all) => {
    const sorted = [...all.filter(({ isOld }) => isOld), ...all.filter(({ isOld }) => !isOld)];
    return sorted.map(({ key, isOld }, index) => {
      const bytes = Buffer.from(`key-${key}`);
      return {
        key: bytes,
        partition: partitionOf(bytes, isOld ? 2 : COUNT),
        timestamp: index,
        offset: index,
      };
    });
  });

it('finds the last version of each key, whatever order the partitions come in', () => {
  fc.assert(
    fc.property(log, fc.array(fc.integer(), { minLength: COUNT, maxLength: COUNT }), (records, order) => {
      const read = [...records].sort(
        (a, b) =>
          (order[a.partition] ?? 0) - (order[b.partition] ?? 0) ||
          a.partition - b.partition ||
          a.offset - b.offset,
      );
      const newest = new NewestByKey(COUNT);
      const found = new Map<string, number>();
      for (const record of read) if (newest.isNewest(record)) found.set(String(record.key), record.offset);
      const expected = new Map(records.map((record) => [String(record.key), record.offset]));
      expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()));
    }),
  );
});

it('does not depend on clocks where a key is in its own partition', () => {
  const key = Buffer.from('key-1');
  const home = partitionOf(key, COUNT);
  const newest = new NewestByKey(COUNT);
  expect(newest.isNewest({ key, partition: home, timestamp: 1 })).toBe(true);
  expect(newest.isNewest({ key, partition: (home + 1) % COUNT, timestamp: 2 })).toBe(false);
  expect(isAtHome({ key, partition: home }, COUNT)).toBe(true);
});
