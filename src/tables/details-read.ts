import { digestOf } from '../model/json.js';
import { idOf, type RawRow } from '../model/row.js';
import { epochSeconds } from '../model/time.js';

/**
 * A second may bring another change behind the one that a search has shown, also where nothing else is ever
 * late.
 */
const MIN_LOOKBACK = 5;

interface Reading {
  /** Epoch seconds. */
  readonly updatedAt: number;
  /** The digest of what the search showed of the row. */
  readonly version: string;
  /** Milliseconds at which the search showed it first. */
  readonly firstAt: number;
  /** Milliseconds by which the detail was not read yet that was read last. */
  readonly readAt: number;
}

/**
 * The rows whose details were read lately. A poll that finds such a row unchanged need not read its detail
 * again. But a detail may still show something late: a change in the same second moves no `updated_at`, and
 * no API shows everything at once. So a detail is read again whenever the row has been known twice as long as
 * at the last reading, and a last time when the lookback is over. Whatever shows late within the lookback is
 * found by then, and at most twice as late as it showed, or by the next poll.
 *
 * Times are milliseconds of a monotonic clock; this class reads no clock itself.
 */
export class DetailsRead {
  readonly #lookback: number;
  readonly #readings = new Map<string, Reading>();
  /** Epoch seconds of `updated_at` before which no poll reads any more. */
  #floor = Number.NEGATIVE_INFINITY;

  /** `lookback` in seconds. */
  constructor(lookback: number) {
    this.#lookback = Math.max(lookback, MIN_LOOKBACK);
  }

  /** Rows whose readings are remembered. */
  get size(): number {
    return this.#readings.size;
  }

  /**
   * Forgets rows that are more than the lookback older than the newest row (epoch seconds): no poll reads
   * them again.
   */
  moveOn(newest: number | null): void {
    const floor = (newest ?? Number.NEGATIVE_INFINITY) - this.#lookback;
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const [id, { updatedAt }] of this.#readings) if (updatedAt < floor) this.#readings.delete(id);
  }

  /** Whether the detail of a row that a search showed at a time has to be read. */
  isDue(row: RawRow, at: number): boolean {
    const reading = this.#readings.get(idOf(row));
    if (reading === undefined || reading.version !== digestOf(row)) return true;
    const known = at - reading.firstAt;
    const knownThen = reading.readAt - reading.firstAt;
    const whole = this.#lookback * 1000;
    return knownThen < whole && known >= Math.min(2 * knownThen, whole);
  }

  /** The detail of a row that a search showed at a time was read after it, and is on its way to the topic. */
  add(row: RawRow, at: number): void {
    const updatedAt = epochSeconds(row.updated_at);
    if (updatedAt === null || updatedAt < this.#floor) return;
    const id = idOf(row);
    const version = digestOf(row);
    const before = this.#readings.get(id);
    const firstAt = before?.version === version ? before.firstAt : at;
    this.#readings.set(id, { updatedAt, version, firstAt, readAt: at });
  }
}
