/** Tables whose list can't be filtered by time and is too long to be read in each cycle, such as calls. */

import type { IntercomApi, Listing } from '../intercom/api.js';
import type { RawRow } from '../model/row.js';
import { type Page, type SearchedTable, searched } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { epochSeconds } from '../model/time.js';

export interface NewestFirstTable {
  readonly name: TableName;
  readonly listing: Listing;
  /** The field that the list is sorted by, newest first, as epoch seconds or ISO text. */
  readonly time: string;
  /** Whether the API has no row of this ID any more; left out where rows are never deleted. */
  readonly isGone?: (api: IntercomApi, id: string) => Promise<boolean>;
}

/**
 * A table that is read page by page from its newest row on, until a page is older than the window: the rows
 * behind it are known. A row that changes while its time stays is found within the lookback only.
 */
export function newestFirst({ name, listing, time, isGone }: NewestFirstTable): SearchedTable<IntercomApi> {
  const timeOf = (row: RawRow) => epochSeconds(row[time]);
  return searched({
    name,
    method: 'incremental',
    key: 'id',
    grain: 'second',
    // Each window pages from the newest row on: two of them would read the same pages.
    windowsAtOnce: 1,
    replicationKey: time,
    versionTime: (row) => row[time],
    ...(isGone === undefined ? {} : { isGone }),
    probe: (api) => api.list(listing).next(),
    async *pull(api, { from, to }): AsyncGenerator<Page> {
      const end = to ?? Number.POSITIVE_INFINITY;
      let newest: number | null = null;
      for await (const page of api.list(listing)) {
        const { newestHere, isPast } = positionOf(page.rows, timeOf, from, page.fetchedAt / 1000);
        newest = newestHere === null ? newest : Math.max(newest ?? newestHere, newestHere);
        // Rows without a time have no place in the order: they are read wherever they stand.
        const rows = page.rows.filter((row) => {
          const at = timeOf(row);
          return at === null || (at >= from && at <= end);
        });
        // The whole list is not what the window holds: no count of it, so that it is not split.
        yield { ...page, rows, total: null, newest, last: page.last || isPast };
        if (isPast) return;
      }
    },
  });
}

/** The newest time of a page up to `now` (epoch seconds), and whether all its rows are older than `from`. */
function positionOf(
  rows: readonly RawRow[],
  timeOf: (row: RawRow) => number | null,
  from: number,
  now: number,
): { readonly newestHere: number | null; readonly isPast: boolean } {
  const times = rows.flatMap((row) => timeOf(row) ?? []);
  const known = times.filter((each) => each <= now);
  return {
    newestHere: known.length === 0 ? null : Math.max(...known),
    isPast: times.length > 0 && times.every((each) => each < from),
  };
}
