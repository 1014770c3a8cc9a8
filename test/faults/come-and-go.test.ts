/**
 * Rows that are merged, archived and unarchived, or deleted while lists still show them; and changes that
 * move no `updated_at`.
 */

import { afterEach, expect, inject, it } from 'vitest';
import type { UsualTableName } from '../../src/model/table-names.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { type RunningCommand, startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';

const SECRET = 'the client secret';
const WAIT = { timeout: 30_000, interval: 100 };
const NEVER = '0 0 1 1 *';
const EACH_SECOND = '* * * * * *';

let project: Project;
let running: RunningCommand | null = null;
let url = '';

async function stop(): Promise<void> {
  running?.process.kill('SIGTERM');
  await running?.finished;
  running = null;
}

afterEach(async () => {
  await stop();
  await project.close();
});

async function start(): Promise<void> {
  running = startCommand(['run', '--config', project.config, '--log-level', 'debug']);
  url = await addressOf(running);
  await running.until('cycle finished');
}

async function open(
  table: UsualTableName,
  connection: Record<string, unknown>,
  simulator: SimulatorSettings = {},
): Promise<void> {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl') };
  const counts = { contacts: 12, companies: 5, conversations: 0, parts: 0 };
  const file = { http: { port: 0 } };
  project = await Project.open({ ...servers, simulator: { seed: 5, counts, ...simulator }, file });
  const { accessToken } = project.simulator.options;
  const own = {
    tables: { [table]: {} },
    credentials: { accessToken, clientSecret: SECRET },
    deletes: { reconcile: null },
    ...connection,
  };
  await project.write({ ...servers, connection: own, file });
  await start();
}

const idOf = (table: UsualTableName, index: number) =>
  String([...project.simulator.workspace.rows(table)][index]?.id);

/** A contact and a user to merge it into: leads remember no merges. */
function pairToMerge(): [source: string, target: string] {
  const [target, source] = [...project.simulator.workspace.rows('contacts')].filter(
    ({ role }) => role === 'user',
  );
  return [String(source?.id), String(target?.id)];
}

const send = async (topic: string, item: object) =>
  expect((await notify(url, SECRET, notification(topic, item))).status).toBe(200);

/** The records of a key in their order: `u` a row, `x` a tombstone. */
async function recordsOf(table: UsualTableName, id: string): Promise<string> {
  const versions = (await project.versions(table)).filter(({ key }) => key === id);
  return versions.map(({ value }) => (value === null ? 'x' : 'u')).join('');
}

const becomes = (table: UsualTableName, id: string, records: string) =>
  expect.poll(() => recordsOf(table, id), WAIT).toBe(records);

/** Lets some more cycles pass. */
async function cycles(count: number): Promise<void> {
  const finished = () => running?.stderr().match(/cycle finished/g)?.length ?? 0;
  const before = finished();
  await expect.poll(finished, WAIT).toBeGreaterThanOrEqual(before + count);
}

it('gives a merged contact its tombstone when the notification names the surviving one alone', async () => {
  await open('contacts', { schedule: NEVER });
  const [source, target] = pairToMerge();
  project.simulator.workspace.mergeContacts(source, target);
  await send('contact.merged', { type: 'contact', id: target });
  await becomes('contacts', source, 'ux');
  await becomes('contacts', target, 'uu');
});

it('gives a merged contact its tombstone when a poll shows the surviving one, also a contact that is long published', async () => {
  const now = Math.floor(Date.now() / 1000);
  await open('contacts', { schedule: EACH_SECOND, lookback: '1m' }, { from: now - 400 * 86_400 });
  const { workspace } = project.simulator;
  // The newest row brings the bookmark far behind all others.
  workspace.update('contacts', idOf('contacts', 11), {});
  await cycles(2);
  await stop();
  await start();
  const [source, target] = pairToMerge();
  workspace.mergeContacts(source, target);
  await becomes('contacts', source, 'ux');
  await cycles(3);
  expect(await recordsOf('contacts', source)).toBe('ux');
  const asked = project.simulator.requests.filter(({ path }) => path.includes(`/contacts/${source}`));
  expect(asked).toHaveLength(1);
});

it('does not bring back a deleted company that the scroll still lists, also not after a restart', async () => {
  await open('companies', { schedule: EACH_SECOND });
  const { workspace, faults } = project.simulator;
  const id = idOf('companies', 2);
  faults.inject({ kind: 'status', status: 404, match: `GET /companies/${id}` });
  await send('company.deleted', { type: 'company', id, deleted: true });
  await becomes('companies', id, 'ux');
  await cycles(3);
  await stop();
  await start();
  await cycles(3);
  workspace.remove('companies', id);
  await cycles(3);
  expect(await recordsOf('companies', id)).toBe('ux');
  expect(await recordsOf('companies', idOf('companies', 1))).toBe('u');
});

it('publishes a company again that is listed and there by its ID, whatever its time', async () => {
  await open('companies', { schedule: EACH_SECOND });
  const id = idOf('companies', 2);
  project.simulator.faults.inject({ kind: 'status', status: 404, match: `GET /companies/${id}` });
  await send('company.deleted', { type: 'company', id });
  await becomes('companies', id, 'ux');
  project.simulator.faults.clear();
  await becomes('companies', id, 'uxu');
  await cycles(3);
  expect(await recordsOf('companies', id)).toBe('uxu');
});

it.each([
  ['a notification', NEVER, false],
  ['a poll, when the notification is lost', EACH_SECOND, false],
  ['a notification, after a restart', NEVER, true],
])(
  'publishes an unarchived contact whose time lies before its tombstone, because of %s',
  async (_, schedule, restarts) => {
    await open('contacts', { schedule });
    const { workspace, faults } = project.simulator;
    const id = idOf('contacts', 3);
    workspace.update('contacts', id, { name: 'before it is archived' });
    const { updated_at: time } = workspace.get('contacts', id) ?? {};
    faults.inject({ kind: 'status', status: 404, match: `GET /contacts/${id}` });
    await send('contact.archived', { type: 'contact', id, archived: true });
    await expect.poll(() => recordsOf('contacts', id), WAIT).toMatch(/^u+x$/);
    const records = await recordsOf('contacts', id);
    if (restarts) {
      await stop();
      await start();
    }
    faults.clear();
    if (schedule === NEVER) await send('contact.unarchived', { type: 'contact', id });
    await becomes('contacts', id, `${records}u`);
    const [last] = (await project.versions('contacts')).filter(({ key }) => key === id).slice(-1);
    expect(last?.headers.updated_at).toBe(String(Number(time) * 1000));
  },
);

it('publishes nothing of an ID that was never published and is notified as deleted', async () => {
  await open('contacts', { schedule: NEVER });
  await send('contact.deleted', { type: 'contact', id: 'never-published' });
  const id = idOf('contacts', 2);
  project.simulator.workspace.remove('contacts', id);
  await send('contact.deleted', { type: 'contact', id });
  await becomes('contacts', id, 'ux');
  const asked = () => project.simulator.requests.some(({ path }) => path.includes('never-published'));
  await expect.poll(asked, WAIT).toBe(true);
  // What is asked for and looked for in the topic behind it is there.
  await stop();
  await start();
  expect(await recordsOf('contacts', 'never-published')).toBe('');
  expect((await project.states()).get('contacts')?.deletes).toBe(1);
});

it('finds by reconcile a change that moved no time, and a row that came back unnoticed', async () => {
  const now = Math.floor(Date.now() / 1000);
  const connection = { schedule: EACH_SECOND, lookback: '1m', deletes: { reconcile: EACH_SECOND } };
  await open('contacts', connection, { from: now - 400 * 86_400 });
  const { workspace, faults } = project.simulator;
  workspace.update('contacts', idOf('contacts', 11), {});
  await cycles(2);
  const [changed, archived] = [idOf('contacts', 2), idOf('contacts', 3)];
  const { updated_at } = workspace.get('contacts', changed) ?? {};
  workspace.update('contacts', changed, { name: 'changed without a time', updated_at });
  await becomes('contacts', changed, 'uu');
  const versions = (await project.versions('contacts')).filter(({ key }) => key === changed);
  expect(versions.at(-1)?.value).toMatchObject({ name: 'changed without a time' });
  faults.inject({ kind: 'status', status: 404, match: `GET /contacts/${archived}` });
  await send('contact.archived', { type: 'contact', id: archived });
  await becomes('contacts', archived, 'ux');
  faults.clear();
  await becomes('contacts', archived, 'uxu');
  await cycles(4);
  const all = await Promise.all(
    Array.from({ length: 12 }, (_, at) => recordsOf('contacts', idOf('contacts', at))),
  );
  expect(all.filter((records) => records === 'u')).toHaveLength(9);
});
