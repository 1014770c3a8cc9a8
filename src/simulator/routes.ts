/** The API's endpoints over a workspace. */

import type { Row } from './collection.js';
import { ApiError } from './errors.js';
import type { SimulatorOptions } from './options.js';
import { invalid } from './query.js';
import type { CompaniesScroll } from './scroll.js';
import { dateRules, search } from './search.js';
import { type ListTable, shownParts, type Workspace, withoutParts } from './workspace.js';

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

type Handler = (api: Api, call: ApiCall, ids: readonly string[]) => Row;

/** Method and pattern of each endpoint; `*` is an ID. The first that matches answers. */
const ROUTES: readonly (readonly [string, Handler])[] = [
  ['GET /me', me],
  ['GET /admins', (api) => ({ type: 'admin.list', admins: api.workspace.list('admins') })],
  ['GET /admins/*', (api, _, [id]) => inList(api, 'admins', id, 'admin_not_found')],
  ['GET /teams', (api) => ({ type: 'team.list', teams: api.workspace.list('teams') })],
  ['GET /teams/*', (api, _, [id]) => inList(api, 'teams', id, 'team_not_found')],
  ['GET /tags', (api) => ({ type: 'list', data: api.workspace.list('tags') })],
  ['GET /tags/*', (api, _, [id]) => inList(api, 'tags', id, 'tag_not_found')],
  ['GET /segments', segments],
  ['GET /segments/*', (api, _, [id]) => inList(api, 'segments', id, 'not_found')],
  ['GET /data_attributes', dataAttributes],
  ['GET /companies/scroll', (api, { query }) => api.scroll.next(query.get('scroll_param'))],
  ['POST /companies/list', companies],
  ['GET /companies', companies],
  ['GET /companies/*', (api, _, [id]) => found(api.workspace.companies.get(id ?? ''), 'company_not_found')],
  [
    'GET /companies/*/segments',
    (api, _, [id]) => ({
      type: 'list',
      data: listIn(found(api.workspace.companies.get(id ?? ''), 'company_not_found'), 'segments', 'segments'),
    }),
  ],
  ['POST /contacts/search', searchContacts],
  ['GET /contacts', listContacts],
  ['GET /contacts/*', (api, _, [id]) => cut(contact(api, id), api.options.sublistLimit)],
  ['GET /contacts/*/tags', (api, _, [id]) => ({ type: 'list', data: hydrated(contact(api, id), 'tags') })],
  [
    'GET /contacts/*/companies',
    (api, call, [id]) => paged(hydrated(contact(api, id), 'companies'), call, 'data'),
  ],
  ['GET /contacts/*/notes', (api, call, [id]) => paged(hydrated(contact(api, id), 'notes'), call, 'data')],
  ['GET /contacts/*/subscriptions', subscriptions],
  ['POST /conversations/search', searchConversations],
  ['GET /conversations/deleted', deletedConversations],
  ['GET /conversations/*', conversation],
];

const PATTERNS = ROUTES.map(([pattern, handler]) => {
  const source = pattern.replaceAll('*', '([^/]+)');
  return { pattern, regex: new RegExp(`^${source}$`), handler };
});

/** The endpoint's name, for counters; null for a path that there is none for. */
export function routeOf(method: string, path: string): string | null {
  return PATTERNS.find(({ regex }) => regex.test(`${method} ${path}`))?.pattern ?? null;
}

/** Answers a call, or throws the API's error. */
export function answer(api: Api, call: ApiCall): Row {
  for (const { regex, handler } of PATTERNS) {
    const match = regex.exec(`${call.method} ${call.path}`);
    if (match !== null) return handler(api, call, match.slice(1).map(decodeURIComponent));
  }
  throw new ApiError(404, 'not_found', 'The requested resource was not found');
}

function me({ options }: Api): Row {
  const app = {
    type: 'app',
    id_code: 'simulated',
    name: 'Simulated workspace',
    region: options.region,
    timezone: options.timeZone,
    created_at: options.from,
    identity_verification: false,
  };
  return {
    type: 'admin',
    id: '991267500',
    email: 'admin0@example.com',
    name: 'Admin',
    email_verified: true,
    avatar: { type: 'avatar', image_url: null },
    app,
  };
}

function inList({ workspace }: Api, table: ListTable, id: string | undefined, code: string): Row {
  return found(
    workspace.list(table).find((row) => String(row.id) === id),
    code,
  );
}

function found(row: Row | undefined, code: string): Row {
  if (row === undefined) throw new ApiError(404, code, 'Resource not found');
  return row;
}

function segments({ workspace }: Api, { query }: ApiCall): Row {
  const rows = workspace.list(query.get('type') === 'company' ? 'company_segments' : 'segments');
  const shown = query.get('include_count') === 'true' ? rows : rows.map(({ count: _, ...rest }) => rest);
  return { type: 'segment.list', segments: shown, pages: {} };
}

function dataAttributes({ workspace }: Api, { query }: ApiCall): Row {
  const model = query.get('model');
  if (model !== null && model !== 'contact' && model !== 'company')
    throw new ApiError(422, 'parameter_invalid', `model ${model} is not valid`);
  const tables = model === null ? (['contact', 'company'] as const) : [model];
  const rows = tables.flatMap((each) =>
    workspace.list(each === 'contact' ? 'contact_attributes' : 'company_attributes'),
  );
  return {
    type: 'list',
    data: query.get('include_archived') === 'true' ? rows : rows.filter(({ archived }) => archived !== true),
  };
}

function companies({ workspace }: Api, call: ApiCall): Row {
  const withUsers: Row[] = [];
  for (const row of workspace.companies.rows()) if (Number(row.user_count) > 0) withUsers.push(row);
  if (Number(call.query.get('page') ?? 1) * Number(call.query.get('per_page') ?? 15) > 10_000)
    throw invalid('page limit reached, please use scroll API');
  return paged(withUsers.reverse(), call, 'data', 15);
}

function searchContacts({ workspace, options }: Api, { body, version }: ApiCall): Row {
  const visibleUntil =
    options.indexDelay === 0 ? Number.MAX_SAFE_INTEGER : options.now() - options.indexDelay;
  const result = search(workspace.contacts, body, dateRules(options, 'contacts', version), {
    cursors: options.cursors,
    defaultPerPage: 50,
    visibleUntil,
  });
  const data = result.rows.map((row) => cut(row, options.sublistLimit));
  return { type: 'list', data, total_count: result.total, pages: result.pages };
}

function listContacts(api: Api, call: ApiCall): Row {
  const cursor = call.query.get('starting_after');
  const pagination = {
    per_page: Number(call.query.get('per_page') ?? 50),
    ...(cursor === null ? {} : { starting_after: cursor }),
  };
  const body = { query: { field: 'updated_at', operator: '>', value: 0 }, pagination };
  return searchContacts(api, { ...call, body });
}

function searchConversations({ workspace, options }: Api, { body, version }: ApiCall): Row {
  const rules = dateRules(options, 'conversations', version);
  const result = search(workspace.conversations, body, rules, {
    cursors: options.cursors,
    defaultPerPage: 20,
    visibleUntil: Number.MAX_SAFE_INTEGER,
  });
  return {
    type: 'conversation.list',
    conversations: result.rows.map(withoutParts),
    total_count: result.total,
    pages: result.pages,
  };
}

function conversation({ workspace, options }: Api, _: ApiCall, [id]: readonly string[]): Row {
  const row = found(workspace.conversations.get(id ?? ''), 'conversation_not_found');
  return {
    ...row,
    conversation_parts: { type: 'conversation_part.list', ...shownParts(row, options.partsLimit) },
  };
}

function deletedConversations({ workspace }: Api, call: ApiCall): Row {
  const rows = workspace.deletedConversations.map(({ id, deletedAt }) => ({
    type: 'conversation',
    id,
    metrics_retained: true,
    deleted_at: deletedAt,
  }));
  if (call.query.get('order') !== 'asc') rows.reverse();
  return { ...paged(rows, call, 'conversations', 20), type: 'conversations.list' };
}

function contact({ workspace }: Api, id: string | undefined): Row {
  const target = workspace.mergedInto.get(id ?? '');
  if (target !== undefined)
    throw new ApiError(410, 'contact_merged', 'Contact was merged', {
      Link: `</contacts/${target}>; rel="canonical"`,
    });
  return found(workspace.contacts.get(id ?? ''), 'not_found');
}

/** A contact as it is sent: its lists cut short. */
function cut(row: Row, limit: number): Row {
  const copy = { ...row };
  for (const field of [
    'tags',
    'notes',
    'companies',
    'opted_out_subscription_types',
    'opted_in_subscription_types',
  ]) {
    const list = row[field] as { data?: Row[] } | null | undefined;
    if (list?.data !== undefined && list.data.length > limit)
      copy[field] = { ...list, data: list.data.slice(0, limit), has_more: true };
  }
  return copy;
}

function listIn(row: Row, field: string, key: string): Row[] {
  const list = row[field] as Record<string, Row[]> | null | undefined;
  return list?.[key] ?? [];
}

/** Entries as their own paths show them: whole, and without an address. */
function hydrated(row: Row, field: string): Row[] {
  return listIn(row, field, 'data').map(({ id, type }) => ({
    type,
    id,
    name: `${String(type)} ${String(id)}`,
    created_at: row.created_at,
  }));
}

function subscriptions(api: Api, _: ApiCall, [id]: readonly string[]): Row {
  const row = contact(api, id);
  const entries = (['out', 'in'] as const).flatMap((consent) =>
    listIn(row, `opted_${consent}_subscription_types`, 'data').map((each) => ({
      type: 'subscription',
      id: each.id,
      consent_type: `opt_${consent}`,
      state: 'live',
    })),
  );
  return { type: 'list', data: entries };
}

function paged(rows: readonly Row[], { path, query }: ApiCall, key: string, fallback = 50): Row {
  const perPage = Number(query.get('per_page') ?? fallback);
  const page = Number(query.get('page') ?? 1);
  const totalPages = Math.ceil(rows.length / perPage);
  const next =
    page < totalPages ? `https://api.intercom.io${path}?per_page=${perPage}&page=${page + 1}` : null;
  return {
    type: 'list',
    [key]: rows.slice((page - 1) * perPage, page * perPage),
    total_count: rows.length,
    pages: { type: 'pages', next, page, per_page: perPage, total_pages: totalPages },
  };
}
