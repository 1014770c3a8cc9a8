/** Partitions that an operator adds to a table's topic: refused, or each key moved once. */

import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import { partitionOf } from '../../src/kafka/partitioner.js';
import { TopicReader, type TopicRecord } from '../../src/kafka/reader.js';
import { Writer } from '../../src/kafka/writer.js';
import { startCommand } from '../support/command.js';
import { createTopics } from '../support/create-topics.js';
import { Project, type ProjectOptions } from '../support/project.js';
import { addPartitions } from '../support/topic-admin.js';
import { latestByKey, readRecords } from '../support/topics.js';

const TABLES = ['contacts', 'tags', 'companies'] as const;
const ANY = { compression: COMPRESSION_TYPES.none };
/** Without patterns, so that compression does not make it fit. */
const LARGE = Array.from({ length: 2_000 }, (_, index) => Math.sin(index).toString(36).slice(3)).join(' ');

let options: ProjectOptions;
let project: Project;

beforeAll(async () => {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 60, companies: 30, conversations: 2, parts: 1 } },
    connection: { tables: { contacts: {}, tags: {}, companies: {} } },
  };
  project = await Project.open(options);
  await project.cycle();
}, 180_000);
afterAll(async () => {
  await project.close();
});

/** The last record of each key in each partition. */
async function placesOf(table: string, of = project): Promise<Map<string, TopicRecord[]>> {
  const places = new Map<string, Map<number, TopicRecord>>();
  for (const record of await readRecords(of.kafka, of.topic(table))) {
    const key = String(record.key?.toString('latin1'));
    const known = places.get(key) ?? new Map<number, TopicRecord>();
    places.set(key, known.set(record.partition, record));
  }
  return new Map([...places].map(([key, each]) => [key, [...each.values()]]));
}

/** Keys that are alive in another partition than their own, or in two. */
async function misplacedIn(table: string, of = project): Promise<string[]> {
  return [...(await placesOf(table, of))].flatMap(([key, records]) => {
    const alive = records.filter(({ value }) => value !== null);
    const home = partitionOf(Buffer.from(key, 'latin1'), 6);
    return alive.every(({ partition }) => partition === home) && alive.length <= 1 ? [] : [key];
  });
}

async function total(): Promise<number> {
  const counts = await Promise.all(
    TABLES.map(async (table) => (await readRecords(project.kafka, project.topic(table))).length),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

it('is refused with what to do, and moved once where the configuration says so, also after a move that was cut short', async () => {
  for (const table of TABLES) await addPartitions(project.kafka, project.topic(table), 6);
  const { workspace } = project.simulator;
  const contacts = [...workspace.rows('contacts')].map(({ id }) => String(id));
  for (const id of contacts.slice(0, 20)) workspace.update('contacts', id, { name: `moved ${id}` });
  const [tag] = [...workspace.rows('tags')].map(({ id }) => String(id));
  if (tag !== undefined) workspace.remove('tags', tag);
  const before = await total();

  const check = await project.command('check');
  expect(check.code).toBe(1);
  expect(check.stdout).toContain('acme/contacts: partitions were added to topic');
  const refused = await project.command('run', '--once');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /acme\/\w+: partitions were added to topic .* Set topics.onPartitionsAdded: move/,
  );
  expect(await total()).toBe(before);

  // One key as a move leaves it that was killed behind its first transaction.
  const [early] = [...(await placesOf('contacts')).values()]
    .flat()
    .filter(({ key, partition }) => key !== null && partitionOf(key, 6) !== partition);
  if (early?.key == null) throw new Error('no key has another partition now');
  const writer = await Writer.open(project.kafka, {
    transactionalId: 'early',
    compression: COMPRESSION_TYPES.none,
  });
  const { topic, key, value, partition } = early;
  const headers = Object.fromEntries(
    Object.entries(early.headers).map(([name, each]) => [name, String(each)]),
  );
  await writer.commit([
    { topic, key, value: null, partition },
    { topic, key, value, partition: partitionOf(key, 6), headers },
  ]);
  await writer.close();

  await project.write({
    ...options,
    file: { topics: { prefix: project.prefix, partitions: 6, onPartitionsAdded: 'move' } },
  });
  await project.cycle();
  for (const table of TABLES) {
    expect([table, await misplacedIn(table)]).toEqual([table, []]);
    const alive = [...(await placesOf(table)).values()].flat().filter(({ value: each }) => each !== null);
    expect(alive).toHaveLength([...workspace.rows(table)].length);
  }
  const versions = await project.versions('contacts');
  const atHome = versions.filter(
    (each) => each.keyBytes.equals(key) && each.partition === partitionOf(key, 6),
  );
  const updated = workspace.rows('contacts');
  expect([...updated]).toHaveLength(60);
  expect(new Set(atHome.map((each) => each.headers.hash)).size).toBe(atHome.length);
  const ends = versions.filter((each) => each.headers.moved_to !== undefined);
  expect(ends.length).toBeGreaterThan(0);
  expect(ends.every(({ value: each }) => each === null)).toBe(true);

  const settled = await total();
  for (let again = 0; again < 2; again += 1) await project.cycle();
  expect(await total()).toBe(settled);
  const replayed = await project.command('replay', 'acme', 'companies');
  expect(replayed.stdout.trim().split('\n')).toHaveLength([...workspace.rows('companies')].length);
}, 400_000);

describe('a move', () => {
  const CONTACTS = 9_600;
  /** Records of one transaction of a move, and some: behind them, one is committed and more are to come. */
  const COMMITTED = 2_100;

  it('that is killed twice in its middle is completed by the next start', async () => {
    const large: ProjectOptions = {
      ...options,
      simulator: { budget: null, counts: { contacts: CONTACTS, companies: 0, conversations: 0 } },
      connection: { tables: { contacts: {} } },
      keepsReplies: false,
    };
    const own = await Project.open(large);
    const reader = new TopicReader(own.kafka);
    onTestFinished(async () => {
      await reader.close();
      await own.close();
    });
    const topic = own.topic('contacts');
    const written = async () => (await reader.extent(topic)).ends.reduce((sum, end) => sum + end, 0);
    await own.cycle();
    await addPartitions(own.kafka, topic, 6);
    await own.write({
      ...large,
      file: { topics: { prefix: own.prefix, partitions: 6, onPartitionsAdded: 'move' } },
    });
    const left: number[] = [(await misplacedIn('contacts', own)).length];
    for (let kill = 1; kill <= 2; kill += 1) {
      const before = await written();
      const running = startCommand(['run', '--once', '--config', own.config]);
      await vi.waitUntil(async () => (await written()) > before + COMMITTED, {
        timeout: 60_000,
        interval: 1,
      });
      running.process.kill('SIGKILL');
      expect((await running.finished).code).toBeNull();
      // Readers of committed records wait for what the killed one has left open, as the next one does.
      await (await Writer.open(own.kafka, { ...ANY, transactionalId: `${own.prefix}.acme` })).close();
      left.push((await misplacedIn('contacts', own)).length);
    }
    const [all = 0, once = 0, twice = 0] = left;
    expect(all).toBeGreaterThan(CONTACTS / 3);
    expect(once).toSatisfy((count: number) => count > 0 && count < all, `left: ${left}`);
    expect(twice).toSatisfy((count: number) => count > 0 && count < once, `left: ${left}`);

    await own.cycle();
    expect(await misplacedIn('contacts', own)).toEqual([]);
    const versions = await own.versions('contacts');
    const ids = [...own.simulator.workspace.rows('contacts')].map(({ id }) => String(id));
    // Each key: its first version, one tombstone where that was, and the version in its new partition.
    expect([...latestByKey(versions.filter(({ value }) => value !== null)).keys()].sort()).toEqual(
      ids.sort(),
    );
    expect(versions.filter(({ value }) => value !== null)).toHaveLength(CONTACTS + all);
    expect(versions.filter(({ value }) => value === null)).toHaveLength(all);
    const settled = await written();
    await own.cycle();
    expect((await readRecords(own.kafka, topic)).length).toBe(CONTACTS + 2 * all);
    expect(await written()).toBe(settled);
  }, 240_000);

  it('of dead letters leaves each of them once, and what frees them ends them', async () => {
    const small = { 'cleanup.policy': 'compact', 'max.message.bytes': '12000' };
    const rows: ProjectOptions = {
      ...options,
      simulator: { counts: { contacts: 30, companies: 0, conversations: 0 } },
      connection: { tables: { contacts: { exclude: ['phone'] } } },
    };
    const own = await Project.open(rows);
    onTestFinished(() => own.close());
    await createTopics(own.kafka, [{ topic: own.topic('contacts'), partitions: 3, config: small }]);
    const { workspace } = own.simulator;
    const ids = [...workspace.rows('contacts')].map(({ id }) => String(id)).slice(0, 12);
    for (const id of ids) workspace.update('contacts', id, { name: LARGE });
    await own.cycle();
    const alive = async () =>
      [...(await placesOf('dead_letters', own)).values()].flat().filter(({ value }) => value !== null);
    expect(await alive()).toHaveLength(12);
    await addPartitions(own.kafka, own.topic('dead_letters'), 6);
    const refused = await own.command('run', '--once');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/acme\/dead letters: partitions were added to topic \S+\.dead_letters/),
    ]);
    await own.write({ ...rows, file: { topics: { prefix: own.prefix, onPartitionsAdded: 'move' } } });
    await own.cycle();
    expect(await misplacedIn('dead_letters', own)).toEqual([]);
    expect(await alive()).toHaveLength(12);
    const { length } = await readRecords(own.kafka, own.topic('dead_letters'));
    await own.cycle();
    expect(await readRecords(own.kafka, own.topic('dead_letters'))).toHaveLength(length);
    for (const id of ids) workspace.update('contacts', id, { name: 'small again' });
    await own.cycle();
    expect(await alive()).toEqual([]);
    expect((await own.latest('contacts')).size).toBe(30);
  }, 180_000);
});
