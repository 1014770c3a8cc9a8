import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Window } from '../../../src/model/state.js';
import { halfway, knownTimeZone, splitWindow, startOfDay, windowToRead } from '../../../src/sync/windows.js';

const at = (iso: string) => Date.parse(iso) / 1000;

describe('windowToRead', () => {
  it.each([
    ['begins at the start date before the first cycle', null, at('2024-01-01T00:00:00Z')],
    ['reads the lookback again behind the bookmark', at('2024-05-01T12:00:00Z'), at('2024-05-01T11:45:00Z')],
    ['never goes behind the start date', at('2024-01-01T00:05:00Z'), at('2024-01-01T00:00:00Z')],
  ])('%s', (_, bookmark, from) => {
    const startDate = at('2024-01-01T00:00:00Z');
    expect(windowToRead({ bookmark, lookback: 900, startDate })).toEqual({ from, to: null });
  });
});

describe('splitWindow', () => {
  const second = { unit: 'second' } as const;

  it('leaves a small window whole', () => {
    const window = { from: 100, to: 200 };
    expect(splitWindow(window, { newest: 200, total: 1_500 }, second)).toEqual([window]);
  });

  it('leaves a window of one day whole, however many rows it has, where the API can tell only days apart', () => {
    const window = { from: at('2024-05-01T07:00:00Z'), to: null };
    const found = { newest: at('2024-05-01T20:00:00Z'), total: 1_000_000 };
    expect(splitWindow(window, found, { unit: 'day', timeZone: 'America/Los_Angeles' })).toEqual([window]);
  });

  it('splits by days of the workspace, also where a day has 23 hours', () => {
    const window = { from: at('2024-03-09T08:00:00Z'), to: null };
    const found = { newest: at('2024-03-12T06:59:59Z'), total: 4_500 };
    const pieces = splitWindow(window, found, { unit: 'day', timeZone: 'America/Los_Angeles' });
    const starts = pieces.map(({ from }) => new Date(from * 1000).toISOString());
    expect(starts).toEqual([
      '2024-03-09T08:00:00.000Z',
      '2024-03-10T08:00:00.000Z',
      '2024-03-11T07:00:00.000Z',
    ]);
    expect(pieces.at(-1)?.to).toBeNull();
  });

  it('splits evenly where the newest rows lie about as far apart as all of them do', () => {
    const found = { newest: 6_000, total: 6_000, pace: 0.6 };
    expect(splitWindow({ from: 0, to: null }, found, second).map(({ from }) => from)).toEqual([
      0, 1_500, 3_000, 4_500,
    ]);
  });

  it('deals out the newest rows where they lie much closer than all of them, and leaves the rest whole', () => {
    const found = { newest: 1_000_000, total: 6_000, pace: 2 };
    const pieces = splitWindow({ from: 0, to: null }, found, second);
    expect(pieces).toEqual([
      { from: 0, to: 990_999 },
      { from: 991_000, to: 993_999 },
      { from: 994_000, to: 996_999 },
      { from: 997_000, to: null },
    ]);
  });

  it('takes many updates of one moment for no more than that', () => {
    const found = { newest: 1_000_000, total: 1_000_000, pace: 0 };
    const pieces = splitWindow({ from: 0, to: null }, found, second);
    expect(pieces).toHaveLength(24);
    expect(pieces[0]).toEqual({ from: 0, to: 999_976 });
  });

  it('measures from the newest row where a window ends later', () => {
    const found = { newest: 10_000, total: 3_000, pace: 1 };
    const pieces = splitWindow({ from: 0, to: 500_000 }, found, second);
    expect(pieces).toEqual([
      { from: 0, to: 8_499 },
      { from: 8_500, to: 500_000 },
    ]);
  });

  const zones = [
    'UTC',
    'America/Los_Angeles',
    'Europe/Dublin',
    'Asia/Kolkata',
    'Pacific/Apia',
    'America/Sao_Paulo',
  ];
  const grains = fc.oneof(
    fc.constant(second),
    fc.constantFrom(...zones).map((timeZone) => ({ unit: 'day' as const, timeZone })),
  );
  const moment = fc.integer({ min: at('2005-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') });

  it('covers exactly the window, without gap or overlap, and stays open where it was', () => {
    const cases = fc.record({
      from: moment,
      span: fc.integer({ min: 0, max: 40_000_000 }),
      total: fc.nat(200_000),
      pace: fc.option(fc.double({ min: 0, max: 1_000, noNaN: true })),
      open: fc.boolean(),
      grain: grains,
    });
    fc.assert(
      fc.property(cases, ({ from, span, total, pace, open, grain }) => {
        const window: Window = { from, to: open ? null : from + span };
        const found = { newest: from + span, total, ...(pace === null ? {} : { pace }) };
        const pieces = splitWindow(window, found, grain);
        expect(pieces[0]?.from).toBe(from);
        expect(pieces.at(-1)?.to).toBe(window.to);
        for (const [index, piece] of pieces.entries()) {
          const next = pieces[index + 1];
          if (next !== undefined) expect(piece.to).toBe(next.from - 1);
          if (piece.to !== null) expect(piece.to).toBeGreaterThanOrEqual(piece.from);
        }
      }),
    );
  });

  it('cuts days only at their beginnings', () => {
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.constantFrom(...zones),
        (from, span, timeZone) => {
          const pieces = splitWindow(
            { from, to: null },
            { newest: from + span, total: 100_000 },
            { unit: 'day', timeZone },
          );
          for (const piece of pieces.slice(1)) expect(startOfDay(piece.from, timeZone)).toBe(piece.from);
        },
      ),
    );
  });
});

describe('halfway', () => {
  it.each([
    ['the middle', 0, 10, 5],
    ['the only second behind the first', 0, 1, 1],
    ['none where there is one second', 7, 7, null],
  ])('%s', (_, from, to, middle) => {
    expect(halfway(from, to, { unit: 'second' })).toBe(middle);
  });

  it.each([
    ['the beginning of a day', '2024-06-01T07:00:00Z', '2024-06-09T20:00:00Z', '2024-06-05T07:00:00.000Z'],
    ['none within a day', '2024-06-01T07:00:00Z', '2024-06-01T20:00:00Z', null],
  ])('%s where the API can tell only days apart', (_, from, to, middle) => {
    const found = halfway(at(from), at(to), { unit: 'day', timeZone: 'America/Los_Angeles' });
    expect(found === null ? null : new Date(found * 1000).toISOString()).toBe(middle);
  });
});

describe('startOfDay', () => {
  it.each([
    ['a common day', '2024-06-01T12:00:00Z', 'America/Los_Angeles', '2024-06-01T07:00:00.000Z'],
    ['the last second of a day', '2024-06-01T06:59:59Z', 'America/Los_Angeles', '2024-05-31T07:00:00.000Z'],
    ['a day of 25 hours', '2024-11-04T07:30:00Z', 'America/Los_Angeles', '2024-11-03T07:00:00.000Z'],
    [
      'a day whose midnight was skipped',
      '2018-11-04T12:00:00Z',
      'America/Sao_Paulo',
      '2018-11-04T03:00:00.000Z',
    ],
    ['behind a day that was skipped', '2011-12-31T05:00:00Z', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    ['half an hour beside the hour', '2024-06-01T12:00:00Z', 'Asia/Kolkata', '2024-05-31T18:30:00.000Z'],
  ])('%s', (_, time, zone, start) => {
    expect(new Date(startOfDay(at(time), zone) * 1000).toISOString()).toBe(start);
  });

  it('is in the same day, and the second before is not', () => {
    const day = (time: number, timeZone: string) =>
      new Intl.DateTimeFormat('en-CA', { timeZone }).format(time * 1000);
    fc.assert(
      fc.property(
        fc.integer({ min: at('1990-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') }),
        fc.constantFrom('UTC', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Pacific/Apia'),
        (time, zone) => {
          const start = startOfDay(time, zone);
          expect(day(start, zone)).toBe(day(time, zone));
          expect(day(start - 1, zone)).not.toBe(day(time, zone));
        },
      ),
    );
  });
});

it('falls back to UTC for a time zone that this machine does not know', () => {
  expect(knownTimeZone('Europe/Dublin')).toBe('Europe/Dublin');
  expect(knownTimeZone('Middle-earth/Bree')).toBe('UTC');
  expect(knownTimeZone(null)).toBe('UTC');
});
