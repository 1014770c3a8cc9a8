import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';

/** Teams of teammates. */
export const teams: Table<IntercomApi> = {
  name: 'teams',
  method: 'full_table',
  key: 'id',
  reads: 'whole',
  grain: 'second',
  pull: (api) => api.list({ path: '/teams', route: '/teams', lists: ['teams', 'data'] }),
};
