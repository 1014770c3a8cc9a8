/** Child tables: rows inside the rows that a search shows, or in a list below each of them. */

import type { IntercomApi, Listing } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { PublisherError } from '../model/errors.js';
import { idOf, isNoRow, type RawRow } from '../model/row.js';
import { isIsolable, isolate } from '../model/set-aside.js';
import type { Window } from '../model/state.js';
import { type Page, type SearchedTable, searched } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { epochSeconds } from '../model/time.js';
import { DetailsRead } from './details-read.js';

/** The children of one parent. */
export interface ReadChildren {
  /** Each with the fields that `ChildTable.parent` names. */
  readonly rows: readonly RawRow[];
  /** Epoch milliseconds of the reply. */
  readonly fetchedAt: number;
  /** Children that the API counts and does not show. */
  readonly notShown?: number;
  /** The parent, where the same reply has it: one that is older than the search's row is read again. */
  readonly parent?: RawRow;
}

export interface ChildTable {
  readonly name: TableName;
  /** Where the parents are searched. */
  readonly search: Search;
  /** The finest interval that the search's filter can distinguish; `second` where it is left out. */
  readonly grain?: 'second' | 'day';
  /** The fields of the published rows with the parent's ID and its `updated_at`. */
  readonly parent: { readonly id: string; readonly updatedAt: string };
  /** Reads the children of a parent that the search showed; null: the parent is gone. */
  read(api: IntercomApi, parent: RawRow): Promise<ReadChildren | null>;
}

/** Parents whose children are read together: enough to fill the requests in flight, few enough for memory. */
const PARENTS_AT_ONCE = 25;
const NONE: ReadonlySet<string> = new Set();

/**
 * A table whose rows are read with their parents: whenever a parent's `updated_at` moves, all its children
 * are read. A bookmark over the children's own times would lose those of a parent that was updated twice. A
 * child that is deleted while its parent stays is not found.
 */
export function children(table: ChildTable): SearchedTable<IntercomApi> {
  const { name, search, grain = 'second', parent } = table;
  return searched({
    name,
    method: 'incremental',
    key: 'id',
    grain,
    windowsAtOnce: 4,
    replicationKey: parent.updatedAt,
    pull: (api, window, setAside) => pullChildren(table, api, window, new DetailsRead(0), setAside),
    polling: (api, lookback) => {
      const read = new DetailsRead(lookback);
      return (window, setAside) => pullChildren(table, api, window, read, setAside);
    },
    probe: (api) => probeChildren(table, api),
    ids: (api, window) => api.search(search, window),
    parent,
    versionTime: (row) => row[parent.updatedAt],
  });
}

/** Requests the newest parent, and its children. One parent that can't be read says nothing of the others. */
async function probeChildren({ search, read }: ChildTable, api: IntercomApi): Promise<void> {
  const parent = await api.newest(search);
  if (parent === null || isNoRow(parent)) return;
  await read(api, parent).catch((error: unknown) => {
    if (!isIsolable(error) || error.code === 'api-forbidden') throw error;
  });
}

/**
 * Yields the children of the parents in a window that have to be read; `read` knows which, and learns which
 * are published. A parent whose children can't be read is `unread` in its page, and delays no other.
 */
export async function* pullChildren(
  { search, read: readOf }: Pick<ChildTable, 'search' | 'read'>,
  api: IntercomApi,
  window: Window,
  read: DetailsRead,
  setAside: ReadonlySet<string> = NONE,
): AsyncGenerator<Page> {
  let isFirst = true;
  // The pace of the parents says nothing of pages that may have no rows.
  for await (const { unread: missed = [], pace: _, ...page } of api.search(search, window)) {
    const at = performance.now();
    // A page without rows, so that a window that is too large is split before any child is read.
    if (isFirst) yield { ...page, rows: [], last: false };
    isFirst = false;
    read.moveOn(page.newest);
    // Elements that are no rows are for the parents' own table to report.
    const due = page.rows.filter((row) => !isNoRow(row) && read.isDue(row, at) && !setAside.has(idOf(row)));
    for (let start = 0; start < due.length || start === 0; start += PARENTS_AT_ONCE) {
      const asked = due.slice(start, start + PARENTS_AT_ONCE);
      const { answers, unread } = await isolate(asked, idOf, (row) => readOf(api, row));
      const found = answers.flatMap(({ answer }) => answer ?? []);
      const onAccepted = () => {
        for (const { item, answer } of answers) if (!isBehind(answer?.parent, item)) read.add(item, at);
      };
      yield {
        ...page,
        rows: found.flatMap(({ rows }) => rows),
        notShown: found.reduce((sum, { notShown = 0 }) => sum + notShown, 0),
        fetchedAt: found.reduce((latest, { fetchedAt }) => Math.max(latest, fetchedAt), page.fetchedAt),
        last: page.last && start + PARENTS_AT_ONCE >= due.length,
        onAccepted,
        asked: asked.length,
        unread: start === 0 ? [...missed, ...unread] : unread,
      };
    }
  }
}

/** The children in a list of their own; null where the API knows no such parent. */
export async function listChildren(
  api: IntercomApi,
  listing: Listing & { readonly id: string },
): Promise<ReadChildren | null> {
  const rows: RawRow[] = [];
  let fetchedAt = 0;
  try {
    for await (const page of api.list(listing)) {
      rows.push(...page.rows);
      fetchedAt = page.fetchedAt;
    }
  } catch (error) {
    if (error instanceof PublisherError && error.code === 'api-not-found') return null;
    throw error;
  }
  return { rows, fetchedAt };
}

/** Whether a parent is older than what a search has shown of it: it will show more. */
function isBehind(parent: RawRow | undefined, row: RawRow): boolean {
  const [read, shown] = [epochSeconds(parent?.updated_at), epochSeconds(row.updated_at)];
  return read !== null && shown !== null && read < shown;
}
