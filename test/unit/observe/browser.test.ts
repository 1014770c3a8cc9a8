/** What the status page writes and computes. What it draws: test/e2e/status-page-made-up.test.ts. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { counted, duration, shortened, shortNumber, until } from '../../../src/observe/browser/format.js';
import { axisEnd, lastHour, lastMinute, mergeMinutes } from '../../../src/observe/browser/last-hour.js';
import { NOW } from './happenings.js';

it.each([
  [0, '0s'],
  [119, '1m 59s'],
  [120, '2m'],
  [200, '3m'],
  [3_700, '1h 1m'],
  [90_061, '1d 1h'],
  [-5, '0s'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it.each([
  [0, '0'],
  [9_999, '9,999'],
  [12_345, '12.3K'],
  [4_500_000, '4.5M'],
])('%d is %s on an axis', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

it('counts with nouns, shortens texts, and says what is due', () => {
  expect([counted(1, 'row'), counted(1_000, 'row')]).toEqual(['1 row', '1,000 rows']);
  expect([shortened('abc', 3), shortened('abcd', 3)]).toEqual(['abc', 'abc…']);
  expect([until(NOW, NOW), until(NOW + 90_000, NOW)]).toEqual(['due', 'in 1m 30s']);
});

it('draws the last hour: 60 minutes up to the running one, with the peak', () => {
  const hour = lastHour({ from: NOW / 1_000 - 120, values: [3, 9, 4] }, NOW + 30_000);
  expect(hour.values).toHaveLength(60);
  expect(hour.values.slice(-3)).toEqual([3, 9, 4]);
  expect(hour).toMatchObject({ from: NOW / 1_000 - 59 * 60, total: 16, peak: 9, peakAt: 58 });
  expect(lastHour({ from: 0, values: [] }, NOW)).toMatchObject({ total: 0, peak: 0, peakAt: -1 });
});

it('reads the last whole minute', () => {
  const minutes = { from: NOW / 1_000 - 120, values: [3, 9, 4] };
  expect(lastMinute(minutes, NOW + 59_999)).toBe(9);
  expect(lastMinute(minutes, NOW + 60_000)).toBe(4);
  expect(lastMinute(minutes, NOW + 120_000)).toBe(0);
});

it('merges what is newer, and forgets what is older than an hour', () => {
  const known = { from: NOW / 1_000 - 61 * 60, values: [...new Array<number>(61).fill(1), 2] };
  const merged = mergeMinutes(known, { from: NOW / 1_000, values: [5] }, NOW);
  expect(lastHour(merged, NOW).values).toEqual([...new Array<number>(59).fill(1), 5]);
});

it('ends an axis at 1, 2 or 5 times a power of ten, at most 2.5 times the peak', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (peak) => {
      const end = axisEnd(peak);
      expect(end).toBeGreaterThanOrEqual(peak);
      expect(end).toBeLessThanOrEqual(peak * 2.5);
      expect(String(end)).toMatch(/^[125]0*$/);
    }),
  );
  expect(axisEnd(0)).toBe(1);
});
