/** Tables that a list shows completely. */

import type { IntercomApi, Listing } from '../intercom/api.js';
import { type WholeTable, whole } from '../model/table.js';
import type { TableName } from '../model/table-names.js';

type List = WholeTable<IntercomApi>;

interface ListOptions extends Partial<Omit<List, 'reads'>> {
  readonly name: TableName;
  /** With its query, as it is requested. */
  readonly path: string;
  /** The key of the rows, where it is neither `data` nor the table's name. */
  readonly list?: string;
}

/** A table that one reply lists: what is missing is gone. */
export function listed({ name, path, list = name, ...more }: ListOptions): List {
  const [route = path] = path.split('?');
  const listing: Listing = { path, route, lists: ['data', list] };
  return whole({
    name,
    method: 'full_table',
    key: 'id',
    pull: (api) => api.list(listing),
    probe: (api) => api.list(listing).next(),
    ...more,
  });
}

/** The same in pages, where a row may move from one to the other: what is missing is requested by its ID. */
export function paged(options: ListOptions): List {
  const [route = options.path] = options.path.split('?');
  const { name, list = name } = options;
  const ofOne: Listing = { path: `${route}?per_page=1`, route, lists: ['data', list] };
  return listed({
    isGone: (api, id) => api.isGone(route, id),
    probe: (api) => api.list(ofOne).next(),
    ...options,
  });
}

/** Teammates of the workspace. A removed one vanishes from the list. */
export const admins = listed({ name: 'admins', path: '/admins?display_avatar=true' });

/** The workspace's tags. */
export const tags = listed({ name: 'tags', path: '/tags' });

/** Teams of teammates. */
export const teams = listed({ name: 'teams', path: '/teams' });

/** Segments of people. Counts change without moving `updated_at`, so rows are compared by content. */
export const segments = listed({
  name: 'segments',
  method: 'incremental',
  path: '/segments?include_count=true',
});

/**
 * Segments of companies, selected by a parameter that Intercom's clients use and its description leaves out.
 */
export const companySegments = listed({
  name: 'company_segments',
  method: 'incremental',
  path: '/segments?type=company&include_count=true',
  list: 'segments',
});

export const articles = paged({ name: 'articles', path: '/articles' });

export const helpCenterCollections = paged({
  name: 'help_center_collections',
  path: '/help_center/collections',
  list: 'collections',
});

export const subscriptionTypes = listed({ name: 'subscription_types', path: '/subscription_types' });

export const ticketTypes = listed({ name: 'ticket_types', path: '/ticket_types' });

/** Custom attributes of conversations, by whichever path the API's version has. */
export const conversationAttributes = listed({
  name: 'conversation_attributes',
  path: '/conversations/attributes',
  pull: (api) => api.conversationAttributeList(),
  probe: (api) => api.conversationAttributeList().next(),
});

/** Macros come by cursors, and not by their pages' numbers. */
export const macros = paged({
  name: 'macros',
  path: '/macros?per_page=150',
  pull: (api) =>
    api.cursorList({ path: '/macros?per_page=150', route: '/macros', lists: ['data', 'macros'] }),
});
