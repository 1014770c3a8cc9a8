/**
 * The one place that decides what a time from the API means.
 *
 * The same field arrives as epoch seconds, as epoch milliseconds, as either in a string, and as ISO 8601
 * text. docs/tables.md has the rule.
 */

/**
 * The first second of the year 10000. A smaller number is seconds; from here on it is milliseconds, which
 * begin in January 1978.
 */
const MILLISECONDS_FROM = 253_402_300_800;
/** What a JavaScript date, and with it every reader of a timestamp-millis, can hold. */
const MAX_EPOCH_MILLIS = 8.64e15;
const NUMERIC = /^-?\d+(?:\.(\d+))?$/;
const ISO =
  /^(\d{4}|[+-]\d{6})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?\s?(?:Z|UTC|([+-])(\d{2}):?(\d{2}))?)?$/i;

/** A time that was read. */
export interface EpochTime {
  /** Whole epoch milliseconds: the nearest to what was sent. */
  readonly ms: number;
  /** False when what was sent is finer than milliseconds. */
  readonly isExact: boolean;
}

/**
 * A time as the API sends it, or null when it is missing, can't be read or does not exist. ISO text without a
 * zone is UTC.
 */
export function readTime(raw: unknown): EpochTime | null {
  if (typeof raw === 'number') return fromNumber(raw);
  if (typeof raw !== 'string') return null;
  const text = raw.trim();
  const numeric = NUMERIC.exec(text);
  return numeric === null ? fromIso(text) : fromDecimal(Number(text), numeric[1] ?? '');
}

/** Epoch milliseconds of a time as the API sends it, or null: see `readTime`. */
export function toEpochMillis(raw: unknown): number | null {
  return readTime(raw)?.ms ?? null;
}

/** Epoch seconds, with their fraction, of a time as the API sends it, or null: see `readTime`. */
export function epochSeconds(raw: unknown): number | null {
  const ms = toEpochMillis(raw);
  return ms === null ? null : ms / 1000;
}

function isMilliseconds(value: number): boolean {
  return Math.abs(value) >= MILLISECONDS_FROM;
}

function fromNumber(value: number): EpochTime | null {
  const perUnit = isMilliseconds(value) ? 1 : 1000;
  const ms = Math.round(value * perUnit);
  return Number.isFinite(ms) && Math.abs(ms) <= MAX_EPOCH_MILLIS
    ? { ms, isExact: ms / perUnit === value }
    : null;
}

/** A number that came as text may have more digits than a double holds. */
function fromDecimal(value: number, fraction: string): EpochTime | null {
  const time = fromNumber(value);
  return time === null || hasAtMost(isMilliseconds(value) ? 0 : 3, fraction)
    ? time
    : { ms: time.ms, isExact: false };
}

/** Whether a fraction needs no more digits than these. */
function hasAtMost(digits: number, fraction: string): boolean {
  return /^0*$/.test(fraction.slice(digits));
}

/** Read here, since `Date.parse` reads days that no month has as days of the next one. */
function fromIso(text: string): EpochTime | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const midnight = midnightOf(Number(year), Number(month), Number(day));
  const clock = clockOf(Number(hour), Number(minute), Number(second));
  const offset = offsetOf(match[8], Number(match[9] ?? 0), Number(match[10] ?? 0));
  if (year === '-000000' || midnight === null || clock === null || offset === null) return null;
  const ms = midnight + clock + Number(fraction.slice(0, 3).padEnd(3, '0')) - offset;
  return Math.abs(ms) <= MAX_EPOCH_MILLIS ? { ms, isExact: hasAtMost(3, fraction) } : null;
}

/** Epoch milliseconds at which a day begins, or null when no calendar has it. */
function midnightOf(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  // Unlike `Date.UTC` this leaves the years 0 to 99 as they are.
  date.setUTCFullYear(year, month - 1, day);
  const ms = date.getTime();
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms : null;
}

/** Milliseconds since midnight, or null when no clock shows that. */
function clockOf(hour: number, minute: number, second: number): number | null {
  return hour > 23 || minute > 59 || second > 59 ? null : ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Milliseconds that a zone is ahead of UTC, or null when no zone is that far. */
function offsetOf(sign: string | undefined, hours: number, minutes: number): number | null {
  const ms = clockOf(hours, minutes, 0);
  return sign === '-' && ms !== null ? -ms : ms;
}
