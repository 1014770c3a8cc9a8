import type { IntercomApi } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { type SearchedTable, searched } from '../model/table.js';

type Table = SearchedTable<IntercomApi>;

/** A table whose rows are those that a search by `updated_at` shows. Further members replace the defaults. */
export function searchTable({
  search,
  ...table
}: Pick<Table, 'name'> & Partial<Omit<Table, 'reads'>> & { readonly search: Search }): Table {
  return searched({
    method: 'incremental',
    key: 'id',
    grain: 'second',
    pull: (api, window) => api.search(search, window),
    probe: (api) => api.newest(search),
    ids: (api, window) => api.search(search, window),
    ...table,
  });
}
