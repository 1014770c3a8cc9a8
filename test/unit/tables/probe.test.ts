/** The requests that show whether an app may read a table: of each table, and as few as can be. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import { permissionFor } from '../../../src/intercom/permissions.js';
import type { ApiRequest } from '../../../src/intercom/transport.js';
import { ALL_TABLES } from '../../../src/tables/all.js';

/** An API where every list has one row and further pages, and every row is there. */
function open() {
  const asked: ApiRequest[] = [];
  const api = new IntercomApi(
    {
      async request(request) {
        asked.push(request);
        const { lists = [], id = '7' } = request;
        const rows = [{ id: '7', updated_at: 5 }];
        const pages = { next: { starting_after: 'x', page: 2 }, total_pages: 9 };
        const json = { id, pages, ...Object.fromEntries(lists.map((list) => [list, rows])) };
        return { json, receivedAt: 5_000, serverNow: 5 };
      },
    },
    new AbortController().signal,
  );
  return { api, asked };
}

const shown = ({ method, path, body }: ApiRequest) => {
  const { pagination } = (body ?? {}) as { pagination?: object };
  return `${method} ${path.replace(/\d{10}/, 'NOW')}${pagination === undefined ? '' : ` ${JSON.stringify(pagination)}`}`;
};

const ONE = '{"per_page":1}';

it.each([
  ['admins', ['GET /admins?display_avatar=true']],
  ['companies', ['POST /companies/list?per_page=1&page=1']],
  ['company_attributes', ['GET /data_attributes?model=company&include_archived=true']],
  ['company_segments', ['GET /segments?type=company&include_count=true']],
  ['contact_attributes', ['GET /data_attributes?model=contact&include_archived=true']],
  ['contacts', [`POST /contacts/search?include_merge_history=true ${ONE}`]],
  ['conversation_parts', [`POST /conversations/search ${ONE}`, 'GET /conversations/7']],
  ['conversations', [`POST /conversations/search ${ONE}`]],
  ['segments', ['GET /segments?include_count=true']],
  ['tags', ['GET /tags']],
  ['teams', ['GET /teams']],
  ['activity_logs', ['GET /admins/activity_logs?created_at_after=NOW']],
  ['articles', ['GET /articles?per_page=1']],
  ['conversation_attributes', ['GET /conversations/attributes?include_archived=true']],
  ['help_center_collections', ['GET /help_center/collections?per_page=1']],
  ['macros', ['GET /macros?per_page=1']],
  ['subscription_types', ['GET /subscription_types']],
  ['ticket_types', ['GET /ticket_types']],
  ['tickets', [`POST /tickets/search ${ONE}`]],
])('%s: %j', async (name, requests) => {
  const { api, asked } = open();
  await ALL_TABLES.find((table) => table.name === name)?.probe(api);
  expect(asked.map(shown)).toEqual(requests);
});

it.each(ALL_TABLES.map((table) => [table.name, table] as const))(
  'the permission for each request of %s is known',
  async (_, table) => {
    const { api, asked } = open();
    await table.probe(api);
    expect(asked).not.toEqual([]);
    for (const { route } of asked) expect(permissionFor(route, null), route).not.toBeNull();
  },
);

/** The permission of each table, as the documentation has it. */
const documented = new Map(
  [...readFileSync('docs/security.md', 'utf8').matchAll(/^\| (Read [^|]+) \| ([^|]+) \|$/gm)].flatMap(
    ([, permission = '', tables = '']) =>
      [...tables.matchAll(/`(\w+)`/g)].map(([, table]) => [table, permission] as const),
  ),
);

it.each(ALL_TABLES.map((table) => [table.name, table] as const))(
  'security.md has the permission of %s',
  async (name, table) => {
    const { api, asked } = open();
    await table.probe(api);
    const needed = asked.map(({ route }) => permissionFor(route, null));
    expect(new Set(needed)).toEqual(new Set([documented.get(name)]));
  },
);
