/** What windows that are read side by side, in any order, make safe. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Window } from '../../../src/model/state.js';
import { type ClosedWindow, type Reached, WindowPlan } from '../../../src/sync/window-plan.js';

const LOOKBACK = 100;
const SECOND = { unit: 'second' } as const;

/** A cover that was split into these windows, the last of them open, with rows up to `newest`. */
function coverOf(pieces: readonly Window[], newest: number, ahead: readonly ClosedWindow[] = []): WindowPlan {
  const whole = { from: pieces[0]?.from ?? 0, to: null };
  const cover = new WindowPlan(whole, ahead, LOOKBACK);
  const first = cover.next();
  if (first === null) throw new Error('there is nothing to read');
  cover.split(first, pieces, newest, SECOND);
  return cover;
}

const three = [
  { from: 0, to: 999 },
  { from: 1_000, to: 1_999 },
  { from: 2_000, to: null },
] as const;

/** Everything that can be read now. */
function taken(cover: WindowPlan): Window[] {
  const windows: Window[] = [];
  for (let next = cover.next(); next !== null; next = cover.next()) windows.push(next);
  return windows;
}

describe('WindowPlan', () => {
  it('moves the bookmark past what is read without a gap, and records what is read ahead of it', () => {
    const cover = coverOf(three, 3_000);
    const [first, second, third] = taken(cover) as [Window, Window, Window];
    expect(cover.read(second, 1_999)).toEqual({
      bookmark: null,
      ahead: [{ from: 1_000, to: 1_999 }],
      complete: false,
    });
    expect(cover.read(first, 999)).toEqual({ bookmark: 1_999, ahead: [], complete: false });
    expect(cover.read(third, 3_050)).toEqual({ bookmark: 3_000, ahead: [], complete: true });
  });

  it('records nothing that late rows can still show up in', () => {
    const cover = coverOf(three, 1_800);
    const [, second, third] = taken(cover) as [Window, Window, Window];
    expect(cover.read(third, 1_800).ahead).toEqual([]);
    expect(cover.read(second, 1_800).ahead).toEqual([{ from: 1_000, to: 1_700 }]);
  });

  it('reads only what earlier cycles have not read', () => {
    const cover = coverOf(three, 3_000, [
      { from: 500, to: 1_200 },
      { from: 1_900, to: 2_400 },
    ]);
    expect(taken(cover)).toEqual([
      { from: 0, to: 499 },
      { from: 1_201, to: 1_899 },
      { from: 2_401, to: null },
    ]);
  });

  it('tells how much is read, windows under way included', () => {
    const cover = coverOf(three, 3_000);
    const [first, second] = taken(cover) as [Window, Window];
    cover.read(first, 900);
    cover.reach(second, 1_500, 1_990, null);
    expect(cover.progress).toEqual({ covered: 999 + 499, toCover: 3_000 });
  });

  it('gives away the older half of the longest stretch that is still to be read, once no window waits', () => {
    const cover = coverOf(three, 10_000);
    const [first, , third] = taken(cover) as [Window, Window, Window];
    expect(cover.next()).toBeNull();
    // 8,000 seconds at one row in ten seconds, and 900 at one a second.
    cover.reach(third, 9_999, 10_000, 10);
    cover.reach(first, 900, 999, 1);
    const half = cover.next() as Window;
    expect(half).toEqual({ from: 0, to: 449 });
    expect(first).toEqual({ from: 450, to: 999 });
    expect(cover.read(half, null)).toMatchObject({ bookmark: 449, complete: false });
    expect(cover.read(first, null)).toMatchObject({ bookmark: 999 });
  });

  it('leaves short stretches to who reads them', () => {
    const cover = coverOf(three, 10_000);
    const [first] = taken(cover) as [Window];
    cover.reach(first, 599, 999, 1);
    expect(cover.next()).toBeNull();
    cover.reach(first, 900, 999, 0);
    expect(cover.next()).toBeNull();
    cover.reach(first, 601, 999, 1);
    expect(cover.next()).not.toBeNull();
  });

  it('keeps an interval that was small enough in one piece', () => {
    const cover = new WindowPlan({ from: 0, to: null }, [], LOOKBACK);
    const whole = cover.next() as Window;
    cover.reach(whole, 5_000, 9_000, 1);
    expect(cover.next()).toBeNull();
  });

  it('keeps windows within reach of the oldest one that is missing', () => {
    const pieces = Array.from({ length: 200 }, (_, index) => ({ from: index * 10, to: index * 10 + 9 }));
    const cover = coverOf([...pieces, { from: 2_000, to: null }], 3_000);
    const first = taken(cover);
    expect(first.length).toBeLessThan(100);
    for (const window of first.slice(1)) cover.read(window, null);
    expect(cover.next()).toBeNull();
    cover.read(first[0] as Window, null);
    expect(cover.next()).not.toBeNull();
  });

  it('never makes anything safe that is not read, over splits and crashes, in any order', () => {
    const step = fc.record({ pick: fc.nat(), split: fc.integer({ min: 0, max: 4 }), share: fc.boolean() });
    const steps = fc.array(step, { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 4 }), fc.nat(800), (cycles, newest) => {
        let bookmark = -1;
        let ahead: readonly ClosedWindow[] = [];
        const read = new Set<number>();
        const areRead = (from: number, to: number) => {
          for (let second = from; second <= to; second += 1) if (!read.has(second)) return false;
          return true;
        };
        for (const [cycle, all] of cycles.entries()) {
          const from = Math.max(0, bookmark - LOOKBACK);
          const cover = new WindowPlan({ from, to: null }, ahead, LOOKBACK);
          const open: Window[] = [];
          const check = (reached: Reached) => {
            if (reached.bookmark !== null) bookmark = Math.max(bookmark, reached.bookmark);
            ahead = reached.ahead;
            expect(areRead(0, bookmark)).toBe(true);
            for (const window of ahead) {
              expect(window.to).toBeLessThanOrEqual(newest - LOOKBACK);
              expect(areRead(window.from, window.to)).toBe(true);
            }
            for (const [index, window] of ahead.entries())
              expect(window.from).toBeGreaterThan((ahead[index - 1]?.to ?? -2) + 1);
            if (reached.complete) expect(bookmark).toBe(newest);
          };
          for (const { pick, split, share } of [
            ...all,
            ...(cycle === cycles.length - 1 ? finish(300) : []),
          ]) {
            open.push(...taken(cover));
            const window = open.splice(pick % Math.max(1, open.length), 1)[0];
            if (window === undefined) break;
            const end = window.to ?? Math.max(newest, window.from);
            if (share) {
              // So close that there are rows enough for a second reader.
              const down = window.from + Math.floor((end - window.from) * 0.9);
              for (let second = down; second <= end; second += 1) read.add(second);
              cover.reach(window, down, newest, 0.001);
              open.push(window);
              const half = cover.next();
              if (half !== null) open.push(half);
              continue;
            }
            const cuts = Array.from(
              { length: split },
              (_, cut) => window.from + Math.floor(((end - window.from) * (cut + 1)) / (split + 1)),
            );
            const starts = [...new Set([window.from, ...cuts])];
            if (starts.length > 1) {
              const pieces = starts.map((start, index) => ({
                from: start,
                to: (starts[index + 1] ?? Number.NaN) - 1 || null,
              }));
              cover.split(
                window,
                [...pieces.slice(0, -1), { from: starts.at(-1) ?? 0, to: window.to }],
                newest,
                SECOND,
              );
              continue;
            }
            for (let second = window.from; second <= end; second += 1) read.add(second);
            check(cover.read(window, newest));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Enough steps without a split to read everything that is left. */
function finish(steps: number) {
  return Array.from({ length: steps }, () => ({ pick: 0, split: 0, share: false }));
}
