import { afterEach, describe, expect, inject, it } from 'vitest';
import type { TableName } from '../../src/model/table-names.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

const EVERY_SECOND = { deletes: { reconcile: '* * * * * *' } };
const DAY = 86_400;

let project: Project;
afterEach(() => project.close());

async function open(simulator: SimulatorSettings, tables: readonly TableName[], connection: object = {}) {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { seed: 77, ...simulator },
    connection: {
      tables: Object.fromEntries(tables.map((table) => [table, {}])),
      ...EVERY_SECOND,
      ...connection,
    },
  });
  return project;
}

/** The first cycle, and the second after which a walk is due. */
async function replicate(): Promise<void> {
  await project.cycle();
  const due = await project.states();
  const dueAt = [...due.values()].map(({ reconcile }) => Date.parse((reconcile as { dueAt: string }).dueAt));
  await expect.poll(() => Date.now() > Math.max(...dueAt), { timeout: 5_000 }).toBe(true);
}

const idsOf = (table: 'contacts' | 'conversations') =>
  [...project.simulator.workspace.rows(table)].map(({ id }) => String(id));

async function tombstones(table: TableName): Promise<string[]> {
  return (await project.versions(table)).filter(({ value }) => value === null).map(({ key }) => key);
}

describe('reconcile', () => {
  it('finds contacts that were deleted or merged, and publishes one tombstone each', async () => {
    const { simulator } = await open({ counts: { contacts: 700, conversations: 0, companies: 0 } }, [
      'contacts',
    ]);
    await replicate();
    const ids = idsOf('contacts');
    const deleted = [0, 150, 399, 699].map((index) => ids[index] ?? '');
    for (const id of deleted) simulator.workspace.remove('contacts', id);
    const merged = ids[5] ?? '';
    simulator.workspace.mergeContacts(merged, ids[6] ?? '');
    await project.cycle();
    expect((await tombstones('contacts')).sort()).toEqual([...deleted, merged].sort());
    expect([...(await project.latest('contacts')).keys()].sort()).toEqual(idsOf('contacts').sort());
    await project.cycle();
    expect(await tombstones('contacts')).toHaveLength(5);
  });

  it('finds deleted conversations and their parts where the API has no list of them', async () => {
    const counts = { contacts: 5, conversations: 200, companies: 0, parts: 3 };
    const { simulator } = await open({ counts }, ['conversations', 'conversation_parts'], {
      apiVersion: '2.15',
    });
    await replicate();
    const { workspace } = simulator;
    const gone = idsOf('conversations').slice(50, 53);
    const parts = [...workspace.rows('conversation_parts')]
      .filter(({ conversation_id: id }) => gone.includes(String(id)))
      .map(({ id }) => String(id));
    for (const id of gone) workspace.remove('conversations', id);
    await project.cycle();
    expect((await tombstones('conversations')).sort()).toEqual(gone.sort());
    expect(parts.length).toBeGreaterThan(0);
    expect((await tombstones('conversation_parts')).sort()).toEqual(parts.sort());
  });

  it('takes no row for deleted that the search leaves out', async () => {
    const counts = { contacts: 900, conversations: 0, companies: 0 };
    const { simulator } = await open({ counts, cursors: 'position' }, ['contacts']);
    await replicate();
    const ids = idsOf('contacts');
    let updates = 0;
    // Under positions each update pushes rows over the edges of pages, in both directions.
    simulator.onRequest = ({ path }) => {
      if (path !== '/contacts/search' || updates >= 40) return;
      updates += 1;
      simulator.workspace.update('contacts', ids[updates * 20] ?? '', { name: `moved ${updates}` });
    };
    await project.cycle();
    simulator.onRequest = null;
    expect(updates).toBeGreaterThan(3);
    expect(await tombstones('contacts')).toEqual([]);
  });

  it('goes on where it stopped when the API fails midway, and deletes nothing of what was not read', async () => {
    const counts = { contacts: 6_000, conversations: 0, companies: 0 };
    const now = Math.floor(Date.now() / 1000);
    const { simulator } = await open({ counts, from: now - 400 * DAY }, ['contacts'], {
      retry: { attempts: 1 },
    });
    await replicate();
    simulator.workspace.remove('contacts', idsOf('contacts')[0] ?? '');
    const pages = () => simulator.traffic.count('POST /contacts/search');
    simulator.faults.inject({ kind: 'status', status: 500, match: 'POST /contacts/search', after: 25 });
    const before = pages();
    expect((await project.command('run', '--once')).code).toBe(1);
    const broken = pages() - before;
    const { reconcile } = (await project.states()).get('contacts') as {
      reconcile: { walk: { reached: number } };
    };
    expect(reconcile.walk.reached).toBeGreaterThan(now - 400 * DAY);
    simulator.faults.clear();
    const again = pages();
    await project.cycle();
    // 40 pages hold all contacts, each window reads one more at its end: nothing that was compared is read
    // again.
    expect(pages() - again + broken).toBeLessThan(60);
    expect(await tombstones('contacts')).toHaveLength(1);
  });

  it('runs beside the polls of a running publisher', async () => {
    const { simulator } = await open(
      { counts: { contacts: 400, conversations: 0, companies: 0 }, latency: 20 },
      ['contacts'],
      { schedule: '* * * * * *' },
    );
    const running = startCommand(['run', '--config', project.config]);
    try {
      await running.until('"table":"contacts"');
      const [gone = ''] = idsOf('contacts');
      simulator.workspace.remove('contacts', gone);
      await expect.poll(() => tombstones('contacts'), { timeout: 20_000, interval: 300 }).toEqual([gone]);
    } finally {
      running.process.kill('SIGTERM');
      await running.finished;
    }
  });
});
