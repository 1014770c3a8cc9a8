/** Tables beyond the eleven: off unless the configuration names them. */

import type { IntercomApi, Listing } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import type { Table } from '../model/table.js';
import type { MORE_TABLE_NAMES } from '../model/table-names.js';

const TICKET_SEARCH: Search = { path: '/tickets/search', list: 'tickets' };

/** Tickets, with the newest of their parts inside. */
const tickets: Table<IntercomApi> = {
  name: 'tickets',
  method: 'incremental',
  key: 'id',
  reads: 'searched',
  grain: 'second',
  pull: (api, window) => api.search(TICKET_SEARCH, window),
  ids: (api, window) => api.search(TICKET_SEARCH, window),
  isGone: (api, id) => api.isGone('/tickets', id),
  hinted: { entity: 'ticket', rows: (ticket) => [ticket] },
};

/** What teammates did to the workspace. It never changes, and nothing of it goes. */
const activityLogs: Table<IntercomApi> = {
  name: 'activity_logs',
  method: 'incremental',
  key: 'id',
  reads: 'searched',
  grain: 'second',
  pull: (api, window) => api.activityLogs(window),
  replicationKey: 'created_at',
  versionTime: (row) => row.created_at,
};

/** Custom attributes of conversations, by whichever path the API's version has. */
const conversationAttributes: Table<IntercomApi> = {
  ...bare(listed('conversation_attributes', '/conversations/attributes', '/conversations/attributes')),
  pull: (api) => api.conversationAttributeList(),
};

/** Macros come by cursors, and not by their pages' numbers. */
const macros: Table<IntercomApi> = {
  ...listed('macros', '/macros?per_page=150', '/macros'),
  pull: (api) =>
    api.cursorList({ path: '/macros?per_page=150', route: '/macros', lists: ['data', 'macros'] }),
};

/**
 * A table that is listed as a whole, and asked for one by one at `route` where a page may have been missed.
 */
function listed(
  name: Table<IntercomApi>['name'],
  path: string,
  route: string,
  list: string = name,
): Table<IntercomApi> {
  const listing: Listing = { path, route, lists: ['data', list] };
  return {
    name,
    method: 'full_table',
    key: 'id',
    reads: 'whole',
    grain: 'second',
    pull: (api) => api.list(listing),
    isGone: (api, id) => api.isGone(route, id),
  };
}

/** The same where everything comes in one reply, so that what is missing is gone. */
function bare(table: Table<IntercomApi>): Table<IntercomApi> {
  const { isGone: _, ...rest } = table;
  return rest;
}

export const MORE_TABLES: Readonly<Record<(typeof MORE_TABLE_NAMES)[number], Table<IntercomApi>>> = {
  activity_logs: activityLogs,
  articles: listed('articles', '/articles', '/articles'),
  conversation_attributes: conversationAttributes,
  help_center_collections: listed(
    'help_center_collections',
    '/help_center/collections',
    '/help_center/collections',
    'collections',
  ),
  macros,
  subscription_types: bare(listed('subscription_types', '/subscription_types', '/subscription_types')),
  ticket_types: bare(listed('ticket_types', '/ticket_types', '/ticket_types')),
  tickets,
};
