/** `pause`, `resume` and `sync`, by their commands, while instances run, move and are killed. */

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { endCommand, type RunningCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';
import { problemsOf } from '../support/verify.js';

const PATIENT = { timeout: 60_000, interval: 100 };
const TABLES = ['contacts', 'tags'] as const;

let project: Project;
const running: RunningCommand[] = [];

beforeEach(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 20, companies: 0, conversations: 0 } },
    connection: { schedule: '* * * * * *', tables: { contacts: {}, tags: {} } },
  });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => endCommand(each, 'SIGKILL')));
  await project.close();
});

async function start(): Promise<RunningCommand> {
  const instance = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  running.push(instance);
  return instance;
}

const states = async () => {
  const rows = JSON.parse((await project.command('status', '--json')).stdout) as {
    table: string;
    state: string;
  }[];
  return Object.fromEntries(rows.map(({ table, state }) => [table, state]));
};
/** How many instances the group has. */
const members = async () => {
  const admin = project.kafka.admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([project.prefix]);
    return groups.flatMap((group) => group.members).length;
  } finally {
    await admin.disconnect();
  }
};
const current = (tables: readonly (typeof TABLES)[number][]) =>
  expect.poll(() => problemsOf(project, { tables }), PATIENT).toEqual([]);

describe('while an instance runs', () => {
  it('pause keeps a table where it is, across restarts, and resume misses nothing', async () => {
    const first = await start();
    await first.until('"table finished"');
    await current(TABLES);
    const paused = await project.command('pause', 'acme', 'contacts');
    expect([paused.code, paused.stdout]).toEqual([0, 'acme/contacts: paused\n']);
    expect(await states()).toMatchObject({ contacts: 'paused', tags: expect.stringMatching(/ok|running/) });
    const { length } = await project.versions('contacts');
    project.simulator.workspace.create('contacts');
    project.simulator.workspace.create('tags');
    await current(['tags']);
    await endCommand(first, 'SIGTERM');
    const second = await start();
    project.simulator.workspace.create('tags');
    await current(['tags']);
    expect(await project.versions('contacts')).toHaveLength(length);
    const resumed = await project.command('resume', 'acme', 'contacts');
    expect([resumed.code, resumed.stdout]).toEqual([0, 'acme/contacts: resumed\n']);
    await current(TABLES);
    expect(second.stderr()).toContain('table resumed');
  }, 180_000);

  it('sync runs a cycle now, and says what came of it', async () => {
    await project.write({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      connection: { schedule: '0 3 1 1 *', tables: { contacts: {}, tags: {} } },
    });
    await start();
    await current(TABLES);
    project.simulator.workspace.create('tags');
    const { code, stdout } = await project.command('sync', 'acme', 'tags');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^acme\/tags: cycle \d+ complete, 1 records and 0 tombstones published\n$/),
    ]);
    expect(await problemsOf(project, { tables: TABLES })).toEqual([]);
    await project.command('pause', 'acme', 'tags');
    const refused = await project.command('sync', 'acme', 'tags');
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('paused: resume it first')]);
  }, 120_000);
});

describe('where cycles are cut', () => {
  const NEVER = '0 3 1 1 *';
  const hang = (route: string) => project.simulator.faults.inject({ kind: 'hang', match: route, times: 1 });
  const requested = (route: string, times: number) =>
    expect.poll(() => project.simulator.traffic.count(route), PATIENT).toBeGreaterThanOrEqual(times);

  it('pause lets the other tables begin again at once', async () => {
    await project.write({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      connection: { schedule: NEVER, tables: { contacts: {}, conversations: {} } },
    });
    project.simulator.workspace.create('conversations');
    hang('POST /contacts/search');
    hang('POST /conversations/search');
    await start();
    await requested('POST /contacts/search', 1);
    await requested('POST /conversations/search', 1);
    const { code, stdout } = await project.command('pause', 'acme', 'contacts');
    expect([code, stdout]).toEqual([0, 'acme/contacts: paused\n']);
    await expect.poll(() => problemsOf(project, { tables: ['conversations'] }), PATIENT).toEqual([]);
    await expect.poll(states, PATIENT).toMatchObject({ contacts: 'paused', conversations: 'ok' });
  }, 180_000);

  it('sync is answered by the cycle that is complete, on whichever instance', async () => {
    await project.write({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      connection: { schedule: NEVER, tables: { contacts: {}, tags: {} } },
    });
    const first = await start();
    await first.until('"table finished"');
    await current(TABLES);
    project.simulator.workspace.create('contacts');
    const { traffic } = project.simulator;
    const before = traffic.count('POST /contacts/search');
    hang('POST /contacts/search');
    const asked = project.command('sync', 'acme', 'contacts');
    await requested('POST /contacts/search', before + 1);
    await start();
    await expect.poll(members, PATIENT).toBe(2);
    await endCommand(first, 'SIGTERM');
    const { code, stdout } = await asked;
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^acme\/contacts: cycle \d+ complete, 1 records and 0 tombstones published\n$/),
    ]);
    await current(TABLES);
  }, 180_000);
});

it('is followed by the next start where nobody runs, and by run --once', async () => {
  await project.cycle();
  const { code, stdout } = await project.command('pause', 'acme', 'contacts');
  expect([code, stdout]).toEqual([
    0,
    'acme/contacts: requested; no instance runs, so the next start follows it\n',
  ]);
  const { length } = await project.versions('contacts');
  project.simulator.workspace.create('contacts');
  const once = await project.command('run', '--once');
  expect(once.code).toBe(0);
  expect(once.stderr).toContain('not read, because paused: contacts');
  expect(await project.versions('contacts')).toHaveLength(length);
  await project.command('resume', 'acme');
  await project.cycle();
  expect(await problemsOf(project, { tables: TABLES })).toEqual([]);
}, 120_000);

it('loses no request of commands that write at the same moment', async () => {
  await project.command('resume', 'acme', 'contacts', '--no-wait');
  const requests = ['pause', 'sync', 'sync'].map((request) =>
    project.command(request, 'acme', 'contacts', '--no-wait'),
  );
  for (const { code, stdout } of await Promise.all(requests))
    expect([code, stdout]).toEqual([0, 'acme/contacts: requested\n']);
  const records = await readRecords(project.kafka, `${project.prefix}.control`);
  const { revision, paused, sync } = JSON.parse(String(records.at(-1)?.value));
  expect({ revision, paused }).toEqual({ revision: 4, paused: true });
  expect(sync).toBeGreaterThan(2);
  const revisions = records.map(({ value }) => JSON.parse(String(value)).revision);
  expect(revisions).toEqual([1, 2, 3, 4]);
}, 60_000);

it('outlasts a reset', async () => {
  await project.cycle();
  await project.command('pause', 'acme', 'contacts');
  await project.cycle();
  const { length } = await project.versions('contacts');
  const reset = await project.command('reset', 'acme', 'contacts', '--yes');
  expect(reset.stderr).toContain('still paused: contacts; resume with `intercom-kafka resume acme contacts`');
  expect(await states()).toMatchObject({ contacts: 'paused' });
  await project.cycle();
  expect(await project.versions('contacts')).toHaveLength(length);
}, 120_000);
