/**
 * One number for each minute of the last hour: a sum, or the highest value.
 *
 * At most 60 numbers of 4 bytes, and none before the first one: 500 connections with 11 tables each take some
 * 3 MB when all of them are active.
 */

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** The numbers of minutes that follow each other. */
export interface Minutes {
  /** Epoch seconds at which the first one begins. */
  readonly from: number;
  /** From the first number that is not 0 to the last one; empty without any. */
  readonly values: readonly number[];
}

export const NO_MINUTES: Minutes = { from: 0, values: [] };

export class History {
  /** By minute modulo 60. */
  #values: Uint32Array | null = null;
  /** Epoch minutes. */
  #newest = 0;

  /** Adds to the number of this minute. */
  add(count: number, now: number): void {
    if (count > 0) this.#set(now, (before) => before + count);
  }

  /** Raises the number of this minute to `value`, where it is lower. */
  raise(value: number, now: number): void {
    if (value > 0) this.#set(now, (before) => Math.max(before, value));
  }

  /** The last hour, or as much of it as did not end before `from` (epoch milliseconds). */
  minutes(now: number, from = 0): Minutes {
    const isThere = (minute: number) => this.#at(minute) > 0;
    let first = Math.max(this.#newest, minuteOf(now), minuteOf(from) + MINUTES - 1) - MINUTES + 1;
    let last = this.#newest;
    while (first <= last && !isThere(first)) first += 1;
    while (first <= last && !isThere(last)) last -= 1;
    if (first > last) return NO_MINUTES;
    const values: number[] = [];
    for (let minute = first; minute <= last; minute += 1) values.push(this.#at(minute));
    return { from: first * 60, values };
  }

  /** The number of the last whole minute. */
  lastMinute(now: number): number {
    const minute = minuteOf(now) - 1;
    return minute > this.#newest - MINUTES && minute <= this.#newest ? this.#at(minute) : 0;
  }

  #at(minute: number): number {
    return this.#values?.[minute % MINUTES] ?? 0;
  }

  #set(now: number, change: (before: number) => number): void {
    this.#values ??= new Uint32Array(MINUTES);
    this.#turn(this.#values, minuteOf(now));
    const slot = this.#newest % MINUTES;
    this.#values[slot] = change(this.#values[slot] ?? 0);
  }

  /** Clears the minutes that have passed. A clock that is set back by less than an hour changes nothing. */
  #turn(values: Uint32Array, minute: number): void {
    if (minute <= this.#newest - MINUTES) this.#newest = 0;
    const passed = Math.min(MINUTES, Math.max(0, minute - this.#newest));
    for (let index = 0; index < passed; index += 1) values[(minute - index) % MINUTES] = 0;
    this.#newest = Math.max(this.#newest, minute);
  }
}

function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}
