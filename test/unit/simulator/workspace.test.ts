/** What the API shows of the rows: what it cuts, orders and leaves out. */

import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/simulator/collection.js';
import { type Workspace, withoutParts } from '../../../src/simulator/workspace.js';
import {
  type Answer,
  Client,
  idsOf,
  NOW,
  pagesOf,
  refusal,
  rowsIn,
  simulate,
} from '../../support/simulator.js';

/** The contacts with the most tags, notes and companies come every 97 rows. */
const COUNTS = { contacts: 120, companies: 80, conversations: 30, parts: 4 };
const ALL = { query: { field: 'updated_at', operator: '>', value: 0 }, pagination: { per_page: 150 } };

const listOf = (row: Row | undefined, field: string) =>
  row?.[field] as { data: Row[]; url: string; total_count: number; has_more: boolean };

function fullContact(workspace: Workspace): Row {
  return [...workspace.rows('contacts')].find((row) => listOf(row, 'companies').data.length === 60) ?? {};
}

const partsIn = ({ json }: Answer) =>
  json.conversation_parts as { conversation_parts: Row[]; total_count: number };

describe('a contact with long lists', () => {
  it('is sent with ten entries of each, alone and in a search', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const whole = fullContact(simulator.workspace);
    const alone = (await client.get(`/contacts/${whole.id}`)).json;
    const found = rowsIn(await client.post('/contacts/search', ALL)).find(({ id }) => id === whole.id);
    expect(found).toEqual(alone);
    for (const [field, total] of [
      ['tags', 25],
      ['notes', 12],
      ['companies', 60],
      ['opted_out_subscription_types', 11],
      ['opted_in_subscription_types', 12],
    ] as const) {
      const data = listOf(whole, field).data.slice(0, 10);
      expect(listOf(alone, field)).toEqual({
        type: 'list',
        data,
        url: `/contacts/${whole.id}/${field.startsWith('opted') ? 'subscriptions' : field}`,
        total_count: total,
        has_more: true,
      });
      expect(data).toHaveLength(10);
    }
  });

  it('shows its short lists whole', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const [row] = simulator.workspace.rows('contacts');
    expect((await client.get(`/contacts/${row?.id}`)).json).toEqual(row);
    expect(listOf(row, 'tags')).toMatchObject({
      has_more: false,
      total_count: listOf(row, 'tags').data.length,
    });
  });

  it('has all its tags, notes and companies at their paths, 50 a page, each as it is alone', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const whole = fullContact(simulator.workspace);
    const read = (field: string, query = '') => client.get(`${listOf(whole, field).url}${query}`);
    const tags = await read('tags');
    const notes = await read('notes');
    const subscriptions = rowsIn(await read('opted_in_subscription_types'));
    const companies = [await read('companies'), await read('companies', '?page=2')];
    expect(idsOf(rowsIn(tags))).toEqual(idsOf(listOf(whole, 'tags').data));
    expect(idsOf(rowsIn(notes))).toEqual(idsOf(listOf(whole, 'notes').data));
    for (const [consent, field] of [
      ['opt_out', 'opted_out_subscription_types'],
      ['opt_in', 'opted_in_subscription_types'],
    ] as const) {
      const own = subscriptions.filter(({ consent_type: type }) => type === consent);
      expect(idsOf(own)).toEqual(idsOf(listOf(whole, field).data));
    }
    expect(companies.map((page) => rowsIn(page).length)).toEqual([50, 10]);
    expect(idsOf(companies.flatMap(rowsIn))).toEqual(idsOf(listOf(whole, 'companies').data));
    expect(companies.map((page) => pagesOf(page).next)).toEqual([
      expect.stringMatching(/^https:\/\/api\.intercom\.io\/contacts\/\w+\/companies\?.*page=2/),
      null,
    ]);
    const { companies: stored } = simulator.workspace;
    for (const company of companies.flatMap(rowsIn)) expect(company).toEqual(stored.get(String(company.id)));
    for (const tag of rowsIn(tags))
      expect(tag).toEqual({ ...tag, type: 'tag', name: expect.any(String), applied_at: expect.any(Number) });
    for (const note of rowsIn(notes))
      expect(note).toMatchObject({ type: 'note', body: expect.any(String), contact: { id: whole.id } });
  });
});

describe('a conversation', () => {
  it('shows its 500 newest parts and counts them all', async () => {
    const { simulator, client } = await simulate({ counts: { ...COUNTS, parts: 600 } });
    const { workspace } = simulator;
    const long = [...workspace.conversations.rows()].find((row) => partsOf(row).length > 500) ?? {};
    const shown = partsIn(await client.get(`/conversations/${long.id}`));
    expect(shown.conversation_parts).toEqual(partsOf(long).slice(-500));
    expect(shown.total_count).toBe(partsOf(long).length);
    const ids = [...workspace.conversations.rows()].flatMap((row) => idsOf(partsOf(row)));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('moves with each part that is added or redacted', async () => {
    const clock = { now: NOW };
    const { simulator, client } = await simulate({ counts: COUNTS, now: () => clock.now });
    const { workspace } = simulator;
    const id = idsOf(workspace.conversations.rows())[3] ?? '';
    clock.now += 100;
    const part = workspace.addPart(id, { body: 'one more' });
    const added = await client.get(`/conversations/${id}`);
    expect(added.json.updated_at).toBe(NOW + 100);
    expect(partsIn(added).conversation_parts.at(-1)).toMatchObject({ id: part, updated_at: NOW + 100 });
    clock.now += 100;
    workspace.redactPart(id, part);
    const redacted = await client.get(`/conversations/${id}`);
    expect(redacted.json.updated_at).toBe(NOW + 200);
    expect(partsIn(redacted)).toMatchObject({ total_count: partsIn(added).total_count });
    expect(partsIn(redacted).conversation_parts.at(-1)).toMatchObject({
      id: part,
      redacted: true,
      created_at: NOW + 100,
      updated_at: NOW + 200,
    });
    const [newest] = rowsIn(await client.post('/conversations/search', ALL));
    expect(newest).toEqual(withoutParts(redacted.json));
  });

  it('that was deleted is listed, and found no more', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const gone = idsOf(simulator.workspace.conversations.rows()).slice(0, 5);
    for (const id of gone) simulator.workspace.remove('conversations', id);
    expect(refusal(await client.get(`/conversations/${gone[0]}`))).toBe('404 not_found');
    expect(rowsIn(await client.post('/conversations/search', ALL))).toHaveLength(25);

    const falling = await client.get('/conversations/deleted');
    expect(falling.json).toMatchObject({ type: 'conversations.list', total_count: 5 });
    expect(rowsIn(falling)[0]).toEqual({
      type: 'conversation',
      id: gone[4],
      metrics_retained: true,
      deleted_at: NOW,
    });
    let path = '/conversations/deleted?per_page=2&order=asc';
    const read: string[] = [];
    while (path !== '') {
      const page = await client.get(path);
      read.push(...idsOf(rowsIn(page)));
      const { next } = pagesOf(page);
      path = typeof next === 'string' ? next.replace('https://api.intercom.io', '') : '';
    }
    expect(read).toEqual(gone);
  });

  it('that was deleted is listed 60 a page at most, and from version 2.16 on', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    expect(refusal(await client.get('/conversations/deleted?per_page=61'))).toBe('400 parameter_invalid');
    expect(refusal(await client.get('/conversations/deleted?per_page=0'))).toBe('400 parameter_invalid');
    const older = new Client(simulator.url, { version: '2.15' });
    expect(refusal(await older.get('/conversations/deleted'))).toBe('400 intercom_version_invalid');
  });
});

describe('the list of companies', () => {
  it('holds those with users, by when they were last seen', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const withUsers = [...simulator.workspace.rows('companies')].filter((row) => Number(row.user_count) > 0);
    const falling = await client.post('/companies/list?per_page=50');
    const second = await client.post('/companies/list?per_page=50&page=2');
    const rising = await client.post('/companies/list?per_page=50&order=asc');
    const seen = (page: Answer) => rowsIn(page).map((row) => Number(row.last_request_at ?? 0));
    expect(seen(falling)).toEqual([...seen(falling)].sort((a, b) => b - a));
    expect(seen(rising)).toEqual([...seen(rising)].sort((a, b) => a - b));
    const read = [...rowsIn(falling), ...rowsIn(second)];
    expect(new Set(idsOf(read))).toEqual(new Set(idsOf(withUsers)));
    expect(pagesOf(falling)).toMatchObject({ page: 1, next: expect.stringContaining('page=2') });
  });
});

function partsOf(conversation: Row): Row[] {
  return (conversation.conversation_parts as { conversation_parts: Row[] }).conversation_parts;
}
