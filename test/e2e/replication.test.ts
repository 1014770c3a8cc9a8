import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import { missingFrom } from '../support/lossless.js';
import { Project } from '../support/project.js';
import { keyOf } from '../support/seen.js';
import { problemsOf } from '../support/verify.js';

const COUNTS = { contacts: 700, companies: 230, conversations: 320, parts: 4 };

describe.each([
  ['a careful workspace', { counts: COUNTS }],
  [
    'a hostile workspace with positions for cursors',
    {
      counts: COUNTS,
      hostile: true,
      cursors: 'position' as const,
      scrollEnd: '404' as const,
      inclusive: true,
      seed: 7,
    },
  ],
])('a cycle over %s', (_, simulator) => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator,
    });
    await project.cycle();
  });
  afterAll(() => project.close());

  it.each(TABLE_NAMES)(
    'leaves %s in the topic as they are in the workspace, field by field',
    async (table) => {
      const rows = [...project.simulator.workspace.rows(table)];
      const latest = await project.latest(table);
      expect(rows.length).toBeGreaterThan(0);
      expect(new Set(latest.keys())).toEqual(new Set(rows.map((row) => keyOf(table, row))));
      for (const row of rows) {
        const key = keyOf(table, row);
        expect(missingFrom(row, latest.get(key)?.value ?? {}), `${table} ${key}`).toEqual([]);
      }
    },
  );

  it('leaves in the topics what the replies showed, once', async () => {
    expect(await problemsOf(project)).toEqual([]);
  });

  it.each(TABLE_NAMES)('gives each record of %s headers that say what it is', async (table) => {
    const versions = await project.versions(table);
    for (const { headers } of versions) {
      expect(headers).toMatchObject({
        op: 'upsert',
        connection: 'acme',
        table,
        hash: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      expect(Number(headers.fetched_at)).toBeGreaterThan(Date.now() - 600_000);
    }
  });
});

describe('cycles over a workspace that changes', () => {
  let project: Project;
  let before: Record<string, number>;

  beforeAll(async () => {
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 200, companies: 120, conversations: 60, parts: 3 } },
    });
    await project.cycle();
    before = await project.counts();
  });
  afterAll(() => project.close());

  it('publish no row and move no bookmark back when nothing has changed', async () => {
    const states = await project.states();
    const requests = project.simulator.requests.length;
    await project.cycle();
    expect(await project.counts()).toEqual(before);
    for (const [table, state] of await project.states()) {
      const bookmark = states.get(table)?.bookmark ?? null;
      expect(state.bookmark, table).toEqual(bookmark);
      expect(state.records, table).toBe(states.get(table)?.records);
    }
    const routes = project.simulator.requests.slice(requests).map(({ route }) => route);
    expect(routes.filter((route) => route === 'POST /contacts/search')).toHaveLength(1);
    expect(routes.filter((route) => route === 'POST /conversations/search')).toHaveLength(2);
  });

  it('publish one row for one row that changed', async () => {
    const { workspace } = project.simulator;
    const [contact] = workspace.contacts.rows();
    workspace.update('contacts', String(contact?.id), { name: 'Renée' });
    await project.cycle();
    const counts = await project.counts();
    expect(counts).toEqual({ ...before, contacts: (before.contacts ?? 0) + 1 });
    expect((await project.latest('contacts')).get(String(contact?.id))?.value?.name).toBe('Renée');
  });

  it.each(['admins', 'tags', 'teams', 'segments', 'company_segments', 'companies'] as const)(
    'turn a row gone from %s into a tombstone',
    async (table) => {
      const { workspace } = project.simulator;
      const [row] = workspace.rows(table);
      const id = String(row?.id);
      workspace.remove(table, id);
      await project.cycle('--table', table);
      const last = (await project.versions(table)).filter(({ key }) => key === id).at(-1);
      expect(last?.value).toBeNull();
      expect(last?.headers).toMatchObject({ op: 'delete', connection: 'acme', table });
    },
  );

  it('give a changed attribute description a new key, and the old key a tombstone', async () => {
    const { workspace } = project.simulator;
    const attribute = workspace.list('contact_attributes').find(({ id }) => id !== undefined) ?? {};
    const old = keyOf('contact_attributes', attribute);
    const change = { description: 'said otherwise' };
    workspace.update('contact_attributes', String(attribute.id), change);
    await project.cycle('--table', 'contact_attributes');
    const latest = await project.latest('contact_attributes');
    expect(latest.has(old)).toBe(false);
    const key = keyOf('contact_attributes', { ...attribute, ...change });
    expect(latest.get(key)?.value?.description).toBe('said otherwise');
  });

  it('publish all parts of a conversation that was updated, and of no other', async () => {
    const { workspace } = project.simulator;
    const conversation =
      [...workspace.conversations.rows()].find((each) => workspace.partsOf(each).length > 1) ?? {};
    const id = String(conversation.id);
    const count = async () => (await project.versions('conversation_parts')).length;
    const known = await count();
    workspace.addPart(id, { body: 'one more' });
    await project.cycle('--table', 'conversation_parts', '--table', 'conversations');
    const parts = workspace.partsOf(workspace.conversations.get(id) ?? {});
    expect(await count()).toBe(known + parts.length);
    expect(
      String((await project.latest('conversation_parts')).get(String(parts.at(-1)?.id))?.value?.body),
    ).toBe('one more');
  });

  it('leave in the topics each version that replies showed, once and in order', async () => {
    expect(await problemsOf(project)).toEqual([]);
  });
});

describe('conversations that are deleted', () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 5, companies: 2, conversations: 40, parts: 3 } },
      connection: { tables: { conversations: {}, conversation_parts: {} } },
    });
    await project.cycle();
  });
  afterAll(() => project.close());

  it('become tombstones once, and take their parts along', async () => {
    const { workspace } = project.simulator;
    const gone = [...workspace.conversations.rows()]
      .filter((each) => workspace.partsOf(each).length > 1)
      .slice(0, 2);
    const parts = gone.flatMap((each) => workspace.partsOf(each).map(({ id }) => String(id)));
    for (const { id } of gone) workspace.remove('conversations', String(id));
    await project.cycle();
    await project.cycle();
    const tombstones = async (table: 'conversations' | 'conversation_parts') =>
      (await project.versions(table))
        .filter(({ value }) => value === null)
        .map(({ key }) => key)
        .sort();
    expect(await tombstones('conversations')).toEqual(gone.map(({ id }) => String(id)).sort());
    expect(await tombstones('conversation_parts')).toEqual(parts.sort());
    expect((await project.states()).get('conversations')).toMatchObject({ deletes: 2 });
    expect(await problemsOf(project, { tables: ['conversations', 'conversation_parts'] })).toEqual([]);
  });
});
