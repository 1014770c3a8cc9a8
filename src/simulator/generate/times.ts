/** Times of generated rows, and the forms in which careless and hostile writers leave them. */

import type { SimulatorOptions } from '../options.js';

/** Epoch seconds of a generated row: rising with the index, with seconds that three rows share. */
export function risingTimes(
  options: SimulatorOptions,
  count: number,
  end: number,
): (index: number) => number {
  const span = Math.max(1, end - options.from);
  return (index) => options.from + Math.floor(((index - (index % 3)) * span) / Math.max(1, count));
}

/** The same time as other versions and other writers send it. */
export function disguised(time: number, index: number): unknown {
  switch (index % 5) {
    case 0:
      return time * 1000;
    case 1:
      return new Date(time * 1000).toISOString();
    case 2:
      return String(time);
    default:
      return time;
  }
}

const OUTLANDISH = [0, null, -86_400, 253_402_300_799, '1969-12-31T23:59:59Z', 1_000_000_000_000] as const;

/** A time that no clock ever showed: 0, null, before 1970, in the year 9999. */
export function outlandish(index: number): unknown {
  return OUTLANDISH[index % OUTLANDISH.length];
}

/** Epoch seconds of a time in any of the forms, or NaN. */
export function secondsOf(value: unknown): number {
  if (value === null || value === undefined || value === '') return Number.NaN;
  const number = Number(value);
  if (Number.isNaN(number)) return Math.floor(Date.parse(String(value)) / 1000);
  return Math.abs(number) >= 100_000_000_000 ? Math.floor(number / 1000) : number;
}
