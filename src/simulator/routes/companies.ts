/** The endpoints of companies. */

import type { Row } from '../collection.js';
import { invalid } from '../errors.js';
import { type Api, type ApiCall, found, paged, type Route } from './call.js';
import { withoutCount } from './lists.js';

/** Rows that can be paged through; only the scroll returns more. */
const MAX_LISTED = 10_000;
const MAX_PER_PAGE = 60;

export const COMPANY_ROUTES: readonly Route[] = [
  ['GET /companies/scroll', ({ scroll }, { query }) => scroll.next(query.get('scroll_param'))],
  ['POST /companies/list', (api, call) => list(api, call, () => true)],
  ['GET /companies', companies],
  ['GET /companies/*', (api, _, [id]) => company(api, id)],
  ['GET /companies/*/segments', (api, _, [id]) => ({ type: 'list', data: segmentsOf(company(api, id)) })],
  ['GET /companies/*/notes', (api, call, [id]) => paged(listIn(company(api, id), 'notes'), call)],
  ['GET /companies/*/contacts', (api, call, [id]) => paged(contactsOf(api, company(api, id)), call)],
];

function company({ workspace }: Api, id = ''): Row {
  return found(workspace.companies.get(id), 'company_not_found', 'Company Not Found');
}

/** Companies that have users, the last seen first. */
function list({ workspace }: Api, call: ApiCall, isAsked: (row: Row) => boolean): Row {
  const perPage = Number(call.query.get('per_page') ?? 15);
  if (Number(call.query.get('page') ?? 1) * perPage > MAX_LISTED)
    throw invalid('page limit reached, please use scroll API');
  const rows: Row[] = [];
  for (const row of workspace.companies.rows())
    if (Number(row.user_count) > 0 && isAsked(row)) rows.push(row);
  const direction = call.query.get('order') === 'asc' ? 1 : -1;
  rows.sort((a, b) => direction * (Number(a.last_request_at ?? 0) - Number(b.last_request_at ?? 0)));
  return paged(rows.slice(0, MAX_LISTED), call, { perPage: 15, most: MAX_PER_PAGE });
}

/** One company by its own key or its name, or those with a tag or in a segment. */
function companies(api: Api, call: ApiCall): Row {
  for (const field of ['company_id', 'name']) {
    const value = call.query.get(field);
    if (value !== null) return firstWith(api, field, value);
  }
  const tag = call.query.get('tag_id');
  const segment = call.query.get('segment_id');
  return list(api, call, (row) => {
    const tagged = tag === null || listIn(row, 'tags').some(({ id }) => id === tag);
    return tagged && (segment === null || listIn(row, 'segments').some(({ id }) => id === segment));
  });
}

function firstWith({ workspace }: Api, field: string, value: string): Row {
  for (const row of workspace.companies.rows()) if (String(row[field]) === value) return row;
  return found(undefined, 'company_not_found', 'Company Not Found');
}

function listIn(row: Row, field: 'tags' | 'segments' | 'notes'): Row[] {
  const list = row[field] as Record<string, Row[]> | undefined;
  return list?.[field] ?? [];
}

function segmentsOf(row: Row): Row[] {
  return listIn(row, 'segments').map(withoutCount);
}

function contactsOf({ workspace }: Api, { id }: Row): Row[] {
  const found: Row[] = [];
  for (const contact of workspace.contacts.rows()) {
    const companies = contact.companies as { data?: Row[] } | null | undefined;
    if (companies?.data?.some((each) => each.id === id) === true) found.push(contact);
  }
  return found;
}
