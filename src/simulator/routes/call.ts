/** The call and the reply of an endpoint. */

import type { Row } from '../collection.js';
import { ApiError } from '../errors.js';
import type { SimulatorOptions } from '../options.js';
import type { CompaniesScroll } from '../scroll.js';
import { readPerPage } from '../search.js';
import type { Workspace } from '../workspace.js';

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** The `Intercom-Version` header. */
  readonly version: string;
}

export interface Api {
  readonly options: SimulatorOptions;
  readonly workspace: Workspace;
  readonly scroll: CompaniesScroll;
}

/** `ids` are the parts of the path where the pattern has `*`. */
export type Handler = (api: Api, call: ApiCall, ids: readonly string[]) => Row;

/** Method and pattern (`*` is an ID), handler, and the version that the endpoint came with. */
export type Route = readonly [pattern: string, handler: Handler, since?: string];

export function found(row: Row | undefined, code: string, message = 'Resource Not Found'): Row {
  if (row === undefined) throw new ApiError(404, code, message);
  return row;
}

/** Next pages have whole addresses of Intercom: a client that follows one leaves the simulator. */
const ORIGIN = 'https://api.intercom.io';

/** One page by its number, with the address of the next. */
export function paged(
  rows: readonly Row[],
  { path, query }: ApiCall,
  { key = 'data', perPage: fallback = 50, most = 150 } = {},
): Row {
  const perPage = readPerPage(query.get('per_page') ?? fallback, most);
  const page = Math.max(1, Number(query.get('page') ?? 1) || 1);
  const totalPages = Math.ceil(rows.length / perPage);
  const following = new URLSearchParams(query);
  following.set('page', String(page + 1));
  following.set('per_page', String(perPage));
  const next = page < totalPages ? `${ORIGIN}${path}?${following}` : null;
  return {
    type: 'list',
    [key]: rows.slice((page - 1) * perPage, page * perPage),
    total_count: rows.length,
    pages: { type: 'pages', next, page, per_page: perPage, total_pages: totalPages },
  };
}
