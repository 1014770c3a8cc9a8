import type { IntercomApi } from '../intercom/api.js';
import { mergedInto } from '../intercom/merge-history.js';
import type { Search } from '../intercom/search.js';
import { hasWholeLists, isCutShort } from '../intercom/sublists.js';
import { idOf } from '../model/row.js';
import { isolate } from '../model/set-aside.js';
import type { Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import { ListsRead } from './lists-read.js';
import { searchTable } from './search-table.js';

export const CONTACT_SEARCH: Search = {
  path: '/contacts/search',
  list: 'data',
  isOrdered: true,
  include: 'include_merge_history=true',
};

/**
 * Users and leads. Their search filters by whole days of the workspace's time zone, and cuts their lists at
 * ten entries.
 */
export const contacts = searchTable({
  name: 'contacts',
  search: CONTACT_SEARCH,
  grain: 'day',
  pull: (api, window, setAside) => pullContacts(api, window, new ListsRead(0), setAside),
  polling: (api, lookback) => {
    const read = new ListsRead(lookback);
    return (window, setAside) => pullContacts(api, window, read, setAside);
  },
  customAttributes: (api) => api.attributes('contact'),
  complete: async (api, contact) => (isCutShort(contact) ? api.completeContact(contact) : contact),
  replaces: mergedInto,
  hinted: { entity: 'contact', rows: (contact) => [contact] },
  isGone: (api, id) => api.isContactGone(id),
});

const NONE: ReadonlySet<string> = new Set();

/**
 * Contacts with their lists completed. A contact that `read` knows unchanged was published, and is left out.
 * So is one whose lists can't be read to their end: half of a list would be published as all of it.
 */
function pullContacts(
  api: IntercomApi,
  window: Window,
  read: ListsRead,
  setAside: ReadonlySet<string> = NONE,
): AsyncIterable<Page> {
  return mapPages(api.search(CONTACT_SEARCH, window), async (page) => {
    read.moveOn(page.newest);
    if (!page.rows.some(isCutShort)) return page;
    const due = page.rows.filter((row) => !isCutShort(row) || !(read.has(row) || setAside.has(idOf(row))));
    const { answers, unread } = await isolate(due, idOf, (row) => api.completeContact(row));
    const completed = answers
      .filter(({ item, answer }) => isCutShort(item) && hasWholeLists(item, answer))
      .map(({ item }) => item);
    return {
      ...page,
      rows: answers.map(({ answer }) => answer),
      asked: due.filter(isCutShort).length,
      unread: [...(page.unread ?? []), ...unread],
      onAccepted: () => {
        for (const row of completed) read.add(row);
      },
    };
  });
}

/**
 * The pages, each changed by `change`. A generator keeps its last page alive until the next one arrives, and
 * pages are large. This iterator releases it.
 */
function mapPages(pages: AsyncGenerator<Page>, change: (page: Page) => Promise<Page>): AsyncIterable<Page> {
  const next = async (): Promise<IteratorResult<Page, void>> => {
    const { value, done } = await pages.next();
    return done ? { value: undefined, done } : { value: await change(value), done: false };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: () => pages.return(undefined) }) };
}
