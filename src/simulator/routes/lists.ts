/** The endpoints of the small tables, and of the token's own admin. */

import type { Row } from '../collection.js';
import { ApiError } from '../errors.js';
import { conversationAttributes } from '../generate/attributes.js';
import type { ListTable } from '../lists.js';
import { isBefore } from '../version.js';
import { type Api, type ApiCall, found, type Route } from './call.js';

export const LIST_ROUTES: readonly Route[] = [
  ['GET /me', me],
  ['GET /admins', (api, { query }) => ({ type: 'admin.list', admins: admins(api, query) })],
  ['GET /admins/*', (api, _, [id]) => inList(api, 'admins', id, 'admin_not_found', 'Admin not found')],
  ['GET /teams', ({ workspace }) => ({ type: 'team.list', teams: workspace.list('teams') })],
  ['GET /teams/*', (api, _, [id]) => inList(api, 'teams', id, 'team_not_found', 'Team not found')],
  ['GET /tags', ({ workspace }) => ({ type: 'list', data: workspace.list('tags') })],
  ['GET /tags/*', (api, _, [id]) => inList(api, 'tags', id, 'not_found', 'Resource Not Found')],
  ['GET /segments', segments],
  ['GET /segments/*', segment],
  ['GET /data_attributes', dataAttributes],
  ['GET /conversations/attributes', conversationAttributeList, '2.16'],
];

function me({ options, workspace }: Api): Row {
  const [admin] = workspace.list('admins');
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
    id: String(admin?.id ?? '991267500'),
    email: String(admin?.email ?? 'admin0@example.com'),
    name: String(admin?.name ?? 'Admin'),
    email_verified: true,
    avatar: { type: 'avatar', image_url: null },
    app,
  };
}

function admins({ workspace }: Api, query: URLSearchParams): readonly Row[] {
  const rows = workspace.list('admins');
  return query.get('display_avatar') === 'false' ? rows.map(({ avatar: _, ...rest }) => rest) : rows;
}

function inList(
  { workspace }: Api,
  table: ListTable,
  id: string | undefined,
  code: string,
  message: string,
): Row {
  return found(
    workspace.list(table).find((row) => String(row.id) === id),
    code,
    message,
  );
}

function segments({ workspace }: Api, { query }: ApiCall): Row {
  const rows = workspace.list(query.get('type') === 'company' ? 'company_segments' : 'segments');
  const shown = query.get('include_count') === 'true' ? rows : rows.map(withoutCount);
  return { type: 'segment.list', segments: shown, pages: {} };
}

function segment({ workspace }: Api, _: ApiCall, [id = '']: readonly string[]): Row {
  const row = workspace.get('segments', id) ?? workspace.get('company_segments', id);
  return withoutCount(found(row, 'not_found'));
}

/** A segment as it is returned when its count was not requested. */
export function withoutCount({ count: _, ...rest }: Row): Row {
  return rest;
}

function dataAttributes({ workspace, options }: Api, { query, version }: ApiCall): Row {
  const model = query.get('model');
  const known: Readonly<Record<string, () => readonly Row[]>> = {
    contact: () => workspace.list('contact_attributes'),
    company: () => workspace.list('company_attributes'),
    ...(isBefore(version, '2.16') ? { conversation: () => conversationAttributes(options) } : {}),
  };
  const models = model === null ? ['contact', 'company'] : [model];
  const rows = models.flatMap((each) => {
    const read = Object.hasOwn(known, each) ? known[each] : undefined;
    if (read === undefined)
      throw new ApiError(
        422,
        'parameter_invalid',
        `model=${each} is not supported here. Conversations have GET /conversations/attributes`,
      );
    return read();
  });
  return { type: 'list', data: unlessArchived(rows, query) };
}

function conversationAttributeList({ options }: Api, { query }: ApiCall): Row {
  return { type: 'list', data: unlessArchived(conversationAttributes(options), query) };
}

function unlessArchived(rows: readonly Row[], query: URLSearchParams): readonly Row[] {
  return query.get('include_archived') === 'true' ? rows : rows.filter(({ archived }) => archived !== true);
}
