/** Partitions that an operator adds to a table's topic: refused, or each key moved once. */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import { partitionOf } from '../../src/kafka/partitioner.js';
import type { TopicRecord } from '../../src/kafka/reader.js';
import { Writer } from '../../src/kafka/writer.js';
import { Project, type ProjectOptions } from '../support/project.js';
import { readRecords, testKafka } from '../support/topics.js';

const TABLES = ['contacts', 'tags', 'companies'] as const;

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
async function placesOf(table: string): Promise<Map<string, TopicRecord[]>> {
  const places = new Map<string, Map<number, TopicRecord>>();
  for (const record of await readRecords(project.kafka, project.topic(table))) {
    const key = String(record.key?.toString('latin1'));
    const known = places.get(key) ?? new Map<number, TopicRecord>();
    places.set(key, known.set(record.partition, record));
  }
  return new Map([...places].map(([key, each]) => [key, [...each.values()]]));
}

/** Keys that are alive in another partition than their own, or in two. */
async function misplacedIn(table: string): Promise<string[]> {
  return [...(await placesOf(table))].flatMap(([key, records]) => {
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
  const admin = testKafka(inject('brokers')).admin();
  await admin.connect();
  await admin.createPartitions({
    topicPartitions: TABLES.map((table) => ({ topic: project.topic(table), count: 6 })),
  });
  await admin.disconnect();
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
