import type { IntercomApi } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { isCutShort } from '../intercom/sublists.js';
import type { Window } from '../model/state.js';
import type { Page, Table } from '../model/table.js';

/** Users and leads. Their search filters by whole days of the workspace's time zone, and cuts their lists at ten entries. */
export const contacts: Table<IntercomApi> = {
  name: 'contacts',
  method: 'incremental',
  key: 'id',
  reads: 'searched',
  takesReadyRows: true,
  grain: 'day',
  pull: pullContacts,
  customAttributes: (api) => api.attributes('contact'),
  ids: (api, window) => api.search({ path: CONTACT_SEARCH.path, list: CONTACT_SEARCH.list }, window),
  hinted: { entity: 'contact', rows: (contact) => [contact] },
  isGone: (api, id) => api.isContactGone(id),
};

const CONTACT_SEARCH: Search = {
  path: '/contacts/search',
  list: 'data',
  isOrdered: true,
  include: 'include_merge_history=true',
};

async function* pullContacts(api: IntercomApi, window: Window): AsyncGenerator<Page> {
  for await (const page of api.search(CONTACT_SEARCH, window)) {
    const rows = page.rows.some(isCutShort)
      ? await Promise.all(page.rows.map((row) => api.completeContact(row)))
      : page.rows;
    yield { ...page, rows };
  }
}
