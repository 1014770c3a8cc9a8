import type { IntercomApi } from '../intercom/api.js';
import { whole } from '../model/table.js';

/**
 * Companies. No filter by time exists, so each cycle reads them all through the scroll and finds the deleted
 * ones too.
 */
export const companies = whole<IntercomApi>({
  name: 'companies',
  method: 'incremental',
  key: 'id',
  pull: (api) => api.companies(),
  customAttributes: (api) => api.attributes('company'),
  // It is not documented whether the scroll is a snapshot: a company that changes meanwhile may move behind
  // the reader.
  hinted: { entity: 'company', rows: (company) => [company] },
  isGone: (api, id) => api.isCompanyGone(id),
  // The scroll is the only one of the app, and one that is left in the middle stays open for a minute.
  sample: (api, rows) => api.listedCompanies(rows),
  probe: (api) => api.listedCompanies(1).next(),
});
