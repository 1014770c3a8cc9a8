import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History, NO_MINUTES } from '../../../src/observe/history.js';
import { NOW } from './happenings.js';

const MINUTE = 60_000;

it('sums by the minute, and shows what lies between', () => {
  const history = new History();
  expect(history.minutes(NOW)).toEqual(NO_MINUTES);
  history.add(3, NOW);
  history.add(4, NOW + MINUTE - 1);
  history.add(5, NOW + 2 * MINUTE);
  expect(history.minutes(NOW + 2 * MINUTE)).toEqual({ from: NOW / 1_000, values: [7, 0, 5] });
  expect(history.lastMinute(NOW + 2 * MINUTE)).toBe(0);
  expect(history.lastMinute(NOW + 3 * MINUTE)).toBe(5);
});

it('keeps the highest value of a minute', () => {
  const history = new History();
  for (const used of [3, 9, 2]) history.raise(used, NOW);
  expect(history.minutes(NOW)).toEqual({ from: NOW / 1_000, values: [9] });
});

it('shows only what a client has not seen', () => {
  const history = new History();
  for (let minute = 0; minute < 10; minute += 1) history.add(1, NOW + minute * MINUTE);
  const now = NOW + 9 * MINUTE;
  expect(history.minutes(now, now - MINUTE - 1)).toEqual({ from: now / 1_000 - 120, values: [1, 1, 1] });
  expect(history.minutes(now, now)).toEqual({ from: now / 1_000, values: [1] });
});

it('forgets after an hour, also when the clock is set back by hours', () => {
  const history = new History();
  history.add(1, NOW);
  expect(history.minutes(NOW + 59 * MINUTE).values).toEqual([1]);
  expect(history.minutes(NOW + 60 * MINUTE)).toEqual(NO_MINUTES);
  history.add(2, NOW - 300 * MINUTE);
  expect(history.minutes(NOW - 300 * MINUTE)).toEqual({ from: NOW / 1_000 - 18_000, values: [2] });
});

it('holds what a list of all additions says of the last hour', () => {
  const additions = fc.array(fc.tuple(fc.nat(50), fc.nat(1_000)), { maxLength: 60 });
  fc.assert(
    fc.property(additions, fc.nat(100), (steps, wait) => {
      const history = new History();
      const all: { minute: number; count: number }[] = [];
      let now = NOW;
      for (const [minutes, count] of steps) {
        now += minutes * MINUTE;
        history.add(count, now);
        all.push({ minute: now / MINUTE, count });
      }
      now += wait * MINUTE;
      const newest = all.filter(({ minute }) => minute > now / MINUTE - 60);
      const { from, values } = history.minutes(now);
      const sum = (counts: readonly number[]) => counts.reduce((total, each) => total + each, 0);
      for (const [index, value] of values.entries()) {
        const counts = newest.filter(({ minute }) => minute === from / 60 + index).map(({ count }) => count);
        expect(value).toBe(sum(counts));
      }
      expect(sum(values)).toBe(sum(newest.map(({ count }) => count)));
      expect(values.length).toBeLessThanOrEqual(60);
    }),
  );
});
