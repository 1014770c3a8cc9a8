import { describe, expect, it } from 'vitest';
import { TABLE_NAMES, type UsualTableName } from '../../../src/model/table-names.js';
import type { FaultKind } from '../../../src/simulator/faults.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { keyOf, SeenVersions } from '../../support/seen.js';
import { type Client, simulate } from '../../support/simulator.js';

const COUNTS = { contacts: 20, companies: 10, conversations: 12, parts: 2 };
const EVERYTHING = { field: 'updated_at', operator: '>', value: '0' };

/** Reads everything as the publisher does. */
async function readAll(client: Client, simulator: Simulator): Promise<void> {
  const lists = ['/admins?display_avatar=true', '/teams', '/tags', '/segments?include_count=true'];
  const models = ['contact', 'company'].map(
    (model) => `/data_attributes?model=${model}&include_archived=true`,
  );
  for (const path of [...lists, '/segments?type=company&include_count=true', ...models, '/companies/scroll'])
    await client.get(path);
  const body = { query: EVERYTHING, pagination: { per_page: 150 } };
  await client.post('/contacts/search?include_merge_history=true', body);
  await client.post('/conversations/search', body);
  for (const { id } of simulator.workspace.conversations.rows())
    await client.get(`/conversations/${String(id)}`);
  for (const { id } of simulator.workspace.contacts.rows())
    await client.get(`/contacts/${String(id)}?include_merge_history=true`);
  for (const { id } of simulator.workspace.companies.rows()) await client.get(`/companies/${String(id)}`);
}

async function watched(settings = {}) {
  const { simulator, client } = await simulate({ counts: COUNTS, ...settings });
  const seen = new SeenVersions();
  seen.watch(simulator);
  const versions = (table: UsualTableName, id: string) => seen.of(table).get(id)?.versions ?? [];
  return { simulator, client, seen, versions };
}

describe('SeenVersions', () => {
  it('knows each row of each table by the key that it is published under, however it was read', async () => {
    const { simulator, client, seen } = await watched();
    await readAll(client, simulator);
    for (const table of TABLE_NAMES) {
      const keys = [...simulator.workspace.rows(table)].map((row) => keyOf(table, row));
      expect(new Set(seen.of(table).keys()), table).toEqual(new Set(keys));
      for (const [key, { versions }] of seen.of(table)) expect(versions, `${table} ${key}`).toHaveLength(1);
    }
  });

  it('counts a version once however often it is shown, and a change as another one', async () => {
    const { simulator, client, versions } = await watched();
    const id = String([...simulator.workspace.rows('contacts')][0]?.id);
    const path = `/contacts/${id}?include_merge_history=true`;
    await client.get(path);
    await client.get(path);
    expect(versions('contacts', id).map(({ shows }) => shows)).toEqual([2]);
    simulator.workspace.update('contacts', id, { name: 'changed' });
    await client.get(path);
    expect(versions('contacts', id).map((version) => [version.shows, version.firstPolledAt])).toEqual([
      [2, null],
      [1, null],
    ]);
    expect(versions('contacts', id)[1]?.row()).toMatchObject({ name: 'changed' });
  });

  it('keeps the order of a row without a time that returns to what it was', async () => {
    const { simulator, client, versions } = await watched();
    const [tag] = simulator.workspace.rows('tags');
    const id = String(tag?.id);
    for (const name of [tag?.name, 'other', tag?.name]) {
      simulator.workspace.update('tags', id, { name });
      await client.get('/tags');
    }
    expect(versions('tags', id).map((version) => version.row().name)).toEqual([
      tag?.name,
      'other',
      tag?.name,
    ]);
  });

  it('knows what a list shows that changes before its reply is sent', async () => {
    const { simulator, client, seen } = await watched({ latency: 20 });
    let id = '';
    const { onReply } = simulator;
    simulator.onReply = (reply) => {
      onReply?.(reply);
      id = simulator.workspace.create('tags');
    };
    const { json } = await client.get('/tags');
    expect(id).not.toBe('');
    const shown = (json.data as { id: unknown }[]).map((tag) => String(tag.id));
    expect([...seen.of('tags').keys()]).toEqual(shown);
  });

  it('leaves out lists that a reply cuts short', async () => {
    const { simulator, client, versions } = await watched({ sublistLimit: 0 });
    const contact = [...simulator.workspace.rows('contacts')].find(
      ({ tags }) => (tags as { data: unknown[] }).data.length > 0,
    );
    const id = String(contact?.id);
    await client.get(`/contacts/${id}?include_merge_history=true`);
    expect(versions('contacts', id)[0]?.row()).not.toHaveProperty('tags');
  });

  it.each<[FaultKind, number]>([
    [{ kind: 'slow', ms: 1 }, 1],
    [{ kind: 'slow-body', ms: 1 }, 1],
    [{ kind: 'truncated-json' }, 0],
    [{ kind: 'status', status: 500 }, 0],
    [{ kind: 'empty-200' }, 0],
  ])('knows of a reply with %j only when it is sent whole', async (fault, rows) => {
    const { simulator, client, seen } = await watched({ counts: { ...COUNTS, teams: 1 } });
    simulator.faults.inject({ ...fault, carriedOut: true });
    await client.get('/teams');
    expect(seen.of('teams').size).toBe(rows);
  });
});
