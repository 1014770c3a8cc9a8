/** One bad answer stops one row: through a publisher at work, and a broker. */

import { afterEach, describe, expect, inject, it } from 'vitest';
import type { TableName } from '../../src/model/table-names.js';
import type { Row } from '../../src/simulator/collection.js';
import type { Fault, FaultKind } from '../../src/simulator/faults.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

let project: Project;
afterEach(() => project.close());

async function open(tables: readonly TableName[], connection: object = {}, counts: object = {}) {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { seed: 91, counts: { contacts: 0, conversations: 0, companies: 0, ...counts } },
    connection: {
      startDate: '2001-01-01T00:00:00Z',
      schedule: '* * * * * *',
      retry: { attempts: 2, timeout: '5s' },
      deletes: { reconcile: null },
      tables: Object.fromEntries(tables.map((table) => [table, {}])),
      ...connection,
    },
  });
  return project.simulator;
}

/** Runs the publisher until the work is done. */
async function running(work: (log: () => string) => Promise<void>): Promise<void> {
  const command = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  try {
    await work(command.stderr);
  } finally {
    command.process.kill('SIGTERM');
    await command.finished;
  }
}

const PATIENT = { timeout: 40_000, interval: 300 };
const NOW = Math.floor(Date.now() / 1000);
const NGINX: FaultKind = { kind: 'html', status: 404 };
const SERVER_ERROR: FaultKind = { kind: 'status', status: 500 };

function conversation(id: number): Row {
  const part = (number: number) => ({ type: 'conversation_part', id: `${id}-${number}`, body: 'x' });
  const parts = { type: 'conversation_part.list', conversation_parts: [part(1), part(2)], total_count: 2 };
  return { id: String(id), updated_at: NOW - 3_600 + 60 * id, conversation_parts: parts };
}

const conversationsOf = (versions: ReadonlyMap<string, unknown>) =>
  new Set([...versions.keys()].map((key) => key.split('-')[0])).size;

describe('a conversation whose detail can’t be had', () => {
  it.each([
    ['a 404 page', NGINX],
    ['a server error', SERVER_ERROR],
  ])('costs its own parts after %s, is named, and recovers', async (_, fault) => {
    const { workspace, faults } = await open(['conversation_parts']);
    for (let id = 1; id <= 30; id += 1) workspace.create('conversations', conversation(id));
    // `GET /conversations/7` alone.
    faults.inject({ ...fault, match: /^GET \/conversations\/7$/ } as Fault);
    await running(async (log) => {
      const latest = async () => conversationsOf(await project.latest('conversation_parts'));
      await expect.poll(latest, PATIENT).toBe(29);
      const state = () => project.states().then((states) => states.get('conversation_parts'));
      await expect.poll(async () => (await state())?.bookmark, PATIENT).toBe(NOW - 3_600 + 60 * 30);
      expect((await state())?.setAside).toMatchObject([{ id: '7', window: null }]);
      expect((await project.command('status')).stdout).toContain('set aside: ID 7: GET /conversations/7');
      expect(log()).toMatch(/set aside: ID 7: GET \/conversations\/7/);
      expect(log()).not.toContain('check region');
      workspace.create('conversations', { ...conversation(31), updated_at: NOW });
      await expect.poll(latest, PATIENT).toBe(30);
      faults.clear();
      await expect.poll(latest, PATIENT).toBe(31);
      await expect.poll(async () => (await state())?.setAside, PATIENT).toEqual([]);
      expect(log().match(/"msg":"set aside/g)).toHaveLength(1);
      expect(log().match(/"msg":"recovered/g)).toHaveLength(1);
    });
    expect(await project.versions('conversation_parts')).toHaveLength(62);
  });
});

describe('a contact whose existence can’t be checked', () => {
  it('keeps its row, and the walk over all IDs comes to its end', async () => {
    const { workspace, faults } = await open(['contacts'], { deletes: { reconcile: '* * * * * *' } });
    const all = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'];
    for (const id of all) workspace.create('contacts', { id, updated_at: NOW - 500 });
    await running(async (log) => {
      await expect.poll(async () => (await project.latest('contacts')).size, PATIENT).toBe(6);
      faults.inject({ ...NGINX, match: /^GET \/contacts\/c2$/ } as Fault);
      workspace.remove('contacts', 'c2');
      workspace.remove('contacts', 'c3');
      workspace.update('contacts', 'c4', { name: 'changed' });
      const latest = async () => [...(await project.latest('contacts')).keys()].sort();
      await expect.poll(latest, PATIENT).toEqual(['c1', 'c2', 'c4', 'c5', 'c6']);
      await expect.poll(() => log().match(/reconcile finished/g)?.length ?? 0, PATIENT).toBeGreaterThan(1);
      expect((await project.latest('contacts')).get('c4')?.value).toMatchObject({ name: 'changed' });
      expect(log()).toMatch(/set aside: ID c2: GET \/contacts\/c2/);
      faults.clear();
      await expect.poll(latest, PATIENT).toEqual(['c1', 'c4', 'c5', 'c6']);
    });
  });
});

describe('a search page that can’t be had', () => {
  it('costs the row that breaks it, which recovers', async () => {
    const { workspace, faults } = await open(['contacts'], {}, { contacts: 400 });
    const [broken = ''] = [...workspace.rows('contacts')].slice(200).map(({ id }) => String(id));
    faults.inject({ ...SERVER_ERROR, match: 'POST /contacts/search', holding: [broken] } as Fault);
    await running(async (log) => {
      const latest = async () => [...(await project.latest('contacts')).keys()];
      await expect.poll(async () => (await latest()).length, PATIENT).toBe(399);
      expect(await latest()).not.toContain(broken);
      await expect.poll(log, PATIENT).toMatch(/set aside: updated_at/);
      faults.clear();
      await expect.poll(async () => (await latest()).length, PATIENT).toBe(400);
    });
    expect(await project.versions('contacts')).toHaveLength(400);
  });

  it('is asked for again after a 404 with an error list', async () => {
    const { faults } = await open(
      ['conversations'],
      { retry: { attempts: 3, timeout: '5s' } },
      { conversations: 200 },
    );
    const message = 'Conversation not found. Message deleted.';
    const fault = { kind: 'status', status: 404, code: 'not_found', message, after: 1, times: 2 } as const;
    faults.inject({ ...fault, match: 'POST /conversations/search' });
    await project.cycle();
    expect((await project.latest('conversations')).size).toBe(200);
  });
});

it('starts a companies scroll again that begins with a 404 and an error list', async () => {
  const { faults } = await open(['companies'], {}, { companies: 150 });
  faults.inject({ kind: 'status', status: 404, match: 'GET /companies/scroll', times: 1 });
  await project.cycle();
  expect((await project.latest('companies')).size).toBe(150);
});
