import { expect, it } from 'vitest';
import { rowTypes } from '../../../dev/generate/row-types.js';
import { ALL_TABLE_NAMES } from '../../../src/model/table-names.js';

it('src/library/rows.ts is up to date', async () => {
  await expect(rowTypes(ALL_TABLE_NAMES)).toMatchFileSnapshot('../../../src/library/rows.ts');
});
