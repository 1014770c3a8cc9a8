import { afterEach, describe, expect, inject, it } from 'vitest';
import type { TableName, UsualTableName } from '../../src/model/table-names.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { Dice } from '../../src/simulator/random.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const SEED = 411;
let project: Project;

async function open(
  simulator: SimulatorSettings,
  tables: readonly TableName[],
  connection: object = {},
): Promise<Project> {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { seed: SEED, ...simulator },
    connection: { tables: Object.fromEntries(tables.map((table) => [table, {}])), ...connection },
  });
  return project;
}
afterEach(() => project.close());

/**
 * Every row of the workspace stands in the topic as it is now, and the log holds what polls saw. No walk
 * finds what is gone.
 */
async function expectComplete(table: UsualTableName): Promise<void> {
  expect(await problemsOf(project, { tables: [table], expectsTombstones: false })).toEqual([]);
}

describe.each(['keyset', 'position'] as const)(
  'rows that change while they are paged with %s cursors',
  (cursors) => {
    it.each(['contacts', 'conversations'] as const)(
      'are all in the topic of %s after the next cycle',
      async (table) => {
        const counts = { contacts: 1_400, conversations: 900, companies: 1, parts: 1 };
        const { simulator } = await open({ counts, cursors }, [table]);
        const dice = new Dice(SEED, table, 0);
        const ids = [...simulator.workspace.rows(table)].map(({ id }) => String(id));
        let changes = 0;
        simulator.onRequest = ({ path }) => {
          if (path !== `/${table}/search` || changes >= 60) return;
          for (let change = 0; change < 3; change += 1) {
            changes += 1;
            const id = ids.splice(dice.below(ids.length), 1)[0] ?? '';
            if (change === 0) simulator.workspace.remove(table, id);
            else
              simulator.workspace.update(
                table,
                id,
                table === 'contacts' ? { name: `changed ${changes}` } : { title: `changed ${changes}` },
              );
          }
        };
        await project.cycle();
        simulator.onRequest = null;
        await project.cycle();
        expect(changes).toBeGreaterThanOrEqual(30);
        await expectComplete(table);
      },
    );
  },
);

describe('capture', () => {
  it('takes hundreds of rows that share one second, across pages and exactly at the bookmark', async () => {
    const { simulator } = await open(
      { counts: { contacts: 700, conversations: 0, companies: 0 } },
      ['contacts'],
      { lookback: 0 },
    );
    const { workspace } = simulator;
    const ids = [...workspace.contacts.rows()].map(({ id }) => String(id));
    const second = simulator.options.now() - 5;
    for (const id of ids.slice(0, 400))
      workspace.update('contacts', id, { name: 'bulk', updated_at: second });
    await project.cycle();
    for (const id of ids.slice(350, 500))
      workspace.update('contacts', id, { name: 'bulk again', updated_at: second });
    await project.cycle();
    await expectComplete('contacts');
  });

  it('finds a contact that the search shows late, and publishes what it reads again only once', async () => {
    const now = Math.floor(Date.now() / 1000);
    let clock = now;
    const { simulator } = await open(
      { counts: { contacts: 50, conversations: 0, companies: 0 }, indexDelay: 120, now: () => clock },
      ['contacts'],
    );
    await project.cycle();
    const id = simulator.workspace.create('contacts', { email: 'late@example.com' });
    clock += 10;
    await project.cycle();
    expect((await project.latest('contacts')).has(id)).toBe(false);
    clock += 300;
    await project.cycle();
    await project.cycle();
    const versions = await project.versions('contacts');
    expect(versions.filter(({ key }) => key === id)).toHaveLength(1);
    await expectComplete('contacts');
  });

  it.each([
    ['America/Los_Angeles', '2026-03-08T00:00:00-08:00'],
    ['America/Los_Angeles', '2025-11-02T00:00:00-07:00'],
    ['Pacific/Auckland', '2026-06-10T00:00:00+12:00'],
    ['Asia/Kolkata', '2026-06-10T00:00:00Z'],
  ])('loses no contact around midnight in %s at %s', async (timeZone, midnight) => {
    const start = Date.parse(midnight) / 1000 - 2 * 3_600;
    let clock = start;
    const counts = { contacts: 120, conversations: 0, companies: 0 };
    const { simulator } = await open(
      { counts, timeZone, now: () => clock, from: start - 2 * 86_400 },
      ['contacts'],
      { lookback: 0 },
    );
    const ids = [...simulator.workspace.contacts.rows()].map(({ id }) => String(id));
    await project.cycle();
    // Updates and polls in turn, from the evening before to the evening after, over a day of 23, 24 or 25
    // hours.
    for (const minutes of [0, 119, 120, 121, 240, 600, 1_439, 1_500, 1_561, 1_620]) {
      clock = start + minutes * 60;
      simulator.workspace.update('contacts', ids.pop() ?? '', { name: `after ${minutes} minutes` });
      if (minutes % 2 === 0) await project.cycle();
    }
    await project.cycle();
    await expectComplete('contacts');
  });

  it('keeps the parts that a conversation no longer shows', async () => {
    const { simulator } = await open(
      { counts: { contacts: 1, conversations: 3, companies: 0, parts: 2 }, partsLimit: 10 },
      ['conversation_parts'],
    );
    const [conversation] = simulator.workspace.conversations.rows();
    const id = String(conversation?.id);
    const added: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (let part = 0; part < 6; part += 1)
        added.push(simulator.workspace.addPart(id, { body: `${round}.${part}` }));
      await project.cycle();
    }
    const latest = await project.latest('conversation_parts');
    expect(added.filter((part) => !latest.has(part))).toEqual([]);
    await expectComplete('conversation_parts');
  });
});

describe('the companies scroll', () => {
  const counts = { contacts: 0, conversations: 0, companies: 350 };
  const broken = [
    ['500', { kind: 'status', status: 500 }],
    ['a 404', { kind: 'status', status: 404 }],
    ['a reset', { kind: 'reset', carriedOut: true }],
    ['a lost reply', { kind: 'reset-mid-body', carriedOut: true }],
    ['an empty reply', { kind: 'empty-200', carriedOut: true }],
    ['cut JSON', { kind: 'truncated-json', carriedOut: true }],
  ] as const;

  it.each(broken)('starts again after %s midway, loses nothing and deletes nothing', async (_, fault) => {
    const { simulator } = await open({ counts, scrollExpirySeconds: 2 }, ['companies']);
    await project.cycle();
    simulator.faults.inject({ ...fault, match: '/companies/scroll', after: 2, times: 1 });
    const id = simulator.workspace.create('companies', { name: 'new' });
    await project.cycle();
    const versions = await project.versions('companies');
    expect(versions.filter(({ value }) => value === null)).toEqual([]);
    expect(versions.filter(({ key }) => key === id)).toHaveLength(1);
    await expectComplete('companies');
  });

  it.each(['empty', '404'] as const)('ends by %s, also when its last page is full', async (scrollEnd) => {
    const { simulator } = await open({ counts: { ...counts, companies: 300 }, scrollEnd }, ['companies']);
    await project.cycle();
    await expectComplete('companies');
    const [gone] = simulator.workspace.companies.rows();
    simulator.workspace.remove('companies', String(gone?.id));
    await project.cycle();
    expect((await project.latest('companies')).has(String(gone?.id))).toBe(false);
  });

  it('that misses a company which moves meanwhile makes no tombstone of it', async () => {
    const { simulator } = await open({ counts }, ['companies']);
    await project.cycle();
    const ids = [...simulator.workspace.companies.rows()].map(({ id }) => String(id));
    let pages = 0;
    simulator.onRequest = ({ path }) => {
      if (path !== '/companies/scroll') return;
      pages += 1;
      if (pages === 3) simulator.workspace.update('companies', ids[0] ?? '', { name: 'moved' });
    };
    await project.cycle();
    simulator.onRequest = null;
    expect((await project.versions('companies')).filter(({ value }) => value === null)).toEqual([]);
    await project.cycle();
    await expectComplete('companies');
  });

  it('that another app holds is waited for', async () => {
    const { simulator } = await open({ counts }, ['companies', 'tags']);
    simulator.scroll.heldUntil = simulator.options.now() + 6;
    await project.cycle();
    await expectComplete('companies');
  });
});
