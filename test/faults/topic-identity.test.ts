/**
 * States and topics that no longer belong together: nothing is skipped, nothing is published twice, and it is
 * reported.
 */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import { Writer } from '../../src/kafka/writer.js';
import { Project, type ProjectOptions } from '../support/project.js';
import { readRecords, testKafka } from '../support/topics.js';
import { problemsOf } from '../support/verify.js';

const TABLES = ['contacts', 'tags', 'conversations', 'companies'] as const;
const ANEW = 'the state does not belong to the topic';

let options: ProjectOptions;
let project: Project;

beforeAll(async () => {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 60, companies: 20, conversations: 15, parts: 2 } },
    connection: { tables: { contacts: {}, tags: {}, conversations: {}, companies: {} } },
  };
  project = await Project.open(options);
  await project.cycle();
}, 180_000);
afterAll(async () => {
  await project.close();
});

/** One cycle that must succeed, with its log. */
async function cycle(): Promise<string> {
  const { code, stderr } = await project.command('run', '--once');
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return stderr;
}

async function setStates(change: (state: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
  const writer = await Writer.open(project.kafka, {
    transactionalId: randomUUID(),
    compression: COMPRESSION_TYPES.none,
  });
  const topic = `${project.prefix}.state`;
  const states = await project.states();
  await writer.commit(
    [...states].map(([table, state]) => ({
      topic,
      key: Buffer.from(`acme/${table}`),
      value: Buffer.from(JSON.stringify(change(state))),
    })),
  );
  await writer.close();
}

/** The table of a state, by the topic that it names. */
function tableOf(states: Map<string, Record<string, unknown>>, state: Record<string, unknown>): string {
  const { name } = state.topic as { name: string };
  return [...states.keys()].find((table) => project.topic(table) === name) ?? '';
}

async function countOf(table: string): Promise<number> {
  return (await readRecords(project.kafka, project.topic(table))).length;
}

describe('a state', () => {
  it('names its topic, with ID, partitions and offsets, and belongs to it', async () => {
    const before = await countOf('contacts');
    expect(await cycle()).not.toContain(ANEW);
    const { topic, deadLetterTopic } = (await project.states()).get('contacts') ?? {};
    expect(topic).toEqual({
      name: project.topic('contacts'),
      id: expect.stringMatching(/^[\w-]{22}$/),
      partitions: 3,
      ends: [expect.any(Number), expect.any(Number), expect.any(Number)],
      starts: [0, 0, 0],
    });
    expect(Math.max(...(topic as { ends: number[] }).ends)).toBeGreaterThan(0);
    expect(deadLetterTopic).toMatchObject({ name: project.topic('dead_letters') });
    expect(await countOf('contacts')).toBe(before);
    expect((await project.command('check')).code).toBe(0);
  }, 180_000);

  it('of version 0.1.0 is adopted without a word, unless its topic is empty', async () => {
    const before = await countOf('contacts');
    await setStates(({ topic, deadLetterTopic, ...state }) => state);
    expect(await cycle()).not.toContain(ANEW);
    expect(await countOf('contacts')).toBe(before);
    expect((await project.states()).get('contacts')?.topic).toMatchObject({ partitions: 3 });
  }, 180_000);

  it('whose topic is shorter than it was is reported, and the table read again without a record twice', async () => {
    const before = await countOf('contacts');
    await setStates((state) => {
      const topic = state.topic as { name: string; ends: number[] };
      return { ...state, topic: { ...topic, ends: topic.ends.map((end) => end + 1_000) } };
    });
    // What a truncated topic has lost: rows that the bookmark lies behind.
    const check = await project.command('check');
    expect([check.code, check.stdout]).toEqual([1, expect.stringContaining('it was truncated, or restored')]);
    expect((await project.command('status')).stdout).toContain('the next run reads the table again');
    const log = await cycle();
    expect(log.split(`acme/contacts: ${ANEW}`)).toHaveLength(2);
    expect(await countOf('contacts')).toBe(before);
    expect(await problemsOf(project, { tables: TABLES })).toEqual([]);
    expect(await cycle()).not.toContain(ANEW);
  }, 300_000);

  it('whose topic was deleted is reported, and the table published again', async () => {
    const admin = testKafka(inject('brokers')).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [project.topic('contacts'), project.topic('tags')] });
    await admin.disconnect();
    const check = await project.command('check');
    expect([check.code, check.stdout]).toEqual([1, expect.stringContaining('contacts was deleted')]);
    const log = await cycle();
    expect(log).toContain(`topic ${project.topic('contacts')} was deleted and created again`);
    expect(await problemsOf(project, { tables: TABLES })).toEqual([]);
    expect(await countOf('contacts')).toBe(60);
    expect(await cycle()).not.toContain(ANEW);
    expect(await countOf('contacts')).toBe(60);
  }, 300_000);

  it('that is older than its topic has nothing published again', async () => {
    const older = await project.states();
    const { workspace } = project.simulator;
    const contacts = [...workspace.rows('contacts')].map(({ id }) => String(id));
    for (const id of contacts.slice(0, 7)) workspace.update('contacts', id, { name: 'since' });
    const [tag = ''] = [...workspace.rows('tags')].map(({ id }) => String(id));
    workspace.remove('tags', tag);
    await cycle();
    const before = await Promise.all(TABLES.map(countOf));
    const current = await project.states();
    // As a state topic is that was restored from a copy of an earlier time.
    await setStates((state) => older.get(tableOf(current, state)) ?? state);
    expect(await cycle()).not.toContain(ANEW);
    expect(await Promise.all(TABLES.map(countOf))).toEqual(before);
    expect(await problemsOf(project, { tables: TABLES })).toEqual([]);
  }, 180_000);

  it('whose topic has another name is reported, and all tables are published there', async () => {
    const { prefix } = project;
    await project.write({
      ...options,
      file: { topics: { prefix: `${prefix}.b` }, state: { topic: `${prefix}.state`, group: prefix } },
    });
    const check = await project.command('check');
    const said = `the state was written for topic ${project.topic('contacts')}, the configuration names ${prefix}.b.acme.contacts`;
    expect([check.code, check.stdout]).toEqual([1, expect.stringContaining(said)]);
    expect(await cycle()).toContain(said);
    expect(await readRecords(project.kafka, `${prefix}.b.acme.contacts`)).toHaveLength(60);
    expect(await readRecords(project.kafka, `${prefix}.b.acme.conversations`)).toHaveLength(15);
    expect(await cycle()).not.toContain(ANEW);
  }, 300_000);
});
