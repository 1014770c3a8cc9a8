import { expect, it } from 'vitest';
import { tablesReference } from '../../../src/avro/reference.js';
import { TABLES } from '../../../src/tables/all.js';

it('docs/tables.md is up to date', async () => {
  await expect(tablesReference(TABLES)).toMatchFileSnapshot('../../../docs/tables.md');
});
