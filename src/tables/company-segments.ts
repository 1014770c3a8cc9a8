import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';

/**
 * Segments of companies, told apart by a parameter that Intercom's clients use and its description leaves
 * out.
 */
export const companySegments: Table<IntercomApi> = {
  name: 'company_segments',
  method: 'incremental',
  key: 'id',
  reads: 'whole',
  grain: 'second',
  pull: (api) =>
    api.list({
      path: '/segments?type=company&include_count=true',
      route: '/segments',
      lists: ['segments', 'data'],
    }),
};
