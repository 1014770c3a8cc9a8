import type { IntercomApi } from '../intercom/api.js';
import { type Page, type WholeTable, whole } from '../model/table.js';

/**
 * Attributes of companies, archived ones included so that archiving shows as a change and not as a delete.
 */
export const companyAttributes = attributesOf('company');

/** Attributes of contacts, archived ones included. */
export const contactAttributes = attributesOf('contact');

/**
 * All rows at once: two of them may share a key, and which one counts must not depend on where a page ends.
 */
async function* onOnePage(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  const all: Page[] = [];
  for await (const page of pages) all.push(page);
  const end = all.at(-1);
  if (end !== undefined) yield { ...end, rows: all.flatMap(({ rows }) => rows) };
}

function attributesOf(model: 'company' | 'contact'): WholeTable<IntercomApi> {
  return whole({
    name: `${model}_attributes`,
    method: 'full_table',
    key: '_sdc_record_hash',
    pull: (api) => onOnePage(api.attributeList(model)),
    probe: (api) => api.attributeList(model).next(),
  });
}
