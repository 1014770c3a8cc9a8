/** Lists whose pages are numbers, each with the address of the next. */

import type { Row } from './collection.js';
import { invalid } from './query.js';

/** One page of the rows, under `key`. `perPage` is what a page holds unless asked otherwise, `most` what it may be asked to hold. */
export function paged(
  rows: readonly Row[],
  { path, query }: { readonly path: string; readonly query: URLSearchParams },
  key: string,
  { perPage: usual = 50, most = Number.MAX_SAFE_INTEGER } = {},
): Row {
  const perPage = wholeNumber(query, 'per_page', usual, most);
  const page = wholeNumber(query, 'page', 1, Number.MAX_SAFE_INTEGER);
  const totalPages = Math.ceil(rows.length / perPage);
  // The next address asks for the same list in the same order.
  const following = new URLSearchParams(query);
  following.set('per_page', String(perPage));
  following.set('page', String(page + 1));
  const next = page < totalPages ? `https://api.intercom.io${path}?${following}` : null;
  return {
    type: 'list',
    [key]: rows.slice((page - 1) * perPage, page * perPage),
    total_count: rows.length,
    pages: { type: 'pages', next, page, per_page: perPage, total_pages: totalPages },
  };
}

function wholeNumber(query: URLSearchParams, name: string, usual: number, most: number): number {
  const value = Number(query.get(name) ?? usual);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw invalid(`${name} must be from 1 to ${most}`);
  return value;
}
