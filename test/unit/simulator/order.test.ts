import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountedSet, SortedList } from '../../../src/simulator/order.js';
import { complement, contains, intersection, union } from '../../../src/simulator/ranges.js';

describe('a sorted list', () => {
  it('is the sorted set of what was added and not deleted', () => {
    const changes = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 400 })), { maxLength: 400 });
    const property = fc.property(changes, fc.integer({ min: -1, max: 401 }), (all, probe) => {
      const list = new SortedList<number>((a, b) => a - b);
      const known = new Set<number>();
      for (const [isAdded, value] of all) {
        if (isAdded && !known.has(value)) list.add(value);
        if (!isAdded) list.delete(value);
        if (isAdded) known.add(value);
        else known.delete(value);
      }
      const sorted = [...known].sort((a, b) => a - b);
      expect(Array.from({ length: list.length }, (_, rank) => list.at(rank))).toEqual(sorted);
      expect(list.at(list.length)).toBeUndefined();
      expect(list.rankOf(probe)).toBe(sorted.filter((value) => value < probe).length);
    });
    fc.assert(property);
  });

  it('stays in order over many chunks, filled from either end', () => {
    for (const valueAt of [(n: number) => n, (n: number) => 9_999 - n, (n: number) => (n * 7_919) % 10_000]) {
      const list = new SortedList<number>((a, b) => a - b);
      for (let n = 0; n < 10_000; n += 1) list.add(valueAt(n));
      for (let n = 0; n < 10_000; n += 3) list.delete(n);
      expect(list.length).toBe(6_666);
      for (const value of [1, 2, 5_000, 9_998]) expect(list.at(list.rankOf(value))).toBe(value);
      expect([list.at(0), list.at(6_665), list.rankOf(5_001)]).toEqual([1, 9_998, 3_334]);
    }
  });
});

describe('a counted set', () => {
  it('counts what is below any number', () => {
    const property = fc.property(fc.array(fc.tuple(fc.nat(63), fc.boolean())), (changes) => {
      const set = new CountedSet(64);
      const known = new Set<number>();
      for (const [number, isMember] of changes) {
        set.set(number, isMember);
        if (isMember) known.add(number);
        else known.delete(number);
      }
      expect(set.count).toBe(known.size);
      for (let number = 0; number <= 64; number += 1)
        expect(set.below(number)).toBe([...known].filter((each) => each < number).length);
    });
    fc.assert(property);
  });
});

describe('ranges', () => {
  const range = fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.nat(5))
    .map(([low, size]) => [low, low + size] as const);
  const ranges = fc.array(range, { maxLength: 4 }).map((all) => union([all]));
  const times = Array.from({ length: 40 }, (_, n) => n - 20);

  it('hold what sets of times would', () => {
    const property = fc.property(ranges, ranges, (a, b) => {
      const [both, either, not] = [intersection([a, b]), union([a, b]), complement(a)];
      for (const time of times) {
        const [inA, inB] = [contains(a, time), contains(b, time)];
        expect([contains(both, time), contains(either, time), contains(not, time)]).toEqual([
          inA && inB,
          inA || inB,
          !inA,
        ]);
      }
      for (const [low, high] of [...both, ...either, ...not]) expect(low).toBeLessThanOrEqual(high);
    });
    fc.assert(property);
  });
});
