/**
 * Time zones and the moments at which they are hard: all that this machine knows, and the days when their
 * clocks change.
 */

import fc from 'fast-check';

const DAY = 86_400;
const at = (iso: string) => Date.parse(iso) / 1000;
const EARLIEST = at('1970-01-01T00:00:00Z');
const LATEST = at('2100-12-31T23:59:59Z');

/**
 * Days that were skipped, repeated in part or that began behind midnight; each by a moment near its change of
 * clocks.
 */
const HARD_DAYS: readonly (readonly [zone: string, iso: string])[] = [
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Pacific/Fakaofo', '2011-12-30T11:00:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00:00Z'],
  ['Pacific/Kiritimati', '1994-12-31T10:00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  ['Asia/Beirut', '2024-03-30T22:00:00Z'],
  ['Africa/Cairo', '2024-04-25T22:00:00Z'],
  ['Africa/Cairo', '2023-10-26T21:00:00Z'],
  ['America/Havana', '2024-03-10T05:00:00Z'],
  ['America/Santiago', '2024-09-08T04:00:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ['America/Goose_Bay', '2010-11-07T03:01:00Z'],
  ['America/Moncton', '2003-10-26T03:01:00Z'],
  ['Antarctica/Troll', '2024-03-31T01:00:00Z'],
  ['Australia/Lord_Howe', '2024-04-06T15:00:00Z'],
  ['Asia/Pyongyang', '2015-08-14T15:00:00Z'],
  ['Africa/Monrovia', '1972-01-07T00:44:30Z'],
];

export const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));

/** A zone with a moment in epoch seconds: any, or one within two days of a change of clocks. */
export const zonedMoment: fc.Arbitrary<{ zone: string; time: number }> = fc.oneof(
  fc.record({ zone, time: fc.integer({ min: EARLIEST, max: LATEST }) }),
  near(fc.constantFrom(...HARD_DAYS).map(([name, iso]) => ({ zone: name, time: at(iso) }))),
  near(
    fc.record({ zone, year: fc.integer({ min: 1970, max: 2100 }), pick: fc.nat() }).map((of) => {
      const found = changesOf(of.zone, of.year);
      return { zone: of.zone, time: found[of.pick % found.length] ?? Date.UTC(of.year) / 1000 };
    }),
  ),
);

function near(moments: fc.Arbitrary<{ zone: string; time: number }>) {
  const beside = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2 * DAY, max: 2 * DAY }));
  return fc
    .tuple(moments, beside)
    .map(([moment, seconds]) => ({ zone: moment.zone, time: moment.time + seconds }));
}

/** The first seconds (epoch) after the changes of clocks in a year. */
function changesOf(timeZone: string, year: number): number[] {
  const months = Array.from({ length: 13 }, (_, month) => Date.UTC(year, month, 1) / 1000);
  return months.slice(1).flatMap((end, month) => {
    let before = months[month] ?? end;
    let after = end;
    if (offsetAt(before, timeZone) === offsetAt(after, timeZone)) return [];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(middle, timeZone) === offsetAt(end, timeZone)) after = middle;
      else before = middle;
    }
    return [after];
  });
}

function offsetAt(time: number, timeZone: string): string {
  const parts = formatOf(timeZone, 'longOffset').formatToParts(time * 1000);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** The calendar day of a moment in epoch seconds. */
export function dayOf(time: number, timeZone: string): string {
  return formatOf(timeZone, 'day').format(time * 1000);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string, shows: 'day' | 'longOffset'): Intl.DateTimeFormat {
  const key = `${shows} ${timeZone}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const options = shows === 'day' ? { dateStyle: 'short' as const } : { timeZoneName: 'longOffset' as const };
  const made = new Intl.DateTimeFormat('sv-SE', { timeZone, ...options });
  formats.set(key, made);
  return made;
}
