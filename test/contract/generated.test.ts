/** The generated files are what their generators return. `npm run generate` writes them. */

import { expect, it } from 'vitest';
import { configurationReference } from '../../dev/generate/configuration-page.js';
import { rowTypes } from '../../dev/generate/row-types.js';
import { tablesReference } from '../../dev/generate/tables-page.js';
import { configJsonSchema } from '../../src/config/json-schema.js';
import { ALL_TABLE_NAMES } from '../../src/model/table-names.js';
import { ALL_TABLES } from '../../src/tables/all.js';

it.each([
  ['docs/tables.md', () => tablesReference(ALL_TABLES)],
  ['docs/configuration.md', () => configurationReference()],
  ['src/library/rows.ts', () => rowTypes(ALL_TABLE_NAMES)],
  ['config.schema.json', () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
])('%s is up to date (otherwise: npm run generate)', async (file, generate) => {
  await expect(generate()).toMatchFileSnapshot(`../../${file}`);
});
