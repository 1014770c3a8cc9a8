import type { IntercomApi } from '../intercom/api.js';
import type { Window } from '../model/state.js';
import type { Page, Table } from '../model/table.js';

/** Users and leads. Their search filters by whole days of the workspace's time zone, and cuts their lists at ten entries. */
export const contacts: Table<IntercomApi> = {
  name: 'contacts',
  method: 'incremental',
  key: 'id',
  reads: 'searched',
  grain: 'day',
  pull: pullContacts,
};

async function* pullContacts(api: IntercomApi, window: Window): AsyncGenerator<Page> {
  for await (const page of api.search({ path: '/contacts/search', list: 'data' }, window)) {
    const rows = await Promise.all(page.rows.map((row) => api.completeContact(row)));
    yield { ...page, rows };
  }
}
