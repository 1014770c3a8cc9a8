import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';

/** Attributes of companies, archived ones included so that archiving shows as a change and not as a delete. */
export const companyAttributes = attributesOf('company');

/** Attributes of contacts, archived ones included. */
export const contactAttributes = attributesOf('contact');

function attributesOf(model: 'company' | 'contact'): Table<IntercomApi> {
  return {
    name: `${model}_attributes`,
    method: 'full_table',
    key: '_sdc_record_hash',
    reads: 'whole',
    grain: 'second',
    pull: (api) => api.attributeList(model),
  };
}
