import { expect, it } from 'vitest';
import { tablesReference } from '../../../dev/generate/tables-page.js';
import { ALL_TABLES } from '../../../src/tables/all.js';

it('docs/tables.md is up to date', async () => {
  await expect(tablesReference(ALL_TABLES)).toMatchFileSnapshot('../../../docs/tables.md');
});
