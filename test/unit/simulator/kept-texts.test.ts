/**
 * A workspace that keeps what contacts look like shows the same as one that does not, whatever happens to
 * them.
 */

import { describe, expect, it } from 'vitest';
import { Client, rowsIn, simulate } from '../../support/simulator.js';

const ALL = { query: { field: 'updated_at', operator: '>', value: 0 }, pagination: { per_page: 150 } };
const PATHS = ['/contacts/search?include_merge_history=true', '/contacts/search'];

describe('kept texts', () => {
  it('are what is sent otherwise, before and after changes', async () => {
    const counts = { contacts: 200, companies: 80 };
    const [plain, keeping] = [await simulate({ counts }), await simulate({ counts, keepTexts: true })];
    const both = async () => {
      for (const path of PATHS) {
        const [theirs, ours] = [await plain.client.post(path, ALL), await keeping.client.post(path, ALL)];
        expect(ours.json).toEqual(theirs.json);
      }
      return rowsIn(await keeping.client.post(PATHS[0] as string, ALL));
    };
    const rows = await both();
    expect(await both()).toEqual(rows);
    const [changed, gone, merged] = rows.slice(0, 3).map(({ id }) => String(id)) as [string, string, string];
    for (const { simulator } of [plain, keeping]) {
      simulator.workspace.update('contacts', changed, { name: 'Another' });
      simulator.workspace.remove('contacts', gone);
      simulator.workspace.create('contacts', { id: 'new', name: 'New' });
      simulator.workspace.mergeContacts(merged, String(rows[3]?.id));
    }
    const after = await both();
    expect(after.map(({ id }) => id)).toContain('new');
    expect(after.find(({ id }) => id === changed)).toMatchObject({ name: 'Another' });
    expect(after.map(({ id }) => id)).not.toContain(gone);
  });

  it('can be spoilt like any other reply', async () => {
    const { simulator, client } = await simulate({ counts: { contacts: 20 }, keepTexts: true });
    const path = PATHS[0] as string;
    const { text } = await client.post(path, ALL);
    simulator.faults.inject({ kind: 'truncated-json', times: 1 });
    const spoilt = await new Client(simulator.url).post(path, ALL);
    expect(spoilt.text.length).toBeGreaterThan(text.length / 3);
    expect(spoilt.text.length).toBeLessThan(text.length);
    expect((await client.post(path, ALL)).text).toBe(text);
  });
});
