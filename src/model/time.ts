/**
 * The one place that decides what a time from the API means.
 *
 * The same field arrives as epoch seconds, as epoch milliseconds, as either in a string, and as ISO 8601 text.
 */

/** From here on a number is milliseconds: as seconds it would be the year 5138, as milliseconds it is March 1973. */
const MILLISECONDS_FROM = 1e11;
/** What a JavaScript date, and with it every reader of a timestamp-millis, can hold. */
const MAX_EPOCH_MILLIS = 8.64e15;
const NUMERIC = /^-?\d+(\.\d+)?$/;
const ISO =
  /^(\d{4}|[+-]\d{6})-(\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?\s?(?:Z|UTC|([+-]\d{2}):?(\d{2}))?)?$/i;

/** Epoch milliseconds of a time as the API sends it, or null when it is missing or can't be read. ISO text without a zone is UTC. */
export function toEpochMillis(raw: unknown): number | null {
  if (typeof raw === 'number') return fromNumber(raw);
  if (typeof raw !== 'string') return null;
  const text = raw.trim();
  return NUMERIC.test(text) ? fromNumber(Number(text)) : fromIso(text);
}

/** Epoch seconds, with their fraction, of a time as the API sends it, or null when it is missing or can't be read. */
export function epochSeconds(raw: unknown): number | null {
  const ms = toEpochMillis(raw);
  return ms === null ? null : ms / 1000;
}

function fromNumber(value: number): number | null {
  const ms = Math.abs(value) >= MILLISECONDS_FROM ? value : value * 1000;
  return Number.isFinite(ms) && Math.abs(ms) <= MAX_EPOCH_MILLIS ? Math.round(ms) : null;
}

/** Spelled as ECMAScript prescribes it: what else a date may look like is read in the time zone of the machine. */
function fromIso(text: string): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, day, clock = '00:00', seconds = ':00', hours = '+00', minutes = '00'] = match;
  const ms = Date.parse(`${year}-${day}T${clock}${seconds}${hours}:${minutes}`);
  return Number.isNaN(ms) ? null : ms;
}
