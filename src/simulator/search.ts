/** `POST /contacts/search` and `POST /conversations/search`. */

import type { Collection, Place, Row } from './collection.js';
import { dayOf } from './days.js';
import { ApiError } from './errors.js';
import type { SimulatorOptions } from './options.js';
import { type DateRules, invalid, matches, parseQuery, type Query, timeRange } from './query.js';
import { isBefore } from './version.js';

export interface SearchResult {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly pages: Row;
}

interface Cursor {
  /** What the cursor belongs to: it is of no use with another query. */
  readonly of: string;
  /** Keyset: where the last row stood in the sort. Position: how many rows were passed. */
  readonly at: Stand | number;
  readonly page: number;
}

/** Where a row stands in a sort: by its value, then by its index. */
interface Stand {
  readonly value: string | number;
  readonly index: number;
}

interface Asked {
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
  'last_seen_at',
  'signed_up_at',
  'last_replied_at',
  'email',
]);
const END = 8_640_000_000_000;

/** Dates of contacts by whole days up to version 2.16; of conversations, and later, by the second. */
export function dateRules(
  options: SimulatorOptions,
  kind: 'contacts' | 'conversations',
  version: string,
): DateRules {
  if (kind === 'contacts' && isBefore(version, 17)) {
    const compare = (operator: string, time: number, value: number) => {
      const [start, end] = dayOf(value, options.timeZone);
      if (operator === '>') return time > end;
      return operator === '<' ? time < start : time >= start && time <= end;
    };
    return { operators: new Set(['=', '>', '<']), compare };
  }
  const bound = kind === 'conversations' && options.inclusive;
  const compare = (operator: string, time: number, value: number) => {
    if (time === value)
      return operator === '=' || operator === '>=' || operator === '<=' || (bound && operator !== '!=');
    if (operator === '!=') return true;
    return operator.startsWith('>') ? time > value : operator.startsWith('<') ? time < value : false;
  };
  return { operators: new Set(['=', '!=', '>', '<', '>=', '<=']), compare };
}

/** Answers a search over a collection. `visible` tells whether the search index shows a row yet. */
export function search(
  collection: Collection,
  body: unknown,
  dates: DateRules,
  options: { cursors: SimulatorOptions['cursors']; defaultPerPage: number; visibleUntil: number },
): SearchResult {
  const asked = readBody(body, dates, options.defaultPerPage);
  const found = collect(collection, asked, dates, options.visibleUntil, options.cursors);
  const { perPage, cursor, signature } = asked;
  const page = (cursor?.page ?? 0) + 1;
  const passed = typeof cursor?.at === 'number' ? cursor.at : 0;
  const at = options.cursors === 'position' ? passed + found.places.length : found.last;
  const next =
    found.more && at !== undefined
      ? { page: page + 1, starting_after: encode({ of: signature, at, page }) }
      : undefined;
  const pages = {
    type: 'pages',
    page,
    per_page: perPage,
    total_pages: Math.ceil(found.total / perPage),
    ...(next === undefined ? {} : { next }),
  };
  return {
    rows: found.places.map(({ index }) => collection.at(index)).filter((row) => row !== undefined),
    total: found.total,
    pages,
  };
}

function collect(
  collection: Collection,
  asked: Asked,
  dates: DateRules,
  visibleUntil: number,
  cursors: SimulatorOptions['cursors'],
) {
  const range =
    asked.field === 'updated_at' && asked.descending
      ? timeRange(asked.query, (operator, value) => rangeOf(dates, operator, value))
      : null;
  if (range !== null)
    return collectRange(collection, asked, [range[0], Math.min(range[1], visibleUntil)], cursors);
  return collectAny(collection, asked, dates, visibleUntil);
}

/** The usual case, without looking at rows outside of the page. */
function collectRange(
  collection: Collection,
  asked: Asked,
  [low, high]: [number, number],
  cursors: SimulatorOptions['cursors'],
) {
  const { cursor, perPage } = asked;
  const after =
    cursors === 'keyset' && cursor !== null && typeof cursor.at !== 'number'
      ? { time: Number(cursor.at.value), index: cursor.at.index }
      : null;
  let skip = typeof cursor?.at === 'number' ? cursor.at : 0;
  const places: Place[] = [];
  let more = false;
  for (const place of collection.descending(high, after)) {
    if (place.time < low) break;
    if (skip > 0) {
      skip -= 1;
      continue;
    }
    if (places.length === perPage) {
      more = true;
      break;
    }
    places.push(place);
  }
  const end = places.at(-1);
  const last = end && { value: end.time, index: end.index };
  return { places, last, more, total: collection.countBetween(low, high) };
}

function collectAny(collection: Collection, asked: Asked, dates: DateRules, visibleUntil: number) {
  const { query, cursor, perPage, field, descending } = asked;
  const all: (Place & Stand)[] = [];
  for (const place of collection.descending(visibleUntil)) {
    const row = collection.at(place.index);
    const timeOf = (each: Row, name: string) =>
      name === 'updated_at' ? place.time : Number(each[name] ?? 0);
    if (row === undefined || !matches(query, row, timeOf, dates)) continue;
    all.push({
      ...place,
      value: field === 'updated_at' ? place.time : ((row[field] ?? '') as string | number),
    });
  }
  const order = descending ? -1 : 1;
  all.sort((a, b) => order * compareStands(a, b));
  const at = cursor?.at ?? 0;
  const start =
    typeof at === 'number' ? at : all.filter((each) => order * compareStands(each, at) <= 0).length;
  const places = all.slice(start, start + perPage);
  const end = places.at(-1);
  return {
    places,
    last: end && { value: end.value, index: end.index },
    more: start + perPage < all.length,
    total: all.length,
  };
}

function compareStands(a: Stand, b: Stand): number {
  return compareValues(a.value, b.value) || a.index - b.index;
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

/** The times that a filter on `updated_at` finds. */
function rangeOf(dates: DateRules, operator: string, value: number): [number, number] | null {
  const low = -END;
  const high = END;
  // The rules are asked instead of repeated: the bounds of a day are at most two days away.
  const edge = (from: number, to: number) => {
    let inside = from;
    let outside = to;
    while (Math.abs(outside - inside) > 1) {
      const middle = Math.trunc((inside + outside) / 2);
      if (dates.compare(operator, middle, value)) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  const far = 3 * 86_400;
  if (operator.startsWith('>')) return [edge(value + far, value - far), high];
  if (operator.startsWith('<')) return [low, edge(value - far, value + far)];
  return operator === '=' ? [edge(value, value - far), edge(value, value + far)] : null;
}

function readBody(body: unknown, dates: DateRules, defaultPerPage: number): Asked {
  if (typeof body !== 'object' || body === null || !('query' in body)) throw invalid('query is required');
  const {
    query: rawQuery,
    sort,
    pagination,
  } = body as { query: unknown; sort?: unknown; pagination?: unknown };
  const query = parseQuery(rawQuery, dates);
  const { field = 'updated_at', order = 'descending' } = (sort ?? {}) as { field?: string; order?: string };
  if (!SORTABLE.has(field)) throw invalid(`can't sort by ${field}`);
  if (order !== 'ascending' && order !== 'descending')
    throw new ApiError(
      400,
      'invalid_sort_order',
      `Invalid sort order '${order}'. Must be one of: ascending, descending`,
    );
  const { per_page: perPage = defaultPerPage, starting_after: after } = (pagination ?? {}) as {
    per_page?: number;
    starting_after?: string;
  };
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > MAX_PER_PAGE)
    throw invalid(`per_page must be from 1 to ${MAX_PER_PAGE}`);
  const signature = JSON.stringify([rawQuery, field, order]);
  return {
    query,
    field,
    descending: order === 'descending',
    perPage,
    signature,
    cursor: after === undefined || after === null ? null : decode(after, signature),
  };
}

function encode(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64');
}

function decode(text: string, signature: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Cursor;
    if (cursor.of === signature) return cursor;
  } catch {
    // Falls through to the error below.
  }
  throw invalid('starting_after does not belong to this query');
}
