/**
 * Pages through the rows of a window of `updated_at`, newest first.
 *
 * Contacts search filters by whole days of the workspace's time zone (by the exact second from version 2.17
 * on), and it is not documented whether the bounds of conversations search are inclusive. The query uses `> t
 * OR = t`, which includes `t` under every one of these rules, and the rows are filtered here by the exact
 * second.
 *
 * The order is newest first, because a row that is updated while the search is paged moves to the front,
 * among the pages already read: the next poll finds it there. In the other direction it would move to the end
 * and, where cursors are positions, shift an unread row into a page that was already read. One case remains:
 * a row leaves the result (deleted, merged, or moved out of a closed window). This shows as a shrinking
 * `total_count`, and then the window is read again.
 */

import { PublisherError } from '../model/errors.js';
import type { RawRow } from '../model/row.js';
import { type Interval, subjectText } from '../model/set-aside.js';
import type { Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import { epochSeconds } from '../model/time.js';
import { cursorIn, stuck } from './next-page.js';
import { newestOf, numberOf, rowsIn } from './reply.js';
import { isTransient } from './retry.js';
import type { ApiReply, Requester } from './transport.js';

export interface Search {
  /** Where to search. */
  readonly path: '/contacts/search' | '/conversations/search' | '/tickets/search';
  /** The query string that requests fields which the rows lack otherwise. */
  readonly include?: string;
  /** The key of the reply that holds the rows. */
  readonly list: string;
  /** The API promises to sort as asked. Elsewhere it has always done so, and nothing may depend on it. */
  readonly isOrdered?: boolean;
}

/** The most rows that a page of any search may hold. */
const PER_PAGE = 150;
/** Attempts of a page that was requested in a larger one already. */
const NARROWED_ATTEMPTS = 2;
/**
 * The search itself is tried in a second so long before the window, where the row that breaks a page is not.
 */
const CONTROL_SECONDS = 2 * 86_400;

/**
 * Yields the rows of the window page by page; the last page has `last: true`. Where the order is certain
 * (`isOrdered`) the window may become shorter at its older end meanwhile: paging ends at the new end. A row
 * that breaks every page that contains it is skipped: its page reports the unread interval. Throws
 * `walk-unclean` after the last page when rows left the result meanwhile.
 */
export async function* pageNewestFirst(
  transport: Requester,
  search: Search,
  window: Window,
): AsyncGenerator<Page> {
  const pages = new PagedSearch(transport, search, window);
  // This loop keeps no page while the next one is requested: pages are large, and many searches run side by
  // side.
  while (!pages.isOver) yield pages.next();
  if (pages.hasShrunk) throw unclean(search);
}

/** The row of a search that was updated last, or null where it has none. */
export async function newestFound(transport: Requester, search: Search): Promise<RawRow | null> {
  const page = { order: 'descending', cursor: null, size: 1, isPaged: false } as const;
  const reply = await ask(transport, search, queryFor({ from: 0, to: null }), page);
  return rowsIn(reply, [search.list])[0] ?? null;
}

class PagedSearch {
  readonly #transport: Requester;
  readonly #search: Search;
  readonly #window: Window;
  #pager: Pager;
  /** The newer end of what the pager reads, in epoch seconds; null: open. */
  #end: number | null;
  /** The oldest time that was read, in epoch seconds. */
  #reached: number | null;
  /** Epoch seconds by the API's clock. */
  #serverNow = 0;
  #total: number | null = null;
  #newest: number | null = null;
  #isSorted = true;
  #hasShrunk = false;
  #isOver = false;

  constructor(transport: Requester, search: Search, window: Window) {
    this.#transport = transport;
    this.#search = search;
    this.#window = window;
    this.#pager = this.#pagerOf(window);
    this.#end = window.to;
    this.#reached = window.to;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether rows left the result meanwhile. */
  get hasShrunk(): boolean {
    return this.#hasShrunk;
  }

  async next(): Promise<Page> {
    const reply = await this.#pager.next();
    if (reply instanceof PublisherError) return this.#skipBrokenRow(reply);
    const found = rowsIn(reply, [this.#search.list]);
    const before = this.#total;
    const total = countIn(reply) ?? before;
    if (before !== null && total !== null && total < before) this.#hasShrunk = true;
    const times = found.map((row) => epochSeconds(row.updated_at));
    this.#isSorted &&= isDescending(times);
    this.#reached = times.findLast((time) => time !== null) ?? this.#reached;
    this.#total = total;
    this.#newest = newestOf(this.#newest, found, reply.serverNow);
    this.#isOver = this.#pager.isOver || (this.#isSorted && isBefore(times.at(-1), this.#window.from));
    const rows = found.filter((_, index) => isWithin(times[index], this.#window));
    const pace = this.#search.isOrdered && this.#isSorted ? paceOf(times) : {};
    const last = this.#isOver && !this.#hasShrunk;
    return { rows, total, newest: this.#newest, ...pace, last, fetchedAt: reply.receivedAt };
  }

  /**
   * Skips the row that breaks every page: the one that follows the rows read so far. Its ID is not known, but
   * its place is: paging continues below it, with the latest upper bound for which the search answers again.
   * The interval between is unread, including the rows of it that could be read from its older end: a row
   * that is updated meanwhile shifts those behind it. Where the order is not certain, rows above may be
   * unread, too.
   */
  async #skipBrokenRow(error: PublisherError): Promise<Page> {
    const { from } = this.#window;
    const to = Math.floor(this.#reached ?? this.#serverNow);
    if (!this.#isSorted || to < from) throw error;
    const below = await this.#highestReadable(from, to);
    const end = Math.max(to, Math.floor(this.#end ?? this.#serverNow));
    this.#pager = this.#pagerOf({ from, to: below });
    this.#end = below;
    // Another query, with another count.
    this.#total = null;
    this.#reached = below;
    this.#isOver = below < from;
    const { rows, up } = await this.#readUp({ from: below + 1, to });
    const place = { from: up, to };
    const window = { from: below + 1, to: this.#search.isOrdered ? to : end };
    const unread = [{ id: null, window, error: at(error, place) }];
    const last = this.#isOver && !this.#hasShrunk;
    return { rows, total: null, newest: this.#newest, unread, last, fetchedAt: Date.now() };
  }

  #pagerOf(window: Window): Pager {
    const isAnswering = () => this.#isAnswering();
    return new Pager({
      transport: this.#transport,
      search: this.#search,
      window,
      order: 'descending',
      isAnswering,
    });
  }

  /** Whether the same search of a second long before the window is answered. */
  async #isAnswering(): Promise<boolean> {
    const second = Math.max(0, this.#window.from - CONTROL_SECONDS);
    const reply = await this.#probe({ from: second, to: second });
    this.#serverNow = reply?.serverNow ?? this.#serverNow;
    return reply !== null;
  }

  /**
   * The latest second below `to` up to which the search is answered; `from - 1` where there is none. Tried in
   * growing steps, since the row that breaks a page is usually close to the one before it.
   */
  async #highestReadable(from: number, to: number): Promise<number> {
    let broken = to;
    let readable = from - 1;
    for (let step = 1; to - step >= from; step *= 2) {
      if (await this.#isReadable(from, to - step)) {
        readable = to - step;
        break;
      }
      broken = to - step;
    }
    while (broken - readable > 1) {
      const middle = Math.floor((readable + broken) / 2);
      if (await this.#isReadable(from, middle)) readable = middle;
      else broken = middle;
    }
    return readable;
  }

  /**
   * Whether the newest row up to `to` can be read. Where the search filters by days, it shows rows from after
   * `to`, which prove nothing of those before it.
   */
  async #isReadable(from: number, to: number): Promise<boolean> {
    const reply = await this.#probe({ from, to });
    if (reply === null) return false;
    return rowsIn(reply, [this.#search.list]).every((row) => (epochSeconds(row.updated_at) ?? 0) < to + 1);
  }

  async #probe(window: Window): Promise<ApiReply | null> {
    const page = { order: 'descending', cursor: null, size: 1, attempts: 1, isPaged: false } as const;
    const reply = await failureOrReply(ask(this.#transport, this.#search, queryFor(window), page));
    return reply instanceof PublisherError ? null : reply;
  }

  /**
   * The rows of an interval from its older end up to the row that breaks a page, and the time (epoch seconds)
   * up to which they go.
   */
  async #readUp(interval: Interval): Promise<{ rows: RawRow[]; up: number }> {
    const pager = new Pager({
      transport: this.#transport,
      search: this.#search,
      window: interval,
      order: 'ascending',
      attempts: 1,
      isAnswering: async () => true,
    });
    const rows: RawRow[] = [];
    let up = interval.from;
    while (!pager.isOver) {
      const reply = await pager.next();
      if (reply instanceof PublisherError) break;
      const found = rowsIn(reply, [this.#search.list]);
      const times = found.map((row) => epochSeconds(row.updated_at) ?? up);
      // Compared backwards, as descending order: in any other order the rows prove nothing of the interval
      // between.
      if (!isDescending([up, ...times].filter((time) => time >= interval.from).reverse())) break;
      rows.push(...found.filter((_, index) => isWithin(times[index], interval)));
      up = Math.min(interval.to, Math.max(up, Math.floor(times.at(-1) ?? up)));
      if (found.some((_, index) => (times[index] ?? 0) > interval.to)) break;
    }
    return { rows, up };
  }
}

/** A page of a search to be requested. */
interface AskedPage {
  readonly order: 'ascending' | 'descending';
  readonly cursor: string | null;
  readonly size: number;
  readonly attempts?: number;
  /** False where the page behind it is not read. */
  readonly isPaged?: boolean;
}

interface PagerOptions {
  readonly transport: Requester;
  readonly search: Search;
  readonly window: Window;
  readonly order: AskedPage['order'];
  /** Attempts of each page; the usual ones where left out. */
  readonly attempts?: number;
  /** Whether the search itself is answered, whatever becomes of a page. */
  isAnswering(): Promise<boolean>;
}

/**
 * Requests one page after another. A page that can't be read is requested in smaller ones, until the row that
 * breaks it is alone.
 */
class Pager {
  readonly #options: PagerOptions;
  readonly #query: object;
  readonly #cursors = new Set<string>();
  #cursor: string | null = null;
  /** Rows from here on of which one breaks every page that holds it; 0: none is known. */
  #suspects = 0;
  #isOver = false;

  constructor(options: PagerOptions) {
    this.#options = options;
    this.#query = queryFor(options.window);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next page; or why the next row can't be read. Throws failures that do not concern the page. */
  async next(): Promise<ApiReply | PublisherError> {
    for (;;) {
      const isNarrowed = this.#suspects > 0;
      const size = isNarrowed ? Math.max(1, this.#suspects >> 1) : PER_PAGE;
      const reply = await this.#ask(size, isNarrowed);
      if (!(reply instanceof PublisherError)) return this.#passed(reply, size);
      if (size === 1) return reply;
      if (!isNarrowed && !(await this.#options.isAnswering())) throw reply;
      this.#suspects = size;
    }
  }

  #passed(reply: ApiReply, size: number): ApiReply {
    this.#suspects = Math.max(0, this.#suspects - size);
    const isEmpty = rowsIn(reply, [this.#options.search.list]).length === 0;
    this.#cursor = isEmpty ? null : this.#unused(cursorIn(reply.json));
    this.#isOver = this.#cursor === null;
    return reply;
  }

  async #ask(size: number, isNarrowed: boolean): Promise<ApiReply | PublisherError> {
    const { transport, search, order, attempts = isNarrowed ? NARROWED_ATTEMPTS : undefined } = this.#options;
    const page = { order, cursor: this.#cursor, size, ...(attempts === undefined ? {} : { attempts }) };
    return failureOrReply(ask(transport, search, this.#query, page));
  }

  #unused(cursor: string | null): string | null {
    if (cursor === null) return null;
    if (this.#cursors.has(cursor)) throw stuck(`POST ${this.#options.search.path}`);
    this.#cursors.add(cursor);
    return cursor;
  }
}

function ask(
  transport: Requester,
  search: Search,
  query: object,
  { order, cursor, size, attempts, isPaged = true }: AskedPage,
): Promise<ApiReply> {
  return transport.request({
    method: 'POST',
    path: search.include === undefined ? search.path : `${search.path}?${search.include}`,
    route: search.path,
    scope: 'page',
    lists: [search.list],
    ...(isPaged ? { paging: 'cursor' } : {}),
    ...(attempts === undefined ? {} : { attempts }),
    body: {
      query,
      sort: { field: 'updated_at', order },
      pagination: { per_page: size, ...(cursor === null ? {} : { starting_after: cursor }) },
    },
  });
}

/**
 * The reply, or a failure that another page or window may not have. Throws where the rows arrived and only
 * the next page can't be requested: then no row breaks the page.
 */
async function failureOrReply(reply: Promise<ApiReply>): Promise<ApiReply | PublisherError> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof PublisherError) || error.answer?.hasRows === true) throw error;
    if (isTransient(error, 'page')) return error;
    throw error;
  }
}

/** The failure, with where it is. */
function at(error: PublisherError, window: Interval): PublisherError {
  const { code, message, answer } = error;
  const where = subjectText({ id: null, window });
  return new PublisherError(code, `${message} (${where})`, {
    cause: error,
    ...(answer === null ? {} : { answer }),
  });
}

/**
 * The search query whose result holds every row of the window, whatever the grain and inclusivity of the
 * filter.
 */
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

/** A row whose time can't be read belongs to every window, so that it is read twice rather than never. */
function isWithin(time: number | null | undefined, window: Window): boolean {
  if (typeof time !== 'number') return true;
  return time >= window.from && (window.to === null || time < window.to + 1);
}

function unclean(search: Search): PublisherError {
  return new PublisherError('walk-unclean', `POST ${search.path}: rows left the result while it was paged`);
}
