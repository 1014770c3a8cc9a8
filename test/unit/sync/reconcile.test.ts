import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownIdCollector, planReconcile } from '../../../src/sync/reconcile.js';
import { windowsOver } from '../../../src/sync/windows.js';
import { runs } from '../../support/runs.js';

const iso = (ms: number) => new Date(ms).toISOString();

describe('planReconcile', () => {
  const at = { now: 1_000_000, next: 2_000_000, isFirst: false };

  it.each([
    [
      'a first cycle has nothing to compare',
      null,
      { ...at, isFirst: true },
      { dueAt: 2_000_000, walk: null },
      false,
    ],
    ['a state of a version without reconcile', null, at, { dueAt: 2_000_000, walk: { reached: null } }, true],
    ['not due yet', { dueAt: 1_500_000, walk: null }, at, { dueAt: 1_500_000, walk: null }, false],
    ['due', { dueAt: 1_000_000, walk: null }, at, { dueAt: 2_000_000, walk: { reached: null } }, true],
    [
      'due long ago, as after a stop over several days',
      { dueAt: 5, walk: null },
      at,
      { dueAt: 2_000_000, walk: { reached: null } },
      true,
    ],
    [
      'cut short',
      { dueAt: 1_900_000, walk: { reached: 77 } },
      at,
      { dueAt: 1_900_000, walk: { reached: 77 } },
      true,
    ],
    [
      'a schedule that comes sooner now',
      { dueAt: 9_000_000, walk: null },
      at,
      { dueAt: 2_000_000, walk: null },
      false,
    ],
  ] as const)('%s', (_, mark, when, expected, start) => {
    const before = mark === null ? null : { ...mark, dueAt: iso(mark.dueAt) };
    expect(planReconcile(before, when)).toEqual({ mark: { ...expected, dueAt: iso(expected.dueAt) }, start });
  });
});

describe('KnownIdCollector', () => {
  const versions = fc.array(
    fc.record({
      id: fc.integer({ min: 0, max: 40 }).map(String),
      time: fc.option(fc.integer({ min: -20, max: 60 })),
    }),
    { maxLength: 300 },
  );

  it('gives every row that stands in the log exactly once over its rounds, with its last time, within its bounds', () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 1, max: 10 }), (log, limit) => {
        const expected = new Map<string, number>();
        for (const { id, time } of log) {
          if (time === null) expected.delete(id);
          else expected.set(id, time);
        }
        const found = new Map<string, number>();
        for (let after: number | null = null, round = 0; ; round += 1) {
          expect(round).toBeLessThan(100);
          const collector = new KnownIdCollector(after, limit);
          for (const { id, time } of log) {
            if (time === null) collector.delete(id);
            else collector.set(id, time);
          }
          const { times, until } = collector.known;
          for (const [id, time] of times) {
            expect(found.has(id)).toBe(false);
            found.set(id, time);
          }
          if (until === null) break;
          after = until;
        }
        expect(found).toEqual(expected);
      }),
    );
  });

  it('holds no more than twice its limit, but never parts rows of one second', () => {
    const collector = new KnownIdCollector(null, 10);
    for (let id = 0; id < 1_000; id += 1) collector.set(String(id), id % 100);
    expect(collector.known.times.size).toBeLessThanOrEqual(20);
    const second = new KnownIdCollector(null, 10);
    for (let id = 0; id < 50; id += 1) second.set(String(id), 7);
    expect(second.known).toMatchObject({ times: expect.objectContaining({ size: 50 }), until: null });
  });

  it('keeps the latest of the times that several records report of one row', () => {
    const collector = new KnownIdCollector(null, 10);
    collector.raise('a', 5);
    collector.raise('a', 3.9);
    expect([...collector.known.times]).toEqual([['a', 5]]);
  });
});

describe('windowsOver', () => {
  const zones = ['UTC', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kolkata', 'Europe/Berlin'];
  const grains = fc.oneof(
    fc.constant({ unit: 'second' as const }),
    fc.constantFrom(...zones).map((timeZone) => ({ unit: 'day' as const, timeZone })),
  );
  const day = (time: number, timeZone: string) =>
    new Date(time * 1000).toLocaleDateString('en-CA', { timeZone });

  it('holds every time in exactly one window, in order, and never ends within a second or a day', () => {
    const times = fc.array(fc.integer({ min: 1_300_000_000, max: 1_330_000_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 200 }), grains, (some, copies, grain) => {
        const all = some.flatMap((time) => Array.from({ length: copies }, () => time));
        const windows = windowsOver(all, grain);
        for (const time of some)
          expect(windows.filter(({ from, to }) => time >= from && time <= to)).toHaveLength(1);
        windows.forEach(({ from, to }, index) => {
          expect(to).toBeGreaterThanOrEqual(from);
          const next = windows[index + 1];
          if (next === undefined) return;
          expect(next.from).toBeGreaterThan(to);
          if (grain.unit === 'day') expect(day(next.from, grain.timeZone)).not.toBe(day(to, grain.timeZone));
        });
      }),
      { numRuns: runs(60) },
    );
  });
});
