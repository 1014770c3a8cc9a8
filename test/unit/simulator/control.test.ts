/** What tests and other programs can turn while the simulator runs, and how they see what happened. */

import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/simulator/collection.js';
import { at, Client, idsOf, NOW, refusal, rowsIn, simulate } from '../../support/simulator.js';

const COUNTS = { contacts: 60, companies: 12, conversations: 40, parts: 3 };
const ALL = { query: { field: 'updated_at', operator: '>', value: 0 }, pagination: { per_page: 150 } };

describe('touching many rows', () => {
  it('lets them share one second', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const time = at('2024-04-30T00:00:00Z');
    const ids = simulator.workspace.touchMany('conversations', 25, { updated_at: time });
    const query = { field: 'updated_at', operator: '=', value: time };
    const answer = await client.post('/conversations/search', { ...ALL, query });
    expect(answer.json.total_count).toBe(25);
    expect(new Set(idsOf(rowsIn(answer)))).toEqual(new Set(ids));
  });
});

describe('the search index', () => {
  it('shows the old version of a contact until it knows the new one', async () => {
    const clock = { now: NOW };
    const { simulator, client } = await simulate({ counts: COUNTS, indexDelay: 60, now: () => clock.now });
    const { workspace } = simulator;
    const [first = '', second = ''] = idsOf(workspace.rows('contacts'));
    workspace.update('contacts', first, { name: 'renamed' });
    workspace.update('contacts', first, { name: 'renamed again' });
    workspace.remove('contacts', second);
    const created = workspace.create('contacts');
    const shown = async () =>
      new Map(rowsIn(await client.post('/contacts/search', ALL)).map((row) => [row.id, row]));

    const before = await shown();
    expect([before.size, before.has(second), before.has(created)]).toEqual([60, true, false]);
    expect(before.get(first)?.name).not.toMatch(/^renamed/);
    expect((await client.get(`/contacts/${first}`)).json.name).toBe('renamed again');
    expect(refusal(await client.get(`/contacts/${second}`))).toBe('404 not_found');

    clock.now += 60;
    const after = await shown();
    expect([after.size, after.has(second), after.has(created)]).toEqual([60, false, true]);
    expect(after.get(first)).toMatchObject({ name: 'renamed again', updated_at: NOW });
  });
});

describe('the traffic', () => {
  it('is counted by route and status, with the most at a time', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    simulator.faults.inject({ kind: 'status', status: 500, match: '/tags', times: 1 });
    simulator.latency = [20, 30];
    await Promise.all([client.get('/tags'), client.get('/teams'), client.get('/teams')]);
    simulator.latency = 0;
    await client.get('/tags');
    const { traffic } = simulator;
    expect(traffic.mostInFlight).toBe(3);
    expect(traffic.counters).toEqual({ 'GET /tags': { 500: 1, 200: 1 }, 'GET /teams': { 200: 2 } });
    expect([traffic.count(), traffic.count('GET /tags'), traffic.count('GET /tags', 500)]).toEqual([4, 2, 1]);
    expect((await client.get('/_simulator/traffic')).json).toEqual({
      counters: traffic.counters,
      mostInFlight: 3,
    });
  });
});

describe('a program in another process', () => {
  it('turns latency, budget and scroll, and touches many rows', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const turn = (what: string, body: object) => client.post(`/_simulator/${what}`, body);
    await turn('latency', { ms: [5, 9] });
    expect(simulator.latency).toEqual([5, 9]);
    expect((await turn('latency', { ms: 'soon' })).status).toBe(400);
    await turn('latency', { ms: 0 });
    await turn('budget', { limit: 1, windowSeconds: 1_000_000_000 });
    expect([(await client.get('/tags')).status, (await client.get('/tags')).status]).toEqual([200, 429]);
    await turn('budget', {});
    expect((await client.get('/tags')).status).toBe(200);
    await turn('hold', { seconds: 5 });
    expect(refusal(await client.get('/companies/scroll'))).toBe('400 scroll_exists');
    await turn('hold', {});
    expect((await client.get('/companies/scroll')).status).toBe(200);
    const { ids } = (await turn('touch', { table: 'companies', count: 3, patch: { size: 7 } })).json;
    expect(ids).toHaveLength(3);
    expect((await turn('touch', { table: 'tags', count: 3 })).status).toBe(400);
    expect((await turn('create', { table: 'contacts', patch: { id: (ids as string[])[0] } })).status).toBe(
      200,
    );
    expect((await turn('create', { table: 'companies', patch: { id: (ids as string[])[0] } })).status).toBe(
      400,
    );
  });

  it('reads rows as lines', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const { text } = await client.get('/_simulator/rows/conversation_parts');
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    expect(rows).toEqual([...simulator.workspace.rows('conversation_parts')]);
  });
});

describe('a fault', () => {
  it('meets a method and route, and its reply comes in halves or behind blanks', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const [id = ''] = idsOf(simulator.workspace.rows('contacts'));
    simulator.faults.inject({
      kind: 'slow-body',
      ms: 30,
      match: { method: 'GET', route: 'GET /contacts/*' },
    });
    simulator.faults.inject({ kind: 'huge-body', bytes: 300_000, match: { route: /^\/tags$/ } });
    const begin = performance.now();
    expect((await client.get(`/contacts/${id}`)).json.id).toBe(id);
    expect(performance.now() - begin).toBeGreaterThan(25);
    const huge = await client.get('/tags');
    expect(huge.text.length).toBeGreaterThan(300_000);
    expect(rowsIn(huge)).toHaveLength(40);
    expect((await client.get('/teams')).text.length).toBeLessThan(10_000);
  });
});

describe('what is only shown to who asks', () => {
  it('is a user’s merges', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const { workspace } = simulator;
    const users = [...workspace.rows('contacts')].filter(({ role }) => role === 'user');
    const [source = '', target = ''] = idsOf(users);
    workspace.mergeContacts(source, target);
    expect((await client.get(`/contacts/${target}`)).json).not.toHaveProperty('merge_history');
    const merge = {
      type: 'merge_history',
      source_contact_id: source,
      source_contact_role: 'user',
      merged_at: NOW,
    };
    const asked = await client.get(`/contacts/${target}?include_merge_history=true`);
    expect((asked.json.merge_history as Row[]).at(-1)).toEqual(merge);
    const history = await client.get(`/contacts/${target}/merge_history`);
    expect(history.json).toMatchObject({ type: 'list', has_more: false, next_cursor: null });
    expect(rowsIn(history).at(-1)).toEqual(merge);
    expect(() => workspace.mergeContacts(target, target)).toThrow('merge');
  });

  it('is monitors and scorecards of conversations', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    const reviewed = [...simulator.workspace.rows('conversations', true)].filter(
      (row) => 'scorecards' in row,
    );
    expect(reviewed.length).toBeGreaterThan(0);
    const found = async (query: string) =>
      rowsIn(await client.post(`/conversations/search${query}`, ALL)).map((row) => [
        'scorecards' in row,
        'monitor_evaluations' in row,
      ]);
    const count = (all: boolean[][], at: number) => all.filter((each) => each[at] === true).length;
    const plain = await found('');
    const asked = await found('?include_scorecards=true');
    expect([count(plain, 0), count(plain, 1)]).toEqual([0, 0]);
    expect([count(asked, 0), count(asked, 1)]).toEqual([reviewed.length, 0]);
  });
});

describe('versions', () => {
  it.each([
    ['2.15', '/data_attributes?model=conversation', '200 list'],
    ['2.16', '/data_attributes?model=conversation', '422 parameter_invalid'],
    ['2.16', '/conversations/attributes', '200 list'],
    ['2.15', '/conversations/attributes', '400 intercom_version_invalid'],
    ['2.99', '/me', '400 intercom_version_invalid'],
    ['Unstable', '/conversations/deleted', '200 conversations.list'],
  ])('%s: %s is %s', async (version, path, expected) => {
    const { simulator } = await simulate({ counts: COUNTS });
    expect(refusal(await new Client(simulator.url, { version }).get(path))).toBe(expected);
  });

  it('are served as JSON only', async () => {
    const { simulator } = await simulate({ counts: COUNTS });
    const headers = { authorization: 'Bearer simulated-token', accept: 'text/html' };
    expect((await fetch(`${simulator.url}/me`, { headers })).status).toBe(406);
  });
});
