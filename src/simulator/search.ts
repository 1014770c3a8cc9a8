/** `POST /contacts/search` and `POST /conversations/search`. */

import type { Collection, Place, Row } from './collection.js';
import { type Cursor, decodeCursor, encodeCursor, signatureOf } from './cursor.js';
import type { DateRules } from './dates.js';
import { ApiError, invalid } from './errors.js';
import type { SimulatorOptions } from './options.js';
import { parseQuery, type Query, timesFound } from './query.js';
import { type Found, inOrderOfUpdates, scanned } from './search-page.js';

export interface SearchSettings {
  readonly dates: DateRules;
  readonly cursors: SimulatorOptions['cursors'];
  readonly defaultPerPage: number;
  /** Whether the requested order is applied; otherwise the newest rows come first, by their IDs. */
  readonly sorts: boolean;
}

export interface SearchResult {
  /** The indexes of the rows in their collection. */
  readonly indexes: readonly number[];
  /** The rows, generated when they are read. */
  rows(): Row[];
  readonly total: number;
  readonly pages: Row;
}

/** A search, checked. */
export interface Asked {
  readonly query: Query;
  readonly field: string;
  readonly descending: boolean;
  readonly perPage: number;
  readonly cursor: Cursor | null;
  readonly signature: string;
}

const MAX_PER_PAGE = 150;
const SORTABLE = new Set([
  'updated_at',
  'created_at',
  'id',
  'name',
  'email',
  'last_seen_at',
  'signed_up_at',
  'last_replied_at',
  'last_contacted_at',
  'waiting_since',
]);

/** Answers a search over a collection, or throws the API's error. */
export function search(collection: Collection, body: unknown, settings: SearchSettings): SearchResult {
  const asked = readBody(body, settings);
  const times = asked.field === 'updated_at' ? timesFound(asked.query) : null;
  const found = times === null ? scanned(collection, asked) : inOrderOfUpdates(collection, asked, times);
  return {
    ...shown(collection, found.places),
    total: found.total,
    pages: pagesOf(asked, found, settings.cursors),
  };
}

function shown(
  collection: Collection,
  places: readonly { readonly index: number }[],
): Pick<SearchResult, 'rows' | 'indexes'> {
  return {
    indexes: places.map(({ index }) => index),
    rows: () => places.map(({ index }) => collection.at(index)).filter((row) => row !== undefined),
  };
}

function pagesOf({ perPage, cursor, signature }: Asked, found: Found, kind: Cursor['kind']): Row {
  const page = (cursor?.page ?? 0) + 1;
  const at = kind === 'position' ? found.passed : found.last;
  const next =
    found.more && at !== null
      ? {
          page: page + 1,
          per_page: perPage,
          starting_after: encodeCursor({ kind, of: signature, at, page } as Cursor),
        }
      : undefined;
  return {
    type: 'pages',
    page,
    per_page: perPage,
    total_pages: Math.ceil(found.total / perPage),
    ...(next === undefined ? {} : { next }),
  };
}

function readBody(body: unknown, { dates, defaultPerPage, sorts }: SearchSettings): Asked {
  if (typeof body !== 'object' || body === null || !('query' in body)) throw invalid('query is required');
  const { query, sort, pagination } = body as { query: unknown; sort?: unknown; pagination?: unknown };
  const { field, order } = readSort(sort);
  const { per_page: perPage, starting_after: after } = (pagination ?? {}) as {
    per_page?: unknown;
    starting_after?: unknown;
  };
  const signature = signatureOf([query, field, order]);
  return {
    query: parseQuery(query, dates),
    field: sorts ? field : 'id',
    descending: !sorts || order === 'descending',
    perPage: readPerPage(perPage ?? defaultPerPage),
    signature,
    cursor: after === undefined || after === null ? null : decodeCursor(String(after), signature),
  };
}

function readSort(sort: unknown): { readonly field: string; readonly order: string } {
  const { field = 'updated_at', order = 'descending' } = (sort ?? {}) as { field?: string; order?: string };
  if (!SORTABLE.has(field)) throw invalid(`Invalid sort field '${field}'`);
  if (order !== 'ascending' && order !== 'descending') {
    const message = `Invalid sort order '${order}'. Must be one of: ascending, descending`;
    throw new ApiError(400, 'invalid_sort_order', message);
  }
  return { field, order };
}

/** Entries on a page; throws the API's error for a number that it refuses. */
export function readPerPage(value: unknown, most = MAX_PER_PAGE): number {
  const perPage = Number(value);
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > most)
    throw invalid(`per_page must be from 1 to ${most}`);
  return perPage;
}

/** A page of all rows, the newest first by when they were created, which no update changes. */
export function listed(collection: Collection, query: URLSearchParams, defaultPerPage: number): SearchResult {
  const perPage = readPerPage(query.get('per_page') ?? defaultPerPage);
  const signature = 'list';
  const after = query.get('starting_after');
  const cursor = after === null ? null : decodeCursor(after, signature);
  const places: Place[] = [];
  let index = cursor?.kind === 'keyset' ? cursor.at.index - 1 : collection.end - 1;
  for (; index >= 0 && places.length <= perPage; index -= 1)
    if (collection.has(index)) places.push({ time: 0, index });
  const onPage = places.slice(0, perPage);
  const last = onPage.at(-1);
  const found = {
    places: onPage,
    total: collection.size,
    more: places.length > perPage,
    passed: 0,
    last: last === undefined ? null : { key: last.index, index: last.index },
  };
  const asked = { perPage, cursor, signature };
  return {
    ...shown(collection, onPage),
    total: found.total,
    pages: pagesOf(asked as Asked, found, 'keyset'),
  };
}
