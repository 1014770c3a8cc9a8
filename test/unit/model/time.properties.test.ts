/** Times in every spelling that the API has been seen to use, whatever the time zone of the machine. */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { epochSeconds, toEpochMillis } from '../../../src/model/time.js';

const MAX_MILLIS = 8.64e15;
const MILLIS_FROM = 253_402_300_800;
const ZONES = ['UTC', 'America/St_Johns', 'Pacific/Apia', 'Asia/Kolkata'];

const moment = fc.integer({ min: -MAX_MILLIS, max: MAX_MILLIS });
const padded = (max: number, width = 2) => fc.nat(max).map((each) => String(each).padStart(width, '0'));

/** A text with what it says, taken apart: `ms` is the time in UTC, the offset of the zone taken off. */
const spelled = fc
  .record({
    ms: fc.integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 11, 30) }),
    separator: fc.constantFrom('T', 't', ' '),
    precision: fc.constantFrom('day', 'minute', 'second', 'millisecond'),
    zone: fc.oneof(
      fc.constantFrom('', 'Z', 'z', 'UTC', 'utc', ' UTC', ' Z'),
      fc
        .tuple(fc.constantFrom('', ' '), fc.constantFrom('+', '-'), padded(14), fc.constantFrom('', ':'))
        .chain(([space, sign, hours, colon]) =>
          padded(59).map((minutes) => `${space}${sign}${hours}${colon}${minutes}`),
        ),
    ),
  })
  .map(({ ms, separator, precision, zone }) => {
    const [day = '', clock = ''] = new Date(ms).toISOString().slice(0, -1).split('T');
    if (precision === 'day') return { text: day, ms: Date.parse(`${day}T00:00:00Z`) };
    const shown = clock.slice(0, { minute: 5, second: 8, millisecond: 12 }[precision]);
    const local = Date.parse(`${day}T${clock.slice(0, shown.length)}Z`);
    return { text: `${day}${separator}${shown}${zone}`, ms: local - offsetOf(zone) };
  });

/** Milliseconds that a zone is ahead of UTC. */
function offsetOf(zone: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)/.exec(zone) ?? [];
  const size = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return sign === '-' ? -size : size;
}

/** Texts that look like a time, with years, days and clocks that no calendar has. */
const timelike = fc
  .tuple(
    fc.constantFrom('', '+', '-'),
    fc.constantFrom(4, 5, 6).chain((width) => padded(10 ** width - 1, width)),
    padded(14),
    padded(33),
    fc.constantFrom('', 'T', 't', ' '),
    padded(25),
    padded(61),
    fc.constantFrom('', ':07', ':07.5', ':61', 'Z', ':07Z', ':07 utc', ':07+0530', ':07 -09:00'),
  )
  .map(([sign, year, month, day, separator, hour, minute, rest]) =>
    separator === ''
      ? `${sign}${year}-${month}-${day}`
      : `${sign}${year}-${month}-${day}${separator}${hour}:${minute}${rest}`,
  );

/** What `run` returns on a machine in the time zone. */
function inZone<T>(zone: string, run: () => T): T {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

describe.each(ZONES)('times on a machine in %s', (machineZone) => {
  const before = process.env.TZ;
  beforeAll(() => {
    process.env.TZ = machineZone;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  it('are the same as seconds, as a text of seconds and back', () => {
    const seconds = fc.integer({ min: -(MILLIS_FROM - 1), max: MILLIS_FROM - 1 });
    fc.assert(
      fc.property(seconds, (each) => {
        expect([toEpochMillis(each), toEpochMillis(` ${each}`)]).toEqual([each * 1000, each * 1000]);
        expect(epochSeconds(each)).toBe(each);
      }),
    );
  });

  it('are the same as milliseconds, as a text of milliseconds and back', () => {
    const near = fc.integer({ min: MILLIS_FROM, max: 20 * MILLIS_FROM });
    const millis = fc.oneof(near, moment).filter((ms) => Math.abs(ms) >= MILLIS_FROM);
    fc.assert(
      fc.property(millis, (ms) => {
        expect([toEpochMillis(ms), toEpochMillis(String(ms))]).toEqual([ms, ms]);
        expect(epochSeconds(ms)).toBe(ms / 1000);
      }),
    );
  });

  it('are the same as ISO text and back', () => {
    fc.assert(
      fc.property(moment, (ms) => {
        expect(toEpochMillis(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });

  it('are read from every spelling, as UTC where no zone is named', () => {
    fc.assert(
      fc.property(spelled, ({ text, ms }) => {
        expect(toEpochMillis(text)).toBe(ms);
      }),
      { numRuns: 500 },
    );
  });
});

it('gives whole milliseconds that a date can hold or null, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.double(), timelike), (raw) => {
      const ms = toEpochMillis(raw);
      if (ms === null) return;
      expect(Number.isInteger(ms)).toBe(true);
      expect(Math.abs(ms)).toBeLessThanOrEqual(MAX_MILLIS);
    }),
    { numRuns: 1_000 },
  );
});

it('gives the same for any text, whatever the time zone of the machine', () => {
  fc.assert(
    fc.property(timelike, (text) => {
      const [utc, ...others] = ZONES.map((zone) => inZone(zone, () => toEpochMillis(text)));
      for (const other of others) expect(other).toBe(utc);
    }),
    { numRuns: 1_000 },
  );
});
