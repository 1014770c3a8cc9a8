/** Finds the rows of a page of a search: by rank if possible, otherwise by scanning all rows. */

import type { Collection, Place } from './collection.js';
import type { SortedPlace } from './cursor.js';
import { firstWhere } from './order.js';
import { matches, valueIn } from './query.js';
import type { Ranges } from './ranges.js';
import type { Asked } from './search.js';

export interface Found {
  readonly places: readonly { readonly index: number }[];
  /** Rows on all pages together. */
  readonly total: number;
  readonly more: boolean;
  /** Rows on this page and those before it. */
  readonly passed: number;
  readonly last: SortedPlace | null;
}

/** A page of a query that filters and sorts only by `updated_at`. Reads no row outside of the page. */
export function inOrderOfUpdates(collection: Collection, asked: Asked, times: Ranges): Found {
  const { cursor, perPage, descending } = asked;
  const spans = times.map(
    ([low, high]) =>
      [
        collection.rankOf({ time: low, index: -1 }),
        collection.rankOf({ time: high + 1, index: -1 }),
      ] as const,
  );
  const total = spans.reduce((sum, [from, to]) => sum + to - from, 0);
  const passed =
    cursor === null
      ? 0
      : cursor.kind === 'position'
        ? cursor.at
        : rowsPassed(spans, behind(collection, cursor.at, descending), descending);
  const start = descending ? total - passed - perPage : passed;
  const places = pageOf(collection, spans, start, asked);
  const last = places.at(-1);
  return {
    places,
    total,
    more: passed + places.length < total,
    passed: passed + places.length,
    last: last === undefined ? null : { key: last.time, index: last.index },
  };
}

/**
 * The rank at which a search continues after a place. Rows below it (ascending), or from it on (descending),
 * were on earlier pages.
 */
function behind(collection: Collection, { key, index }: SortedPlace, descending: boolean): number {
  return collection.rankOf({ time: Number(key), index: descending ? index : index + 1 });
}

function rowsPassed(
  spans: readonly (readonly [number, number])[],
  rank: number,
  descending: boolean,
): number {
  const below = spans.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, rank) - from), 0);
  const all = spans.reduce((sum, [from, to]) => sum + to - from, 0);
  return descending ? all - below : below;
}

/** The places from the `start`th of the spans on, as they are asked for. */
function pageOf(
  collection: Collection,
  spans: readonly (readonly [number, number])[],
  start: number,
  { perPage, descending }: Asked,
): Place[] {
  const from = Math.max(0, start);
  const to = start + perPage;
  const places: Place[] = [];
  let before = 0;
  for (const [low, high] of spans) {
    const first = Math.max(low, low + from - before);
    const end = Math.min(high, low + to - before);
    if (first < end) places.push(...collection.places(first, end));
    before += high - low;
  }
  return descending ? places.reverse() : places;
}

/** A page of any query in any order. */
export function scanned(collection: Collection, asked: Asked): Found {
  const { cursor, perPage, descending } = asked;
  const order = descending ? -1 : 1;
  const all = allThatMatch(collection, asked).sort((a, b) => order * compareSorted(a, b));
  const passed =
    cursor === null
      ? 0
      : cursor.kind === 'position'
        ? cursor.at
        : firstWhere(all.length, (at) => order * compareSorted(all[at] as SortedPlace, cursor.at) > 0);
  const places = all.slice(passed, passed + perPage);
  return {
    places,
    total: all.length,
    more: passed + places.length < all.length,
    passed: passed + places.length,
    last: places.at(-1) ?? null,
  };
}

function allThatMatch(collection: Collection, { query, field }: Asked): SortedPlace[] {
  const found: SortedPlace[] = [];
  const step = 10_000;
  for (let rank = 0; rank < collection.size; rank += step) {
    for (const place of collection.places(rank, rank + step)) {
      const read = reader(collection, place);
      if (matches(query, read)) found.push({ key: sortKey(read(field)), index: place.index });
    }
  }
  return found;
}

/** Reads fields of a row. Fields that follow from its place are read without generating the row. */
function reader(collection: Collection, { time, index }: Place): (field: string) => unknown {
  let row: ReturnType<Collection['at']>;
  return (field) => {
    if (field === 'updated_at') return time;
    if (field === 'id') return collection.idAt(index);
    row ??= collection.at(index);
    return row === undefined ? undefined : valueIn(row, field);
  };
}

function sortKey(value: unknown): string | number {
  if (typeof value === 'number') return value;
  const text = String(value ?? '');
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function compareSorted(a: SortedPlace, b: SortedPlace): number {
  if (typeof a.key === 'number' && typeof b.key === 'number') return a.key - b.key || a.index - b.index;
  if (typeof a.key !== typeof b.key) return typeof a.key === 'number' ? 1 : -1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : a.index - b.index;
}
