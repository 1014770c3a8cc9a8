/** `resync`, by its command, while polls continue, instances are killed, and the connection moves. */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { TopicRecord } from '../../src/kafka/reader.js';
import type { UsualTableName } from '../../src/model/table-names.js';
import { Dice } from '../../src/simulator/random.js';
import { endCommand, type RunningCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';
import { problemsOf } from '../support/verify.js';

const SEED = Number(process.env.KILL_SEED ?? 20_261_126);
const PATIENT = { timeout: 90_000, interval: 200 };
const EACH_SECOND = '* * * * * *';
/** Rows are a year old: no poll reads them again. */
const LONG_AGO = Math.floor(Date.now() / 1000) - 400 * 86_400;

let project: Project;
const running: RunningCommand[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => endCommand(each, 'SIGKILL')));
  await project.close();
});

async function open(
  tables: readonly UsualTableName[],
  counts: Record<string, number>,
  keepsReplies = true,
): Promise<void> {
  project = await Project.open({
    keepsReplies,
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: {
      seed: 5,
      from: LONG_AGO,
      counts: { contacts: 0, companies: 0, conversations: 0, ...counts },
    },
    connection: {
      schedule: EACH_SECOND,
      lookback: '1m',
      deletes: { reconcile: null },
      tables: Object.fromEntries(tables.map((table) => [table, {}])),
    },
  });
}

/** An instance that owns the connection. */
async function startOwner(): Promise<RunningCommand> {
  const instance = await start();
  await instance.until('"table finished"');
  return instance;
}

async function start(): Promise<RunningCommand> {
  const instance = startCommand([
    'run',
    '--config',
    project.config,
    '--log-format',
    'json',
    '--log-level',
    'debug',
  ]);
  running.push(instance);
  return instance;
}

/** Kills the instance that owns the connection as soon as it has made so many commits of a resync. */
async function killOwner(commits: number): Promise<void> {
  const over = expect
    .poll(async () => (await markOf('contacts'))?.phase, { timeout: PATIENT.timeout, interval: 500 })
    .toBe('finished')
    .then(() => running[0])
    .catch(() => undefined);
  const victim = await Promise.race([committed(commits), over]);
  if (victim === undefined) return;
  running.splice(running.indexOf(victim), 1);
  await endCommand(victim, 'SIGKILL');
}

/** The first instance that has made so many commits of a resync. */
function committed(commits: number): Promise<RunningCommand> {
  return new Promise((resolve) => {
    for (const each of running) {
      const check = () => {
        if (each.stderr().split('"resync committed"').length > commits) resolve(each);
      };
      each.process.stderr?.on('data', check);
      check();
    }
  });
}

/** All tables are published, and the bookmark is far behind the newest row. */
async function publishAll(tables: readonly UsualTableName[]): Promise<void> {
  for (const table of tables)
    if (table !== 'conversation_parts') project.simulator.workspace.update(table, idAt(table, -1), {});
  await project.cycle();
  await project.cycle();
}

const idAt = (table: UsualTableName, index: number) =>
  String([...project.simulator.workspace.rows(table)].at(index)?.id);

const resync = (...args: string[]) => project.command('resync', 'acme', ...args);

interface Mark {
  readonly revision: number;
  readonly phase: string;
  readonly records: number;
  readonly deletes: number;
  readonly republished: number;
}

const markOf = async (table: UsualTableName) =>
  ((await project.states()).get(table)?.resync ?? null) as Mark | null;
const becomes = (table: UsualTableName, phase: string) =>
  expect.poll(async () => (await markOf(table))?.phase, PATIENT).toBe(phase);

/** The records of each key in their order: `u` a row, `x` a tombstone. */
async function records(table: UsualTableName): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const { key, value } of await project.versions(table))
    all.set(key, (all.get(key) ?? '') + (value === null ? 'x' : 'u'));
  return all;
}

/** Of key, value and headers; without the one that only a row published once more has. */
function digestOf({ key, value, headers: { published_at: _, ...headers } }: TopicRecord): string {
  const hash = createHash('sha256')
    .update(key ?? '')
    .update('/')
    .update(value ?? '')
    .update('/');
  return hash.update(JSON.stringify(headers)).digest('base64');
}

/** Changes a row without moving its time, as the API does now and then. */
function changeUnseen(id: string, name: string): void {
  const { workspace } = project.simulator;
  const { updated_at } = workspace.get('contacts', id) ?? {};
  workspace.update('contacts', id, { name, updated_at });
}

describe('beside the polls', () => {
  it('finds a row that was changed without a time, and a deleted one', async () => {
    await open(['contacts', 'tags'], { contacts: 30 });
    await publishAll(['contacts']);
    const [changed, removed] = [idAt('contacts', 2), idAt('contacts', 3)];
    const instance = await startOwner();
    changeUnseen(changed, 'changed without a time');
    project.simulator.workspace.remove('contacts', removed);
    const { code, stdout } = await resync();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^acme\/contacts: resync (reading|finished)/m);
    expect(stdout).toMatch(/^acme\/tags: resync (reading|finished)/m);
    await becomes('contacts', 'finished');
    await becomes('tags', 'finished');
    const published = await records('contacts');
    expect([published.get(changed), published.get(removed)]).toEqual(['uu', 'ux']);
    const others = [...published].filter(([key]) => ![changed, removed, idAt('contacts', -1)].includes(key));
    expect(new Set(others.map(([, each]) => each))).toEqual(new Set(['u']));
    expect(await markOf('contacts')).toMatchObject({ records: 1, deletes: 1, republished: 0 });
    expect(instance.stderr()).toContain('resync started');
    expect(instance.stderr()).toContain('resync finished');
    const { value } = (await project.latest('contacts')).get(changed) ?? {};
    expect(value).toMatchObject({ name: 'changed without a time' });
  }, 180_000);

  it('reads the parts of each conversation again', async () => {
    await open(['conversations', 'conversation_parts'], { conversations: 8, parts: 3 });
    await publishAll(['conversations']);
    const { workspace } = project.simulator;
    const conversation = [...workspace.conversations.rows()].find((row) => workspace.partsOf(row).length > 1);
    const { id = '', updated_at } = conversation ?? {};
    const [part] = workspace.partsOf(conversation ?? {});
    const before = await records('conversation_parts');
    await startOwner();
    workspace.redactPart(String(id), String(part?.id));
    workspace.update('conversations', String(id), { updated_at });
    expect((await resync('conversation_parts')).code).toBe(0);
    await becomes('conversation_parts', 'finished');
    const after = await records('conversation_parts');
    const changed = [...after].filter(([key, each]) => each !== before.get(key)).map(([key]) => key);
    expect(changed).toEqual([String(part?.id)]);
  }, 180_000);

  it('leaves alone what is older than it is asked for', async () => {
    await open(['contacts'], { contacts: 30 });
    await publishAll(['contacts']);
    const byTime = [...project.simulator.workspace.rows('contacts')].sort(
      (a, b) => Number(a.updated_at) - Number(b.updated_at),
    );
    const [old, removed, recent] = [1, 2, 20].map((at) => String(byTime[at]?.id)) as [string, string, string];
    const since = Number(byTime[3]?.updated_at);
    await startOwner();
    changeUnseen(old, 'changed');
    changeUnseen(recent, 'changed');
    project.simulator.workspace.remove('contacts', removed);
    expect((await resync('contacts', '--since', new Date(since * 1000).toISOString())).code).toBe(0);
    await becomes('contacts', 'finished');
    const published = await records('contacts');
    expect([old, removed, recent].map((id) => published.get(id))).toEqual(['u', 'u', 'uu']);
  }, 180_000);

  it('shows how far it is, and ends when it is cancelled', async () => {
    await open(['contacts'], { contacts: 30 });
    await publishAll(['contacts']);
    const changed = idAt('contacts', 2);
    await startOwner();
    changeUnseen(changed, 'changed');
    project.simulator.faults.inject({ kind: 'hang', match: `GET /contacts/${changed}` });
    expect((await resync('contacts')).stdout).toContain('acme/contacts: resync reading');
    expect((await project.command('status')).stdout).toContain('acme/contacts: resync since');
    const cancelled = await resync('contacts', '--cancel');
    expect([cancelled.code, cancelled.stdout]).toEqual([
      0,
      expect.stringContaining('acme/contacts: resync cancelled'),
    ]);
    project.simulator.faults.clear();
    expect((await resync('contacts', '--cancel')).stdout).toContain('resync cancelled');
    expect((await records('contacts')).get(changed)).toBe('u');
    expect((await resync('contacts')).code).toBe(0);
    await becomes('contacts', 'finished');
    expect((await records('contacts')).get(changed)).toBe('uu');
  }, 180_000);

  it('waits while its table is paused, and says so', async () => {
    await open(['contacts'], { contacts: 30 });
    await publishAll(['contacts']);
    await startOwner();
    await project.command('pause', 'acme', 'contacts');
    changeUnseen(idAt('contacts', 2), 'changed');
    const accepted = await resync('contacts');
    expect([accepted.code, accepted.stdout]).toEqual([
      0,
      expect.stringContaining('waits until the table is resumed'),
    ]);
    expect((await markOf('contacts'))?.phase).toBe('reading');
    await project.command('resume', 'acme', 'contacts');
    await becomes('contacts', 'finished');
    expect((await records('contacts')).get(idAt('contacts', 2))).toBe('uu');
  }, 180_000);
});

describe('where nobody runs', () => {
  it('is accepted and completed by the next start, once', async () => {
    await open(['contacts', 'tags'], { contacts: 30 });
    await publishAll(['contacts']);
    const changed = idAt('contacts', 2);
    changeUnseen(changed, 'changed');
    const { code, stdout } = await resync('contacts');
    expect([code, stdout]).toEqual([
      0,
      'acme/contacts: requested; no instance runs, so the next start follows it\n',
    ]);
    const before = await records('contacts');
    expect((await resync('contacts', 'tags', '--republish', '--no-wait')).stdout).toBe(
      'acme/contacts: requested\nacme/tags: requested\n',
    );
    await project.cycle();
    expect(await markOf('contacts')).toMatchObject({ phase: 'finished', revision: 2 });
    expect(await markOf('tags')).toMatchObject({ phase: 'finished' });
    const after = await records('contacts');
    expect(after).toEqual(new Map([...before].map(([key, each]) => [key, `${each}u`])));
    expect(new Set((await records('tags')).values())).toEqual(new Set(['uu']));
    await project.cycle();
    expect(await records('contacts')).toEqual(after);
  }, 180_000);

  it('is ended by reset', async () => {
    await open(['contacts'], { contacts: 30 });
    await publishAll(['contacts']);
    await resync('contacts', '--republish');
    expect((await project.command('reset', 'acme', 'contacts', '--yes')).code).toBe(0);
    const before = await records('contacts');
    await project.cycle();
    const after = await records('contacts');
    expect(after).toEqual(new Map([...before].map(([key, each]) => [key, `${each}u`])));
    expect((await markOf('contacts'))?.phase).toBe('cancelled');
  }, 180_000);
});

it(`publishes each key exactly once more, whoever is killed at its commits (seed ${SEED})`, async () => {
  const COUNT = 10_000;
  await open(['contacts'], { contacts: COUNT }, false);
  await publishAll(['contacts']);
  const dice = new Dice(SEED, 'republish kills', 0);
  const topic = project.topic('contacts');
  const before = await readRecords(project.kafka, topic);
  await startOwner();
  await start();
  expect((await resync('contacts', '--republish')).code).toBe(0);
  const { revision } = (await markOf('contacts')) ?? {};
  let midway = 0;
  for (let kill = 0; kill < 4; kill += 1) {
    await killOwner(1 + dice.below(4));
    if ((await markOf('contacts'))?.phase === 'republishing') midway += 1;
    await start();
  }
  await becomes('contacts', 'finished');
  expect(midway).toBeGreaterThan(0);
  expect(await markOf('contacts')).toMatchObject({ revision, republished: COUNT });
  const after = await readRecords(project.kafka, topic);
  expect(after).toHaveLength(2 * before.length);
  // Each key twice, with the same value and headers.
  const counts = new Map<string, number>();
  for (const record of after) {
    const digest = digestOf(record);
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  expect(new Set(counts.values())).toEqual(new Set([2]));
  expect(counts.size).toBe(COUNT);
}, 600_000);

it(`publishes a row that changes meanwhile as usual, and nothing older behind it (seed ${SEED})`, async () => {
  const COUNT = 2_000;
  await open(['contacts'], { contacts: COUNT });
  await publishAll(['contacts']);
  const dice = new Dice(SEED, 'changes meanwhile', 0);
  const before = await records('contacts');
  const { workspace } = project.simulator;
  await startOwner();
  await start();
  const asked = resync('contacts', '--republish');
  const changed = new Set<string>();
  for (let round = 0; round < 12; round += 1) {
    for (let change = 0; change < 5; change += 1) {
      const id = idAt('contacts', dice.below(COUNT));
      workspace.update('contacts', id, { name: `changed ${round}.${change}` });
      changed.add(id);
    }
    await delay(dice.below(400));
    if (round % 4 !== 1) continue;
    const [victim] = running.splice(0, 1);
    if (victim !== undefined) await endCommand(victim, 'SIGKILL');
    await start();
  }
  expect((await asked).code).toBe(0);
  await becomes('contacts', 'finished');
  const current = async () =>
    (await problemsOf(project, { tables: ['contacts'] })).filter((each) => !each.includes('twice'));
  await expect.poll(current, PATIENT).toEqual([]);
  const after = await records('contacts');
  const wrong = [...after].filter(([key, each]) => !changed.has(key) && each !== `${before.get(key)}u`);
  expect(wrong).toEqual([]);
  const times = new Map<string, number>();
  for (const { key, headers } of await project.versions('contacts')) {
    const time = Number(headers.updated_at);
    expect(time).toBeGreaterThanOrEqual(times.get(key) ?? 0);
    times.set(key, time);
  }
}, 400_000);
