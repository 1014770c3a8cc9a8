import { expect, it } from 'vitest';
import { configurationReference } from '../../../dev/generate/configuration-page.js';

it('every setting has its words', () => {
  const rows = configurationReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(45);
  for (const row of rows) expect(row).toMatch(/^\| `[^`]+` \| \S.* \| \S.* \| \S.* \|$/);
});
