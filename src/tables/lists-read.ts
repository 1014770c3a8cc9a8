import { digestOf } from '../model/json.js';
import { idOf, type RawRow } from '../model/row.js';
import { epochSeconds } from '../model/time.js';

/**
 * The rows whose lists were completed lately. A search shows the same row in each poll within the lookback;
 * its lists are read again only when the search shows anything else of it. Kept in memory only, so a restart
 * completes them once more.
 */
export class ListsRead {
  readonly #lookback: number;
  /** By ID: the digest of the row, and its `updated_at` in epoch seconds. */
  readonly #rows = new Map<string, { readonly version: string; readonly updatedAt: number }>();
  #floor = Number.NEGATIVE_INFINITY;

  /** `lookback` in seconds. */
  constructor(lookback: number) {
    this.#lookback = lookback;
  }

  /**
   * Forgets rows that are more than the lookback older than the newest row (epoch seconds): no poll reads
   * them again.
   */
  moveOn(newest: number | null): void {
    const floor = (newest ?? Number.NEGATIVE_INFINITY) - this.#lookback;
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const [id, { updatedAt }] of this.#rows) if (updatedAt < floor) this.#rows.delete(id);
  }

  /** Whether the lists of a row, as the search shows it, were completed. */
  has(row: RawRow): boolean {
    return this.#rows.get(idOf(row))?.version === digestOf(row);
  }

  /** The lists of a row, as the search showed it, were completed, and it is on its way to the topic. */
  add(row: RawRow): void {
    const updatedAt = epochSeconds(row.updated_at);
    if (updatedAt === null || updatedAt < this.#floor) return;
    this.#rows.set(idOf(row), { version: digestOf(row), updatedAt });
  }
}
