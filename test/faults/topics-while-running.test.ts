/** Topics that are deleted, created again and given partitions while a publisher runs. */

import { describe, inject, it } from 'vitest';
import { HintWriter, planHints } from '../../src/kafka/hints.js';
import { hintsTopic } from '../../src/model/topic-names.js';
import { endCommand, type RunningCommand, startCommand } from '../support/command.js';
import { createTopics } from '../support/create-topics.js';
import { addressOf, statusAt } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';
import { addPartitions, deleteTopic, topicId } from '../support/topic-admin.js';
import { problemsOf } from '../support/verify.js';

const SECRET = 'the client secret';
const SEED = 23;
const TABLES = ['contacts', 'tags'] as const;
const OFTEN = '* * * * * *';
const NEVER = '0 0 1 1 *';
const WITHIN = { timeout: 60_000, interval: 250 };
const TOPIC_CONFIG = { 'cleanup.policy': 'compact' };

/** Registers what ends with the test, in reverse order: these tests run side by side. */
type AtEnd = (end: () => Promise<void>) => void;

async function openProject(atEnd: AtEnd, schedule: string): Promise<Project> {
  const options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { seed: SEED, counts: { contacts: 40, tags: 12, companies: 0, conversations: 0 } },
    file: { http: { port: 0 } },
  };
  const project = await Project.open(options);
  atEnd(() => project.close());
  const credentials = { accessToken: project.simulator.options.accessToken, clientSecret: SECRET };
  const tables = Object.fromEntries(TABLES.map((table) => [table, {}]));
  await project.write({ ...options, connection: { schedule, tables, credentials } });
  return project;
}

async function start(atEnd: AtEnd, project: Project): Promise<{ running: RunningCommand; url: string }> {
  const running = startCommand(['run', '--config', project.config, '--log-level', 'debug']);
  atEnd(() => endCommand(running, 'SIGTERM'));
  return { running, url: await addressOf(running) };
}

function countOf(running: RunningCommand, text: string): number {
  return running.stderr().split(text).length - 1;
}

describe('while a publisher runs', () => {
  it.concurrent('a table’s topic that is deleted and created again is filled again, and added partitions are refused', {
    timeout: 240_000,
  }, async ({ expect, onTestFinished }) => {
    const project = await openProject(onTestFinished, OFTEN);
    const { running, url } = await start(onTestFinished, project);
    const settled = () => expect.poll(() => problemsOf(project, { tables: TABLES }), WITHIN).toEqual([]);
    await expect.poll(async () => (await project.latest('contacts')).size, WITHIN).toBe(40);
    const topic = project.topic('contacts');
    await deleteTopic(project.kafka, topic);
    // At once: this publisher can hardly meet the gap.
    await createTopics(project.kafka, [{ topic, partitions: 3, config: TOPIC_CONFIG }]);
    const [id = ''] = [...project.simulator.workspace.rows('contacts')].map((row) => String(row.id));
    project.simulator.workspace.update('contacts', id, { name: 'meanwhile' });
    await expect.poll(async () => (await project.latest('contacts')).size, WITHIN).toBe(40);
    await settled();
    expect(running.stderr()).toMatch(/topic \S+\.contacts was deleted/);
    expect(countOf(running, 'acme/contacts: the state does not belong to the topic')).toBe(1);
    expect(countOf(running, 'acme/tags: the state does not belong to the topic')).toBe(0);

    await addPartitions(project.kafka, project.topic('tags'), 6);
    await expect
      .poll(() => running.stderr(), WITHIN)
      .toMatch(/acme\/tags: partitions were added to topic .* Set topics\.onPartitionsAdded: move/);
    expect((await statusAt(url)).connections[0]).toMatchObject({
      state: 'failed',
      error: { code: 'topic-invalid', message: expect.stringContaining('topics.onPartitionsAdded: move') },
    });
    await settled();
  });

  it.concurrent('a state topic that is lost is reported, and nothing is published twice', {
    timeout: 240_000,
  }, async ({ expect, onTestFinished }) => {
    const project = await openProject(onTestFinished, OFTEN);
    const { running } = await start(onTestFinished, project);
    await expect.poll(async () => (await project.latest('contacts')).size, WITHIN).toBe(40);
    const topic = `${project.prefix}.state`;
    const { workspace } = project.simulator;
    const [first = '', second = ''] = [...workspace.rows('contacts')].map((row) => String(row.id));
    const [tag = ''] = [...workspace.rows('tags')].map((row) => String(row.id));
    await expect.poll(async () => (await project.states()).size, WITHIN).toBe(2);
    await deleteTopic(project.kafka, topic);
    workspace.update('contacts', first, { name: 'meanwhile' });
    workspace.remove('tags', tag);
    const lost = (table: string) =>
      `acme/${table}: the state does not belong to the topic: topic ${project.topic(table)} has rows, and state topic ${topic} has no state of them`;
    for (const table of TABLES) await expect.poll(() => running.stderr(), WITHIN).toContain(lost(table));
    await expect.poll(async () => (await project.states()).size, WITHIN).toBe(2);
    workspace.update('contacts', second, { name: 'afterwards' });
    await expect.poll(() => problemsOf(project, { tables: TABLES }), WITHIN).toEqual([]);
    expect(await project.versions('contacts')).toHaveLength(42);
    expect(await project.versions('tags')).toHaveLength(13);
  });

  it.concurrent('notifications are processed behind added partitions of their topic, and in a new topic of that name', {
    timeout: 240_000,
  }, async ({ expect, onTestFinished }) => {
    const project = await openProject(onTestFinished, NEVER);
    const { kafka, simulator, prefix } = project;
    const topic = hintsTopic(prefix);
    const instance = await start(onTestFinished, project);
    const { running } = instance;
    const readyz = async (url: string) => (await fetch(`${url}/readyz`)).status;
    await expect.poll(() => readyz(instance.url), WITHIN).toBe(200);
    await expect.poll(async () => (await project.latest('contacts')).size, WITHIN).toBe(40);
    const ids = [...simulator.workspace.rows('contacts')].map((row) => String(row.id));
    let changes = 0;
    const change = () => {
      const id = ids[changes] ?? '';
      changes += 1;
      simulator.workspace.update('contacts', id, { name: `change ${changes}` });
      return id;
    };
    const keep = async (id: string) => {
      const writer = new HintWriter(kafka, topic);
      await writer.put('acme', { contact: [id], conversation: [], company: [], ticket: [] });
      await writer.close();
    };
    const processed = (of: RunningCommand) => countOf(of, 'notifications processed');
    const isAccepted = async (url: string, id: string) =>
      (await notify(url, SECRET, notification('contact.user.updated', { type: 'contact', id }))).status;

    // Its key belongs to partition 0 of three, and to a new one of five.
    await addPartitions(kafka, topic, 5);
    await keep(change());
    await expect.poll(() => processed(running), WITHIN).toBe(1);
    expect(running.stderr()).toContain(`partitions were added to topic ${topic}`);

    const before = await topicId(kafka, topic);
    await deleteTopic(kafka, topic);
    // As long as the old one was: no offset is out of range.
    const settings = { prefix, partitions: 5, replicationFactor: -1, config: {}, create: true };
    await createTopics(kafka, [planHints(settings)]);
    await expect.poll(async () => isAccepted(instance.url, change()), WITHIN).toBe(200);
    await expect.poll(() => processed(running), WITHIN).toBeGreaterThan(1);
    const said = `topic ${topic} was deleted and created again (its ID was ${before}`;
    await expect.poll(() => countOf(running, `${said}, and is`), WITHIN).toBeGreaterThan(0);
    await expect.poll(() => problemsOf(project, { tables: TABLES }), WITHIN).toEqual([]);
    running.process.kill('SIGTERM');
    await running.finished;

    // The same while none runs, with a notification that waits in the new topic.
    await deleteTopic(kafka, topic);
    await createTopics(kafka, [planHints(settings)]);
    await keep(change());
    const next = await start(onTestFinished, project);
    await expect.poll(() => processed(next.running), WITHIN).toBeGreaterThan(0);
    expect(countOf(next.running, `topic ${topic} was deleted and created again`)).toBe(1);
    expect(next.running.stderr()).toContain('notifications that were accepted and not processed are lost');
    await expect.poll(() => problemsOf(project, { tables: TABLES }), WITHIN).toEqual([]);
  });
});
