/** The endpoints of contacts and of the lists inside them. */

import type { Row } from '../collection.js';
import { cut, withMerges, withoutMerges } from '../contacts.js';
import { dateRules } from '../dates.js';
import { ApiError } from '../errors.js';
import { adminId } from '../generate/ids.js';
import { KeptTexts } from '../kept-texts.js';
import { listed, type SearchResult, search } from '../search.js';
import { type Api, type ApiCall, found, paged, type Route } from './call.js';
import { withoutCount } from './lists.js';

export const CONTACT_ROUTES: readonly Route[] = [
  ['POST /contacts/search', searchContacts],
  ['GET /contacts', listContacts],
  ['GET /contacts/find_by_external_id/*', findByExternalId],
  ['GET /contacts/*', (api, { query }, [id]) => shown(api, query, contact(api, id))],
  ['GET /contacts/*/tags', (api, _, [id]) => ({ type: 'list', data: tags(api, contact(api, id)) })],
  ['GET /contacts/*/companies', (api, call, [id]) => paged(companies(api, contact(api, id)), call)],
  ['GET /contacts/*/notes', (api, call, [id]) => paged(notes(contact(api, id)), call)],
  ['GET /contacts/*/segments', (api, _, [id]) => ({ type: 'list', data: segments(api, contact(api, id)) })],
  ['GET /contacts/*/subscriptions', (api, _, [id]) => subscriptions(contact(api, id))],
  ['GET /contacts/*/merge_history', (api, call, [id]) => mergeHistory(contact(api, id), call)],
];

function searchContacts(api: Api, { body, version, query }: ApiCall): Row {
  const { options, workspace } = api;
  const result = search(workspace.searchedContacts, body, {
    dates: dateRules(options, 'contacts', version),
    cursors: options.cursors,
    defaultPerPage: 50,
    sorts: true,
  });
  const page = { type: 'list', total_count: result.total, pages: result.pages };
  return options.keepTexts && asksForMerges(query)
    ? { ...page, data: keptTexts(api, query, result) }
    : { ...page, data: result.rows().map((row) => shown(api, query, row)) };
}

function listContacts(api: Api, { query }: ApiCall): Row {
  const { rows, total, pages } = listed(api.workspace.contacts, query, 50);
  return { type: 'list', data: rows().map((row) => shown(api, query, row)), total_count: total, pages };
}

function keptTexts(api: Api, query: URLSearchParams, { indexes }: SearchResult): KeptTexts {
  const { searchedContacts } = api.workspace;
  const render = (row: Row) => JSON.stringify(shown(api, query, row));
  return new KeptTexts(indexes.map((index) => searchedContacts.text(index, render)));
}

function asksForMerges(query: URLSearchParams): boolean {
  return query.get('include_merge_history') === 'true';
}

function shown({ options }: Api, query: URLSearchParams, row: Row): Row {
  const whole = asksForMerges(query) ? withMerges(row) : withoutMerges(row);
  return cut(whole, options.sublistLimit);
}

/** Throws 410 for a contact that was merged into another, and 404 for one that is not there. */
function contact({ workspace }: Api, id = ''): Row {
  const target = workspace.canonicalContact(id);
  if (target !== undefined)
    throw new ApiError(
      410,
      'contact_merged',
      "This contact has been merged. See the 'Link' header for the canonical contact.",
      { Link: `</contacts/${target}>; rel="canonical"` },
    );
  return found(workspace.contacts.get(id), 'not_found', 'User Not Found');
}

function findByExternalId(api: Api, { query }: ApiCall, [externalId]: readonly string[]): Row {
  for (const row of api.workspace.contacts.rows())
    if (row.external_id === externalId) return shown(api, query, row);
  throw new ApiError(404, 'not_found', 'User Not Found');
}

function entries(row: Row, field: string): Row[] {
  const list = row[field] as { data?: Row[] } | null | undefined;
  return list?.data ?? [];
}

/** Entries are complete here: tags with the admin who applied them. */
function tags({ workspace }: Api, row: Row): Row[] {
  return entries(row, 'tags').map(({ id }) => ({
    type: 'tag',
    id,
    name: workspace.get('tags', String(id))?.name ?? `tag ${String(id)}`,
    applied_at: row.created_at,
    applied_by: { type: 'admin', id: String(adminId(0)) },
  }));
}

function companies({ workspace }: Api, row: Row): Row[] {
  return entries(row, 'companies').map(
    ({ id }) => workspace.companies.get(String(id)) ?? { type: 'company', id, name: 'gone' },
  );
}

function notes(row: Row): Row[] {
  return entries(row, 'notes').map(({ id }) => ({
    type: 'note',
    id,
    created_at: row.created_at,
    contact: { type: 'contact', id: row.id },
    author: {
      type: 'admin',
      id: String(adminId(0)),
      name: 'Chloé',
      email: 'admin0@example.com',
      away_mode_enabled: false,
      away_mode_reassign: false,
    },
    body: '<p>This is a note.</p>',
  }));
}

/** Rows do not contain their segments: users are in the segments of users. */
function segments({ workspace }: Api, { role }: Row): Row[] {
  const of = workspace.list('segments').filter((each) => (each.person_type === 'user') === (role === 'user'));
  return of.map(withoutCount);
}

function subscriptions(row: Row): Row {
  const data = (['out', 'in'] as const).flatMap((consent) =>
    entries(row, `opted_${consent}_subscription_types`).map(({ id }) => ({
      type: 'subscription',
      id,
      state: 'live',
      consent_type: `opt_${consent}`,
      default_translation: { name: 'Newsletters', description: 'Größe', locale: 'en' },
      translations: [],
      content_types: ['email'],
    })),
  );
  return { type: 'list', data };
}

function mergeHistory(row: Row, { query }: ApiCall): Row {
  const all = (row.merge_history ?? []) as Row[];
  const perPage = Number(query.get('per_page') ?? 50);
  const from = Number(query.get('cursor') ?? 0);
  const more = from + perPage < all.length;
  return {
    type: 'list',
    data: all.slice(from, from + perPage),
    next_cursor: more ? String(from + perPage) : null,
    has_more: more,
  };
}
