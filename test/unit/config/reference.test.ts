/**
 * The reference page is what the declarations say; `npx vitest run --project unit -u test/unit/config` writes
 * it.
 */

import { expect, it } from 'vitest';

import { configurationReference } from '../../../dev/generate/configuration-page.js';

it('docs/configuration.md is up to date', async () => {
  await expect(configurationReference()).toMatchFileSnapshot('../../../docs/configuration.md');
});

it('every setting has its words', () => {
  const rows = configurationReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(45);
  for (const row of rows) expect(row).toMatch(/^\| `[^`]+` \| \S.* \| \S.* \| \S.* \|$/);
});
