/**
 * Walks the rows of a window of `updated_at`, newest first.
 *
 * Contacts search filters by whole days of the workspace's time zone (by the exact second from version 2.17 on), and nobody
 * documents whether the bounds of conversations search are inclusive. So a bound is asked for as `> t OR = t`, which holds t
 * under every one of these rules, and the rows are filtered here by the exact second.
 *
 * Newest first, because a row that is updated during the walk moves to the front, behind the walker: the next poll finds
 * it there. In the other direction it would move to the end and, where cursors are positions, pull an unread row into a page that was
 * already read. What remains is a row that leaves the result (deleted, merged, or moved out of a closed window): it shows
 * as a shrinking `total_count`, and then the walk is not trusted and made again.
 */

import { PublisherError } from '../model/errors.js';
import type { Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import { epochSeconds } from '../model/time.js';
import { newestOf, numberOf, rowsIn } from './reply.js';
import type { ApiReply, ReplyReader, Requester } from './transport.js';

export interface Search {
  /** Where to search. */
  readonly path: '/contacts/search' | '/conversations/search' | '/tickets/search';
  /** What has to be asked for to be in the rows, as a query string. */
  readonly include?: string;
  /** The key of the reply that holds the rows. */
  readonly list: string;
  /** The API promises to sort as asked. Elsewhere it has always done so, and nothing may depend on it. */
  readonly isOrdered?: boolean;
  /** Reads large replies. */
  readonly reader?: ReplyReader;
}

/** The most rows that a page of any search may hold. */
const PER_PAGE = 150;

/**
 * Yields the rows of the window page by page; the last page says so. Where the order is sure (`isOrdered`) the window may become shorter at its
 * older end meanwhile: the walk ends there then.
 * Throws `walk-unclean` after the last page when rows left the result during the walk.
 */
export async function* walkNewestFirst(
  transport: Requester,
  search: Search,
  window: Window,
): AsyncGenerator<Page> {
  const walk = new Walk(transport, search, window);
  // Nothing here knows a page while the next one is asked for: pages are large, and many walks go on side by side.
  while (!walk.isOver) yield walk.next();
  if (walk.hasShrunk) throw unclean(search);
}

class Walk {
  readonly #transport: Requester;
  readonly #search: Search;
  readonly #window: Window;
  readonly #query: object;
  readonly #cursors = new Set<string>();
  #cursor: string | null = null;
  #total: number | null = null;
  #newest: number | null = null;
  #isSorted = true;
  #hasShrunk = false;
  #isOver = false;

  constructor(transport: Requester, search: Search, window: Window) {
    this.#transport = transport;
    this.#search = search;
    this.#window = window;
    this.#query = queryFor(window);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether rows left the result meanwhile. */
  get hasShrunk(): boolean {
    return this.#hasShrunk;
  }

  async next(): Promise<Page> {
    const reply = await ask(this.#transport, this.#search, this.#query, this.#cursor);
    const found = rowsIn(reply, [this.#search.list]);
    const before = this.#total;
    const total = countIn(reply) ?? before;
    if (before !== null && total !== null && total < before) this.#hasShrunk = true;
    const times = found.map((row) => epochSeconds(row.updated_at));
    this.#isSorted &&= isDescending(times);
    this.#total = total;
    this.#newest = newestOf(this.#newest, found, reply.serverNow);
    this.#cursor = this.#unused(nextCursor(reply, found.length));
    this.#isOver = this.#cursor === null || (this.#isSorted && isBefore(times.at(-1), this.#window.from));
    const rows = found.filter((_, index) => isWithin(times[index], this.#window));
    const pace = this.#search.isOrdered && this.#isSorted ? paceOf(times) : {};
    const last = this.#isOver && !this.#hasShrunk;
    return { rows, total, newest: this.#newest, ...pace, last, fetchedAt: reply.receivedAt };
  }

  #unused(cursor: string | null): string | null {
    if (cursor === null) return null;
    if (this.#cursors.has(cursor)) throw stuck(this.#search);
    this.#cursors.add(cursor);
    return cursor;
  }
}

function ask(transport: Requester, search: Search, query: object, cursor: string | null): Promise<ApiReply> {
  return transport.request({
    method: 'POST',
    path: search.include === undefined ? search.path : `${search.path}?${search.include}`,
    route: search.path,
    lists: [search.list],
    ...(search.reader === undefined ? {} : { reader: search.reader }),
    body: {
      query,
      sort: { field: 'updated_at', order: 'descending' },
      pagination: { per_page: PER_PAGE, ...(cursor === null ? {} : { starting_after: cursor }) },
    },
  });
}

/** The search query whose result holds every row of the window, whatever the grain and inclusivity of the filter. */
function queryFor(window: Window): object {
  const from = orEqual('>', window.from);
  return window.to === null ? from : { operator: 'AND', value: [from, orEqual('<', window.to)] };
}

function orEqual(operator: '>' | '<', value: number): object {
  return {
    operator: 'OR',
    value: [
      { field: 'updated_at', operator, value },
      { field: 'updated_at', operator: '=', value },
    ],
  };
}

function countIn(reply: ApiReply): number | null {
  const count = numberOf(reply.json.total_count);
  return Number.isSafeInteger(count) ? count : null;
}

/** The cursor of the next page. An empty page is the end, whatever it says: else a faulty reply could turn for ever. */
export function nextCursor(reply: ApiReply, found: number): string | null {
  const pages = reply.json.pages;
  if (found === 0 || typeof pages !== 'object' || pages === null || !('next' in pages)) return null;
  const next: unknown = pages.next;
  if (typeof next !== 'object' || next === null || !('starting_after' in next)) return null;
  return typeof next.starting_after === 'string' && next.starting_after !== '' ? next.starting_after : null;
}

/** Whether the API sorted as asked; rows without a readable time say nothing. */
function isDescending(times: readonly (number | null)[]): boolean {
  const known = times.filter((time) => time !== null);
  return known.every((time, index) => index === 0 || time <= (known[index - 1] ?? time));
}

/** From the first to the last readable time of a page, newest first. */
function paceOf(times: readonly (number | null)[]): { pace?: number } {
  const known = times.filter((time) => time !== null);
  const [first] = known;
  const last = known.at(-1);
  return first === undefined || last === undefined || known.length < 2
    ? {}
    : { pace: (first - last) / (known.length - 1) };
}

function isBefore(time: number | null | undefined, from: number): boolean {
  return typeof time === 'number' && time < from;
}

/** A row whose time can't be read belongs to every window: better twice than never. */
function isWithin(time: number | null | undefined, window: Window): boolean {
  if (typeof time !== 'number') return true;
  return time >= window.from && (window.to === null || time < window.to + 1);
}

function stuck(search: Search): PublisherError {
  return new PublisherError(
    'api-unreadable',
    `POST ${search.path}: the next page has the cursor of one before; paging would never end`,
  );
}

function unclean(search: Search): PublisherError {
  return new PublisherError('walk-unclean', `POST ${search.path}: rows left the result while it was paged`);
}
