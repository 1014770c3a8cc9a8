/** The official SDK reads the simulator: the simulator must not be only our own idea of the API. */

import { Intercom, IntercomClient, IntercomError } from 'intercom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/server.js';
import { idsOf } from '../../support/simulator.js';

const COUNTS = { contacts: 130, companies: 230, conversations: 70, parts: 6 };

describe('the official SDK', () => {
  let simulator: Simulator;
  let client: IntercomClient;

  const clientFor = (token: string) =>
    new IntercomClient({ token, baseUrl: simulator.url, version: '2.14', maxRetries: 0 });

  beforeAll(async () => {
    simulator = await startSimulator({ counts: COUNTS, budget: null });
    client = clientFor('simulated-token');
  });
  afterAll(() => simulator.close());

  it('lists admins, teams, tags and segments', async () => {
    const { workspace } = simulator;
    const { admins } = await client.admins.list();
    const { teams } = await client.teams.list();
    const { data: tags } = await client.tags.list();
    const { segments } = await client.segments.list({ include_count: true });
    expect(admins).toEqual(workspace.list('admins'));
    expect(admins?.map((admin) => typeof admin?.id)).toEqual(admins?.map(() => 'string'));
    expect(teams).toEqual(workspace.list('teams'));
    expect(tags).toEqual(workspace.list('tags'));
    expect(segments).toEqual(workspace.list('segments'));
  });

  it('finds one admin, team, tag and segment by its ID', async () => {
    const { workspace } = simulator;
    const [admin, team, tag, segment] = (['admins', 'teams', 'tags', 'segments'] as const).map(
      (table) => workspace.list(table)[1] ?? {},
    );
    expect(await client.admins.find({ admin_id: Number(admin?.id) })).toEqual(admin);
    expect(await client.teams.find({ team_id: String(team?.id) })).toEqual(team);
    expect(await client.tags.find({ tag_id: String(tag?.id) })).toEqual(tag);
    expect(await client.segments.find({ segment_id: String(segment?.id) })).toMatchObject({
      id: segment?.id,
    });
  });

  it('lists the attributes of contacts and companies, archived ones when it asks for them', async () => {
    for (const model of ['contact', 'company'] as const) {
      const rows = simulator.workspace.list(`${model}_attributes`);
      const { data: shown } = await client.dataAttributes.list({ model });
      const { data: all } = await client.dataAttributes.list({ model, include_archived: true });
      expect(all).toEqual(rows);
      expect(shown).toEqual(rows.filter(({ archived }) => archived !== true));
      expect(shown?.length).toBeLessThan(rows.length);
    }
  });

  it('pages through a search of contacts', async () => {
    const page = await client.contacts.search({
      query: { field: 'updated_at', operator: '>', value: '0' },
      pagination: { per_page: 40 },
    });
    const found: Intercom.Contact[] = [];
    for await (const contact of page) found.push(contact);
    const expected = idsOf(simulator.workspace.rows('contacts')).reverse();
    expect(found.map(({ id }) => id)).toEqual(expected);
  });

  it('pages through the list of contacts and finds one', async () => {
    const found: Intercom.Contact[] = [];
    for await (const contact of await client.contacts.list({ per_page: 60 })) found.push(contact);
    expect(found).toHaveLength(COUNTS.contacts);
    const id = String(found[7]?.id);
    expect(await client.contacts.find({ contact_id: id })).toEqual(found[7]);
  });

  it('scrolls through the companies until a page is empty', async () => {
    const page = await client.companies.scroll();
    const sizes: number[] = [];
    const ids = new Set<string>();
    for (;;) {
      sizes.push(page.data.length);
      for (const { id } of page.data) ids.add(id);
      if (page.data.length === 0) break;
      await page.getNextPage();
    }
    expect(sizes).toEqual([100, 100, 30, 0]);
    expect(ids).toEqual(new Set(idsOf(simulator.workspace.rows('companies'))));
  });

  it('pages through a search of conversations, which come without their parts', async () => {
    const page = await client.conversations.search({
      query: { operator: 'AND', value: [{ field: 'updated_at', operator: '>', value: '0' }] },
      pagination: { per_page: 25 },
    });
    const found: Intercom.Conversation[] = [];
    for await (const conversation of page) found.push(conversation);
    expect(found).toEqual([...simulator.workspace.rows('conversations')].reverse());
  });

  it('pages through the list of conversations', async () => {
    const found: Intercom.Conversation[] = [];
    for await (const conversation of await client.conversations.list({ per_page: 30 }))
      found.push(conversation);
    expect(found.map(({ id }) => id)).toEqual(idsOf(simulator.workspace.rows('conversations')).reverse());
  });

  it('finds a conversation with its parts', async () => {
    const rows = [...simulator.workspace.conversations.rows()];
    const row = rows.find((each) => simulator.workspace.partsOf(each).length > 2) ?? {};
    const found = await client.conversations.find({ conversation_id: String(row.id) });
    expect(found).toEqual(row);
    const { conversation_parts: parts = [], total_count: total } = found.conversation_parts ?? {};
    expect(parts.length).toBeGreaterThan(2);
    expect(total).toBe(parts.length);
  });

  it('knows the errors for what they are', async () => {
    const refused = clientFor('somebody-else').admins.list();
    await expect(refused).rejects.toBeInstanceOf(Intercom.UnauthorizedError);
    await expect(refused).rejects.toMatchObject({
      statusCode: 401,
      body: { type: 'error.list', errors: [{ code: 'unauthorized', message: 'Access Token Invalid' }] },
    });
    await expect(client.tags.find({ tag_id: 'no-such-tag' })).rejects.toBeInstanceOf(Intercom.NotFoundError);
    await expect(
      client.contacts.search({
        query: { field: 'updated_at', operator: '>', value: '0' },
        pagination: { per_page: 151 },
      }),
    ).rejects.toBeInstanceOf(IntercomError);
  });
});
