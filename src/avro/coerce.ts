/**
 * Scalars of an unexpected type that still say the same: the API sends numbers where it documents strings,
 * and the reverse.
 *
 * Each function gives the value in the wanted type, or undefined when the conversion would lose or guess
 * something.
 */

import { type EpochTime, readTime } from '../model/time.js';

/** Numbers and booleans as their JSON text; every digit of those that a double can't hold. */
export function toText(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  if (
    typeof raw === 'boolean' ||
    typeof raw === 'bigint' ||
    (typeof raw === 'number' && Number.isFinite(raw))
  )
    return String(raw);
  return undefined;
}

/**
 * The whole numbers that avsc writes rightly: its zigzag coding in doubles turns lower ones into others, and
 * it refuses higher ones.
 */
const MIN_LONG = -(2 ** 52);
const MAX_LONG = 2 ** 53 - 2;

/** Whole numbers, also as their decimal text. */
export function toLong(raw: unknown): number | undefined {
  return asLong(toDouble(raw));
}

/** Times as epoch milliseconds; what is finer than that is not exact. */
export function toTime(raw: unknown): EpochTime | undefined {
  const time = readTime(raw);
  const ms = asLong(time?.ms);
  return time === null || ms === undefined ? undefined : { ms, isExact: time.isExact };
}

function asLong(value: number | undefined): number | undefined {
  if (value === undefined || !Number.isInteger(value) || value < MIN_LONG || value > MAX_LONG)
    return undefined;
  return value === 0 ? 0 : value; // never -0, which Avro does not have
}

/** Finite numbers, also as the text that prints them. */
export function toDouble(raw: unknown): number | undefined {
  const value = typeof raw === 'string' ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (typeof raw === 'string' && String(value) !== raw) return undefined;
  return value === 0 ? 0 : value;
}

/** Booleans, also as text. */
export function toBoolean(raw: unknown): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  if (raw === 'true') return true;
  return raw === 'false' ? false : undefined;
}
