import type { IntercomApi } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { isCutShort } from '../intercom/sublists.js';
import type { Window } from '../model/state.js';
import type { Page, Table } from '../model/table.js';
import { mergedInto } from './merge-history.js';

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
  ids: (api, window) => api.search(CONTACT_SEARCH, window),
  complete: async (api, contact) => (isCutShort(contact) ? api.completeContact(contact) : contact),
  replaces: mergedInto,
  hinted: { entity: 'contact', rows: (contact) => [contact] },
  isGone: (api, id) => api.isContactGone(id),
};

const CONTACT_SEARCH: Search = {
  path: '/contacts/search',
  list: 'data',
  isOrdered: true,
  include: 'include_merge_history=true',
};

function pullContacts(api: IntercomApi, window: Window): AsyncIterable<Page> {
  return mapPages(api.search(CONTACT_SEARCH, window), async (page) => {
    if (!page.rows.some(isCutShort)) return page;
    return { ...page, rows: await Promise.all(page.rows.map((row) => api.completeContact(row))) };
  });
}

/** The pages as `change` makes them. A generator would know each page until it has the next one, and pages are large. */
function mapPages(pages: AsyncGenerator<Page>, change: (page: Page) => Promise<Page>): AsyncIterable<Page> {
  const next = async (): Promise<IteratorResult<Page, void>> => {
    const { value, done } = await pages.next();
    return done ? { value: undefined, done } : { value: await change(value), done: false };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: () => pages.return(undefined) }) };
}
