/**
 * Windows and days in every time zone that this machine knows, from 1970 to 2100, above all where clocks
 * change.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Window } from '../../../src/model/state.js';
import {
  type Grain,
  knownTimeZone,
  splitWindow,
  startOfDay,
  windowsOver,
  windowToRead,
} from '../../../src/sync/windows.js';
import { runs } from '../../support/runs.js';
import { dayOf, zone, zonedMoment } from './zones.js';

const DAY = 86_400;
/** Until 2011 clocks went back here a minute past midnight: a day began, broke off, and began once more. */
const BROKEN_DAYS = new Set(['America/St_Johns', 'America/Goose_Bay', 'America/Moncton']);

describe('windowToRead', () => {
  it('holds everything behind the bookmark and its lookback, nothing from before the start date, and has no end', () => {
    const time = fc.integer({ min: 0, max: 5_000_000_000 });
    const asked = fc.record({
      bookmark: fc.option(time),
      lookback: fc.nat(1_000_000),
      startDate: time,
    });
    fc.assert(
      fc.property(asked, (at) => {
        const { from, to } = windowToRead(at);
        expect(to).toBeNull();
        expect(from).toBeGreaterThanOrEqual(at.startDate);
        const oldest = at.bookmark === null ? at.startDate : at.bookmark - at.lookback;
        if (from > at.startDate) expect(from).toBe(oldest);
        else expect(oldest).toBeLessThanOrEqual(at.startDate);
      }),
    );
  });
});

describe('startOfDay', () => {
  it('lies in the same calendar day, and the second before it does not', () => {
    fc.assert(
      fc.property(zonedMoment, ({ zone: timeZone, time }) => {
        const start = startOfDay(time, timeZone);
        expect(start).toBeLessThanOrEqual(time);
        expect(dayOf(start, timeZone)).toBe(dayOf(time, timeZone));
        expect(dayOf(start - 1, timeZone)).not.toBe(dayOf(time, timeZone));
      }),
      { numRuns: runs(500) },
    );
  });

  it('is the same for each moment of a day', () => {
    fc.assert(
      fc.property(zonedMoment, fc.nat(DAY), ({ zone: timeZone, time }, later) => {
        fc.pre(!BROKEN_DAYS.has(timeZone) && dayOf(time, timeZone) === dayOf(time + later, timeZone));
        expect(startOfDay(time + later, timeZone)).toBe(startOfDay(time, timeZone));
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('splitWindow', () => {
  interface Split {
    readonly window: Window;
    readonly found: { readonly newest: number; readonly total: number };
    readonly grain: Grain;
  }

  const span = fc.oneof(fc.nat(3 * DAY), fc.nat(400 * DAY));
  const split: fc.Arbitrary<Split> = fc
    .record({
      moment: zonedMoment,
      behind: span,
      ahead: span,
      total: fc.oneof(fc.nat(6_000), fc.nat(200_000)),
      isOpen: fc.boolean(),
      isByDay: fc.boolean(),
    })
    .map(({ moment: { zone: timeZone, time }, behind, ahead, total, isOpen, isByDay }) => ({
      window: { from: time - behind, to: isOpen ? null : time + ahead },
      found: { newest: time + ahead, total },
      grain: isByDay ? { unit: 'day', timeZone } : { unit: 'second' },
    }));

  /** Of two times in a broken day the later one may be aligned to the earlier of its beginnings. */
  const BROKEN_SPLIT: Split = {
    window: { from: 1_289_096_999, to: 1_289_114_165 },
    found: { newest: 1_289_114_165, total: 132_001 },
    grain: { unit: 'day', timeZone: 'America/St_Johns' },
  };

  it('makes pieces that cover exactly the window, in order, without gap or overlap, and open where it is', () => {
    fc.assert(
      fc.property(split, ({ window, found, grain }) => {
        const pieces = splitWindow(window, found, grain);
        expect(pieces[0]?.from).toBe(window.from);
        expect(pieces.at(-1)?.to).toBe(window.to);
        for (const [index, { from, to }] of pieces.entries()) {
          const next = pieces[index + 1];
          if (next !== undefined) expect(to).toBe(next.from - 1);
          expect(to ?? found.newest).toBeGreaterThanOrEqual(from);
        }
      }),
      { numRuns: runs(500), examples: [[BROKEN_SPLIT]] },
    );
  });

  it('begins a piece where a day begins, where the API can tell only days apart', () => {
    fc.assert(
      fc.property(split, ({ window, found, grain }) => {
        const pieces = splitWindow(window, found, grain);
        if (grain.unit === 'second') return;
        for (const { from } of pieces.slice(1))
          expect(dayOf(from - 1, grain.timeZone)).not.toBe(dayOf(from, grain.timeZone));
      }),
      { numRuns: runs(500) },
    );
  });

  it('makes no more pieces than rows ask for, and splits what can be split', () => {
    fc.assert(
      fc.property(split, ({ window, found, grain }) => {
        const pieces = splitWindow(window, found, grain);
        expect(pieces.length).toBeLessThanOrEqual(Math.max(1, Math.ceil(found.total / 1_500)));
        const seconds = found.newest - window.from;
        const finest = grain.unit === 'second' ? 1 : 4 * DAY;
        if (found.total > 1_500 && seconds > finest) expect(pieces.length).toBeGreaterThan(1);
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('windowsOver', () => {
  type Heaps = [{ zone: string; time: number }, { after: number; rows: number }[], boolean];
  /** More rows than a window holds, in one second of a broken day. */
  const BROKEN_HEAP: Heaps = [
    { zone: 'America/Moncton', time: 1_067_137_260 },
    [{ after: 0, rows: 1_501 }],
    true,
  ];

  it('holds every time once, in order, and never parts two times that the filter can not tell apart', () => {
    const heaps = fc.array(fc.record({ after: fc.nat(5 * DAY), rows: fc.nat(1_200) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(zonedMoment, heaps, fc.boolean(), ({ zone: timeZone, time }, piled, isByDay) => {
        const times = piled.flatMap(({ after, rows }) => Array.from({ length: rows }, () => time + after));
        const windows = windowsOver(times, isByDay ? { unit: 'day', timeZone } : { unit: 'second' });
        const held = windows.map(({ from, to }) => times.filter((each) => each >= from && each <= to).length);
        expect(held.reduce((sum, rows) => sum + rows, 0)).toBe(times.length);
        for (const [index, { from }] of windows.slice(1).entries()) {
          const before = windows[index]?.to ?? from;
          expect(before).toBeLessThan(from);
          if (isByDay && !BROKEN_DAYS.has(timeZone))
            expect(dayOf(before, timeZone)).not.toBe(dayOf(from, timeZone));
        }
      }),
      { numRuns: runs(200), examples: [BROKEN_HEAP] },
    );
  });
});

describe('knownTimeZone', () => {
  it('names a time zone that days can be told in, whatever the API calls it', () => {
    const named = fc.oneof(fc.constant(null), fc.string(), zone);
    fc.assert(
      fc.property(named, fc.nat(4_000_000_000), (name, time) => {
        expect(startOfDay(time, knownTimeZone(name))).toBeLessThanOrEqual(time);
      }),
    );
    fc.assert(
      fc.property(zone, (name) => {
        expect(knownTimeZone(name)).toBe(name);
      }),
    );
  });
});
