/** The tables that are off by default: off unless they are named, and replicated like the others when they are. */

import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import { TABLES } from '../../src/tables/all.js';
import { moreRows } from '../support/more-rows.js';
import { MORE_TABLES, type MoreTable, MoreWorkspace } from '../support/more-workspace.js';
import { Project } from '../support/project.js';
import { latestByKey } from '../support/topics.js';

const SINCE = Math.floor(Date.now() / 1000) - 5_000;

let workspace: MoreWorkspace;
let project: Project;

beforeAll(async () => {
  workspace = await MoreWorkspace.start(moreRows(SINCE));
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connection: {
      baseUrl: workspace.url,
      tables: Object.fromEntries(MORE_TABLES.map((table) => [table, {}])),
      deletes: { reconcile: '* * * * * *' },
    },
  });
}, 60_000);
afterAll(async () => {
  await project?.close();
  await workspace?.close();
});

const keysOf = async (table: MoreTable) => [...latestByKey(await project.versions(table)).keys()].sort();
/** Rows of other tables are never deleted, or leave the topic with their parent only. */
const findsDeletes = (table: MoreTable) =>
  TABLES[table].reads === 'whole' || TABLES[table].isGone !== undefined;
const idsOf = (table: MoreTable) => workspace.rows[table].map(({ id }) => String(id)).sort();

describe('tables that are off by default', () => {
  it('are not asked for unless they are named', async () => {
    const usual = await Project.open({ brokers: inject('brokers'), registryUrl: inject('registryUrl') });
    const { stdout } = await usual.command('catalog', '--json');
    const tables = (JSON.parse(stdout) as { table: string }[]).map(({ table }) => table);
    await usual.close();
    expect(tables).toEqual([...TABLE_NAMES]);
  });

  it.each(MORE_TABLES)('%s is published, each row once, and nothing of it is left over', async (table) => {
    await project.cycle('--table', table);
    expect(await keysOf(table)).toEqual(idsOf(table));
    await project.cycle('--table', table);
    const versions = await project.versions(table);
    expect(versions).toHaveLength(workspace.rows[table].length);
    expect(versions.filter(({ value }) => value?._extra !== null)).toEqual([]);
  });

  it('come as what they are', async () => {
    const [ticket, log, article, macro] = await Promise.all(
      (['tickets', 'activity_logs', 'articles', 'macros'] as const).map(async (table) => {
        const latest = latestByKey(await project.versions(table));
        return [...latest.values()][0]?.value;
      }),
    );
    expect(JSON.parse(String(ticket?.ticket_state))).toMatchObject({ category: 'submitted' });
    expect(log?.created_at).toBeGreaterThan(SINCE * 1000);
    expect(article).toMatchObject({ parent_ids: ['1', '2'], author_id: '7' });
    expect(macro?.updated_at).toBeGreaterThan(SINCE * 1000);
  });

  it('follow changes, additions and deletes', async () => {
    // A minute ago: what the API's clock, told in whole seconds by its replies, has not reached yet stays out
    // of the bookmark.
    const changedAt = Math.floor(Date.now() / 1000) - 60;
    for (const table of MORE_TABLES) {
      const own = workspace.rows[table];
      if (findsDeletes(table)) own.splice(1, 1);
      own.push({
        ...own[0],
        id: table === 'conversation_attributes' ? 99 : '99',
        created_at: changedAt,
        updated_at: changedAt,
      });
    }
    await project.cycle();
    for (const table of MORE_TABLES) expect(await keysOf(table), table).toEqual(idsOf(table));
    expect((await project.states()).get('activity_logs')).toMatchObject({ bookmark: changedAt, error: null });
  });
});

it('finds by reconcile a ticket whose state changes while its updated_at stays', async () => {
  const now = Math.floor(Date.now() / 1000);
  const ticket = (id: string, updated_at: number, category: string) => ({
    type: 'ticket',
    id,
    ticket_state: { type: 'ticket_state', id: '1', category },
    updated_at,
  });
  const none = Object.fromEntries(
    MORE_TABLES.map((table) => [table, []]),
  ) as unknown as MoreWorkspace['rows'];
  const tickets = [ticket('2', now - 172_800, 'submitted'), ticket('3', now - 60, 'submitted')];
  const own = await MoreWorkspace.start({ ...none, tickets });
  onTestFinished(() => own.close());
  const walking = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connection: {
      baseUrl: own.url,
      tables: { tickets: {} },
      lookback: '1m',
      deletes: { reconcile: '* * * * * *' },
    },
  });
  onTestFinished(() => walking.close());
  await walking.cycle();
  own.rows.tickets = [ticket('2', now - 172_800, 'in_progress'), ...tickets.slice(1)];
  // By key: versions of different partitions have no order.
  const categories = async () => {
    await walking.cycle();
    const versions = await walking.versions('tickets');
    const of = (id: string) =>
      versions.flatMap(({ key, value }) =>
        key === id ? [JSON.parse(String(value?.ticket_state)).category] : [],
      );
    return { 2: of('2'), 3: of('3') };
  };
  await expect
    .poll(categories, { timeout: 30_000, interval: 100 })
    .toEqual({ 2: ['submitted', 'in_progress'], 3: ['submitted'] });
});
