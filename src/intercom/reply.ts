/** What every kind of listing reads from a reply. */

import { type RawRow, rowOf } from '../model/row.js';
import { epochSeconds } from '../model/time.js';
import type { ApiReply } from './transport.js';

/** The rows under the first of the keys that holds a list; for an element that is no object see `rowOf`. */
export function rowsIn({ json }: Pick<ApiReply, 'json'>, lists: readonly string[]): RawRow[] {
  const list = lists.map((key) => json[key]).find(Array.isArray);
  return (list ?? []).map(rowOf);
}

/**
 * The greatest of `newest` and the rows' `updated_at` (epoch seconds), as far as they are not in the future
 * by the API's clock: a row dated years ahead must not drag a bookmark past rows that are still to come.
 */
export function newestOf(newest: number | null, rows: readonly RawRow[], serverNow: number): number | null {
  return rows.reduce<number | null>((max, row) => {
    const time = epochSeconds(row.updated_at);
    if (time === null || time > serverNow + 1) return max;
    return max === null || time > max ? Math.floor(time) : max;
  }, newest);
}

/**
 * A number that the API may give as text, or NaN. What is neither can't be converted without risk:
 * `{"toString": 0}` throws.
 */
export function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}
