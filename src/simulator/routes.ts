/** The API's endpoints over a workspace. */

import type { Row } from './collection.js';
import { companiesOf, listIn, notesOf, shownContact, tagsOf } from './contact-shapes.js';
import { ApiError } from './errors.js';
import { adminId } from './lists.js';
import { paged } from './numbered-pages.js';
import type { SimulatorOptions } from './options.js';
import { invalid } from './query.js';
import type { CompaniesScroll } from './scroll.js';
import { dateRules, search } from './search.js';
import { isBefore } from './version.js';
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
  ['GET /tags/*', (api, _, [id]) => inList(api, 'tags', id, 'not_found')],
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
  ['GET /contacts', (api, call) => searchContacts(api, everything(call, 50))],
  ['GET /contacts/*', (api, call, [id]) => shown(api, call, contact(api, id))],
  [
    'GET /contacts/*/tags',
    (api, _, [id]) => ({ type: 'list', data: tagsOf(api.workspace, contact(api, id)) }),
  ],
  [
    'GET /contacts/*/companies',
    (api, call, [id]) => paged(companiesOf(api.workspace, contact(api, id)), call, 'data'),
  ],
  ['GET /contacts/*/notes', (api, call, [id]) => paged(notesOf(contact(api, id)), call, 'data')],
  ['GET /contacts/*/subscriptions', subscriptions],
  ['POST /conversations/search', searchConversations],
  ['GET /conversations', (api, call) => searchConversations(api, everything(call, 20))],
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
    id: String(adminId(0)),
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
    throw new ApiError(422, 'parameter_invalid', `model=${model} is no longer supported`);
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
  const order = call.query.get('order') === 'asc' ? 1 : -1;
  withUsers.sort((a, b) => order * (Number(a.last_request_at ?? 0) - Number(b.last_request_at ?? 0)));
  if (Number(call.query.get('page') ?? 1) * Number(call.query.get('per_page') ?? 15) > 10_000)
    throw invalid('page limit reached, please use scroll API');
  return paged(withUsers, call, 'data', { perPage: 15 });
}

function searchContacts(api: Api, call: ApiCall): Row {
  const { workspace, options } = api;
  const visibleUntil =
    options.indexDelay === 0 ? Number.MAX_SAFE_INTEGER : options.now() - options.indexDelay;
  const result = search(workspace.contacts, call.body, dateRules(options, 'contacts', call.version), {
    cursors: options.cursors,
    defaultPerPage: 50,
    visibleUntil,
  });
  const data = result.rows.map((row) => shown(api, call, row));
  return { type: 'list', data, total_count: result.total, pages: result.pages };
}

/** Epoch seconds before any row's time, also of those from before 1970. */
const BEFORE_ALL = -10_000_000_000;

/** A list is a search for everything, with its paging in the query string. */
function everything(call: ApiCall, defaultPerPage: number): ApiCall {
  const cursor = call.query.get('starting_after');
  const pagination = {
    per_page: Number(call.query.get('per_page') ?? defaultPerPage),
    ...(cursor === null ? {} : { starting_after: cursor }),
  };
  return { ...call, body: { query: { field: 'updated_at', operator: '>', value: BEFORE_ALL }, pagination } };
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
  const row = found(workspace.conversations.get(id ?? ''), 'not_found');
  return {
    ...row,
    conversation_parts: { type: 'conversation_part.list', ...shownParts(row, options.partsLimit) },
  };
}

function deletedConversations({ workspace }: Api, call: ApiCall): Row {
  if (isBefore(call.version, 16))
    throw new ApiError(
      400,
      'intercom_version_invalid',
      'Requested resource is not available in current API version.',
    );
  const rows = workspace.deletedConversations.map(({ id, deletedAt }) => ({
    type: 'conversation',
    id,
    metrics_retained: true,
    deleted_at: deletedAt,
  }));
  if (call.query.get('order') !== 'asc') rows.reverse();
  const page = paged(rows, call, 'conversations', { perPage: 20, most: 60 });
  return { ...page, type: 'conversations.list' };
}

function contact({ workspace }: Api, id: string | undefined): Row {
  const target = workspace.canonicalContact(id ?? '');
  if (target !== undefined) {
    const message = "This contact has been merged. See the 'Link' header for the canonical contact.";
    throw new ApiError(410, 'contact_merged', message, { Link: `</contacts/${target}>; rel="canonical"` });
  }
  return found(workspace.contacts.get(id ?? ''), 'not_found');
}

function shown({ options }: Api, { query }: ApiCall, row: Row): Row {
  const withMerges = query.get('include_merge_history') === 'true';
  return shownContact(row, { limit: options.sublistLimit, withMerges });
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
