import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';

/** The workspace's tags. */
export const tags: Table<IntercomApi> = {
  name: 'tags',
  method: 'full_table',
  key: 'id',
  reads: 'whole',
  grain: 'second',
  pull: (api) => api.list({ path: '/tags', route: '/tags', lists: ['tags', 'data'] }),
};
