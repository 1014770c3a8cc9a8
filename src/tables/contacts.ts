import type { IntercomApi } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { isCutShort } from '../intercom/sublists.js';
import type { Window } from '../model/state.js';
import type { Page, Table } from '../model/table.js';
import { ListsRead } from './lists-read.js';

/** Users and leads. Their search filters by whole days of the workspace's time zone, and cuts their lists at ten entries. */
export const contacts: Table<IntercomApi> = {
  name: 'contacts',
  method: 'incremental',
  key: 'id',
  reads: 'searched',
  takesReadyRows: true,
  grain: 'day',
  pull: (api, window) => pullContacts(api, window, new ListsRead(0)),
  polling: (api, lookback) => {
    const read = new ListsRead(lookback);
    return (window) => pullContacts(api, window, read);
  },
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

/** Contacts with their lists completed; one that `read` knows as it is was published, and is left out. */
function pullContacts(api: IntercomApi, window: Window, read: ListsRead): AsyncIterable<Page> {
  return mapPages(api.search(CONTACT_SEARCH, window), async (page) => {
    read.moveOn(page.newest);
    const cut = page.rows.filter(isCutShort);
    if (cut.length === 0) return page;
    const due = page.rows.filter((row) => !isCutShort(row) || !read.has(row));
    const rows = await Promise.all(due.map((row) => api.completeContact(row)));
    const onTaken = () => {
      for (const row of cut) read.add(row);
    };
    return { ...page, rows, onTaken };
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
