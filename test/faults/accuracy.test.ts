/** What Intercom says of a workspace and of its rows, and what comes of it on the topics. */

import { afterEach, describe, expect, inject, it } from 'vitest';
import type { TableName } from '../../src/model/table-names.js';
import { completeCycles, type RunningCommand, startCommand } from '../support/command.js';
import { type Rewrite, startRewritingProxy } from '../support/hostile-servers.js';
import { addressOf } from '../support/http.js';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';

let project: Project;
let running: RunningCommand | null = null;
afterEach(async () => {
  running?.process.kill('SIGTERM');
  await running?.finished;
  running = null;
  await project.close();
});

/** A workspace whose replies are rewritten, and these tables of it, read each second. */
async function open(tables: readonly string[], rewrite: Rewrite, connection: object = {}): Promise<void> {
  const options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 5, companies: 3, conversations: 0, tags: 6 }, seed: 21 },
  };
  project = await Project.open(options);
  const baseUrl = await startRewritingProxy(project.simulator.url, rewrite);
  const own = { baseUrl, schedule: '* * * * * *', ...connection };
  await project.write({
    ...options,
    connection: { ...own, tables: Object.fromEntries(tables.map((table) => [table, {}])) },
    file: { http: { port: 0 } },
  });
}

/** Waits for so many more cycles of a table. */
async function cycles(table: TableName, count: number): Promise<void> {
  const cyclesOf = () => (running === null ? 0 : completeCycles(running, table));
  const before = cyclesOf();
  await expect.poll(cyclesOf, { timeout: 60_000, interval: 300 }).toBeGreaterThanOrEqual(before + count);
}

const replyWith = (list: string, rows: readonly unknown[]) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  text: JSON.stringify({ type: 'list', [list]: rows }),
});

const LAPSED = {
  status: 403,
  headers: { 'content-type': 'application/json' },
  text: JSON.stringify({
    type: 'error.list',
    request_id: 'r',
    errors: [{ code: 'api_plan_restricted', message: 'Active subscription needed.' }],
  }),
};

it('a lapsed subscription is one state of the connection, asked again slowly, and ends by itself', async () => {
  let isLapsed = false;
  const asked: string[] = [];
  await open(['tags', 'companies', 'contacts'], (reply, { path }) => {
    if (!isLapsed) return reply;
    asked.push(path);
    return LAPSED;
  });
  running = startCommand(['run', '--config', project.config]);
  const url = await addressOf(running);
  await cycles('tags', 1);
  isLapsed = true;
  const readyz = async () => (await (await fetch(`${url}/readyz`)).text()).trim();
  await expect.poll(readyz, { timeout: 30_000 }).toMatch(/^ready\nacme: .*Active subscription needed/);
  asked.length = 0;
  await expect.poll(() => asked.length, { timeout: 30_000 }).toBeGreaterThan(2);
  expect(new Set(asked)).toEqual(new Set(['/me']));
  const status = (await (await fetch(`${url}/api/status`)).json()) as {
    connections: { state: string; error: { code: string; message: string } }[];
  };
  expect(status.connections).toMatchObject([{ state: 'failed', error: { code: 'plan-restricted' } }]);

  const [tag = ''] = [...project.simulator.workspace.rows('tags')].map(({ id }) => String(id));
  project.simulator.workspace.update('tags', tag, { name: 'changed meanwhile' });
  isLapsed = false;
  const name = async () => (await project.latest('tags')).get(tag)?.value?.name;
  await expect.poll(name, { timeout: 60_000, interval: 300 }).toBe('changed meanwhile');
  await expect.poll(readyz, { timeout: 30_000 }).toBe('ready');
  running.process.kill('SIGTERM');
  const { stderr } = await running.finished;
  expect(stderr.split('\n').filter((line) => line.includes('Active subscription needed'))).toHaveLength(1);
  expect(stderr).not.toContain('lacks the permission');
  const keys = async (table: TableName) => (await project.latest(table)).size;
  expect([await keys('tags'), await keys('companies'), await keys('contacts')]).toEqual([6, 3, 5]);
});

describe('rows of lists', () => {
  /** As recorded, but for the descriptions: two named `name`, two with the ID of none. */
  const TWINS = [
    { name: 'name', full_name: 'name' },
    { name: 'name', full_name: 'plan.name' },
    { name: 'id', full_name: 'id', description: 'same' },
    { name: 'id', full_name: 'plan.id', description: 'same' },
    { name: 'size', full_name: 'size' },
  ];

  async function letters() {
    const records = await readRecords(project.kafka, project.topic('dead_letters'));
    return records.map(({ value }) => (value === null ? null : JSON.parse(value.toString('utf8')).raw));
  }

  it('that share a key: one is published, whatever their order, and the other one is a dead letter', async () => {
    let order = TWINS;
    await open(['company_attributes'], (reply, { path }) => {
      if (!path.startsWith('/data_attributes')) return reply;
      order = [...order].reverse();
      return replyWith('data', order);
    });
    running = startCommand(['run', '--config', project.config]);
    await cycles('company_attributes', 4);
    running.process.kill('SIGTERM');
    const { stderr } = await running.finished;
    await project.cycle();
    const rows = [...(await project.latest('company_attributes')).values()].map(
      ({ value }) => value?.full_name,
    );
    expect(await project.versions('company_attributes')).toHaveLength(3);
    const lost = (await letters()).map((raw) => raw?.full_name);
    expect([...rows, ...lost].sort()).toEqual(TWINS.map((each) => each.full_name).sort());
    const told = stderr.split('\n').filter((line) => line.includes('share their key'));
    expect(told).toHaveLength(1);
    expect((await project.states()).get('company_attributes')).toMatchObject({ deadLetters: 2, error: null });
  });

  it('that are no rows are dead letters, once', async () => {
    await open(['tags'], (reply, { path }) => {
      if (!path.startsWith('/tags')) return reply;
      return replyWith('data', [null, { id: '1', name: 'a' }, 'a text', 7, [{ id: '2' }]]);
    });
    await project.cycle();
    await project.cycle();
    expect([...(await project.latest('tags')).keys()]).toEqual(['1']);
    expect(await letters()).toEqual(expect.arrayContaining([null, 'a text', 7, [{ id: '2' }]]));
    expect((await project.states()).get('tags')).toMatchObject({ deadLetters: 4, error: null });
  });

  it('that a search shows twice under one key are not published again in each cycle', async () => {
    const now = Math.floor(Date.now() / 1000) - 60;
    const contact = (id: unknown, name: string) => ({ type: 'contact', id, name, updated_at: now });
    let order = [contact(5, 'a'), contact('5', 'b')];
    await open(['contacts', 'conversation_parts'], (reply, { method, path }) => {
      if (method !== 'POST' || !path.startsWith('/contacts/search')) return reply;
      order = [...order].reverse();
      const { data: _, ...rest } = JSON.parse(reply.text);
      return { ...reply, text: JSON.stringify({ ...rest, data: order, total_count: 2, pages: {} }) };
    });
    const { workspace } = project.simulator;
    for (const id of ['1', '2']) {
      const part = { type: 'conversation_part', id: 'p', body: id };
      const conversation_parts = {
        type: 'conversation_part.list',
        conversation_parts: [part],
        total_count: 1,
      };
      workspace.create('conversations', { id, updated_at: now, conversation_parts });
    }
    running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
    await cycles('contacts', 2);
    await cycles('conversation_parts', 4);
    const published = async () => [
      (await project.versions('contacts')).length,
      (await project.versions('conversation_parts')).length,
    ];
    const before = await published();
    await cycles('conversation_parts', 3);
    expect(await published()).toEqual(before);
    expect(before[0]).toBe(1);
    expect(before[1]).toBeLessThanOrEqual(3);
    expect((await letters()).map((raw) => raw?.name ?? raw?.body).sort()).toHaveLength(2);
  });
});

it('lists inside a contact have what Intercom counts, and are completed once', async () => {
  const tags = (count: number, has_more: boolean) => ({
    type: 'list',
    data: Array.from({ length: count }, (_, index) => ({
      type: 'tag',
      id: `${index}`,
      url: `/tags/${index}`,
    })),
    url: '/x',
    total_count: 14,
    has_more,
  });
  const asked: string[] = [];
  const lists: Record<string, object> = { W: tags(11, false), C: tags(10, true) };
  await open(['contacts'], (reply, { method, path }) => {
    if (/^\/contacts\/[CW]/.test(path)) {
      asked.push(path.split('?')[0] ?? '');
      return replyWith('data', tags(11, false).data);
    }
    if (method !== 'POST') return reply;
    const { data, ...rest } = JSON.parse(reply.text);
    const rows = data.map((row: { id: string }) => (row.id in lists ? { ...row, tags: lists[row.id] } : row));
    return { ...reply, text: JSON.stringify({ ...rest, data: rows }) };
  });
  for (const id of Object.keys(lists)) project.simulator.workspace.create('contacts', { id });
  running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  await cycles('contacts', 5);
  const latest = await project.latest('contacts');
  for (const [id, has_more] of [
    ['W', false],
    ['C', true],
  ] as const) {
    const value = latest.get(id)?.value;
    expect(value).toMatchObject({ tags_total_count: 14, tags_has_more: has_more });
    expect(JSON.parse(String(value?.tags))).toHaveLength(11);
  }
  expect(asked).toEqual(['/contacts/C/tags']);
  expect(await project.versions('contacts')).toHaveLength(7);
});

/** A custom attribute as the API lists it. */
function definitionOf(id: number, name: string, type: string) {
  return { id, name, full_name: `custom_attributes.${name}`, data_type: type, custom: true };
}

it('times up to the year 9999 are what they are, and what is none stays as it was sent', async () => {
  const renewal = definitionOf(1, 'renewal', 'date');
  await open(['contacts', 'companies'], (reply, { path }) =>
    path.startsWith('/data_attributes') ? replyWith('data', [renewal]) : reply,
  );
  const { workspace } = project.simulator;
  const times: readonly (readonly [unknown, string | null])[] = [
    [253_402_300_799, '9999-12-31T23:59:59.000Z'],
    [253_402_214_400, '9999-12-31T00:00:00.000Z'],
    [99_999_999_999, '5138-11-16T09:46:39.000Z'],
    [100_000_000_000, '5138-11-16T09:46:40.000Z'],
    [-62_135_596_800, '0001-01-01T00:00:00.000Z'],
    [2_738_966_400, '2056-10-17T00:00:00.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    ['2024-02-30', null],
    ['2023-02-29T10:00:00Z', null],
  ];
  for (const [index, [time]] of times.entries())
    workspace.create('contacts', {
      id: `t${index}`,
      signed_up_at: time,
      custom_attributes: { renewal: time },
    });
  workspace.create('companies', { id: 'c', remote_created_at: 0 });
  await project.cycle();
  const latest = await project.latest('contacts');
  for (const [index, [time, iso]] of times.entries()) {
    const value = latest.get(`t${index}`)?.value;
    const ms = iso === null ? null : Date.parse(iso);
    expect(value, String(time)).toMatchObject({ signed_up_at: ms, custom_attributes_renewal: ms });
    expect(JSON.parse(String(value?.custom_attributes))).toEqual({ renewal: time });
    const extra = JSON.parse(String(value?._extra ?? '{}'));
    expect(extra.signed_up_at, String(time)).toEqual(iso === null ? time : undefined);
  }
  expect((await project.latest('companies')).get('c')?.value?.remote_created_at).toBe(0);
});

it('attributes of conversations come by the older path below 2.16', async () => {
  const custom = definitionOf(7, 'Plan', 'string');
  const refused = {
    status: 400,
    headers: { 'content-type': 'application/json' },
    text: JSON.stringify({
      type: 'error.list',
      errors: [{ code: 'intercom_version_invalid', message: 'Requested resource is not available' }],
    }),
  };
  await open(
    ['conversation_attributes', 'conversations'],
    (reply, { path }) => {
      if (path.startsWith('/conversations/attributes')) return refused;
      if (!path.startsWith('/data_attributes')) return reply;
      return replyWith('data', [
        { name: 'state', full_name: 'state', data_type: 'string', custom: false },
        custom,
      ]);
    },
    { apiVersion: '2.15' },
  );
  project.simulator.workspace.create('conversations', { id: '8', custom_attributes: { Plan: 'gold' } });
  await project.cycle();
  expect((await project.latest('conversations')).get('8')?.value?.custom_attributes_Plan).toBe('gold');
  const rows = await project.latest('conversation_attributes');
  expect([...rows].map(([key, { value }]) => [key, value?.name])).toEqual([['7', 'Plan']]);
  expect((await project.states()).get('conversation_attributes')).toMatchObject({
    deadLetters: 0,
    error: null,
  });
});
