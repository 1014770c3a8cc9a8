import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';

/** Segments of people. Counts change without moving `updated_at`, so rows are compared by content. */
export const segments: Table<IntercomApi> = {
  name: 'segments',
  method: 'incremental',
  key: 'id',
  reads: 'whole',
  grain: 'second',
  pull: (api) =>
    api.list({ path: '/segments?include_count=true', route: '/segments', lists: ['segments', 'data'] }),
};
