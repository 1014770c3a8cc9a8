/** What the API shows of contacts that were merged and of rows that are new. */

import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/simulator/collection.js';
import { idsOf, NOW, refusal, rowsIn, simulate } from '../../support/simulator.js';

const COUNTS = { contacts: 120, companies: 80, conversations: 30, parts: 4 };
const ALL = { query: { field: 'updated_at', operator: '>', value: 0 }, pagination: { per_page: 150 } };

const listOf = (row: Row, field: string) => row[field] as { url: string };

describe('a contact that was merged', () => {
  it('is gone, and its address names the one that it became, over three merges', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const { workspace } = simulator;
    const [a = '', b = '', c = '', d = ''] = idsOf(workspace.rows('contacts'));
    workspace.mergeContacts(a, b);
    const link = async (id: string) => (await client.get(`/contacts/${id}`)).headers.get('link');
    expect(refusal(await client.get(`/contacts/${a}`))).toBe('410 contact_merged');
    expect(await link(a)).toBe(`</contacts/${b}>; rel="canonical"`);
    workspace.mergeContacts(b, c);
    workspace.mergeContacts(c, d);
    expect(await link(a)).toBe(`</contacts/${d}>; rel="canonical"`);
    expect(await link(c)).toBe(`</contacts/${d}>; rel="canonical"`);
    const found = idsOf(rowsIn(await client.post('/contacts/search', ALL)));
    expect(found).toHaveLength(117);
    expect(found[0]).toBe(d);
    expect(refusal(await client.get('/contacts/nobody'))).toBe('404 not_found');
  });

  it('is in the history of the user that it became, for those who ask', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const { workspace } = simulator;
    const of = (role: string) => idsOf([...workspace.rows('contacts')].filter((row) => row.role === role));
    const [user = '', other = ''] = of('user');
    const [lead = '', lost = '', same = ''] = of('lead');
    workspace.mergeContacts(lost, user);
    workspace.mergeContacts(same, lead);
    const history = async (id: string) =>
      (await client.get(`/contacts/${id}?include_merge_history=true`)).json.merge_history;
    expect(await history(user)).toEqual([
      { type: 'merge_history', source_contact_id: lost, source_contact_role: 'lead', merged_at: NOW },
    ]);
    expect(await history(other)).toEqual([]);
    expect(await history(lead)).toBeUndefined();
    expect(workspace.contacts.get(lead)).not.toHaveProperty('merge_history');
    expect((await client.get(`/contacts/${user}`)).json).not.toHaveProperty('merge_history');
    const [found] = rowsIn(await client.post('/contacts/search?include_merge_history=true', ALL)).filter(
      ({ id }) => id === user,
    );
    expect(found).toMatchObject({ merge_history: [{ source_contact_id: lost }] });
  });
});

describe('a row that is created', () => {
  it('shares no list and no part with another', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const { workspace } = simulator;
    const contact = workspace.create('contacts', { email: 'new@example.com' });
    const { json } = await client.get(`/contacts/${contact}`);
    const others = [
      'tags',
      'notes',
      'companies',
      'opted_in_subscription_types',
      'opted_out_subscription_types',
    ];
    for (const field of others) {
      expect(listOf(json, field).url, field).toMatch(new RegExp(`^/contacts/${contact}/`));
      expect(listOf(json, field), field).toMatchObject({ data: [], total_count: 0, has_more: false });
    }
    const conversation = await client.get(`/conversations/${workspace.create('conversations')}`);
    expect(conversation.json.conversation_parts).toEqual({
      type: 'conversation_part.list',
      conversation_parts: [],
      total_count: 0,
    });
  });

  it('is a custom attribute with a number for its ID', async () => {
    const { simulator } = await simulate({ counts: COUNTS });
    const { workspace } = simulator;
    const id = workspace.create('company_attributes', { name: 'colour' });
    expect(workspace.list('company_attributes').at(-1)).toMatchObject({
      id: Number(id),
      name: 'colour',
      custom: true,
      model: 'company',
      created_at: NOW,
      updated_at: NOW,
    });
    workspace.update('company_attributes', id, { description: 'said otherwise' });
    expect(workspace.list('company_attributes').at(-1)).toMatchObject({ description: 'said otherwise' });
  });
});
