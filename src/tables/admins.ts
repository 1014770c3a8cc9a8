import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';

/** Teammates of the workspace. A removed one vanishes from the list. */
export const admins: Table<IntercomApi> = {
  name: 'admins',
  method: 'full_table',
  key: 'id',
  reads: 'whole',
  grain: 'second',
  pull: (api) =>
    api.list({ path: '/admins?display_avatar=true', route: '/admins', lists: ['admins', 'data'] }),
};
