/** A producer that is not ours leaves a transaction open in topics of the publisher. */

import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kafkajs';
import { describe, inject, it } from 'vitest';
import { planHints } from '../../src/kafka/hints.js';
import kafkajs from '../../src/kafka/kafkajs.js';
import { TopicReader } from '../../src/kafka/reader.js';
import { Topics } from '../../src/kafka/topics.js';
import { TRANSACTION_TIMEOUT_MS } from '../../src/kafka/transaction.js';
import { endCommand, type RunningCommand, startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';
import { problemsOf } from '../support/verify.js';

const SECRET = 'the client secret';
const SEED = 17;
const CONTACTS = 3_000;
/** Within a minute is promised; under load a start alone may take some of it. */
const WITHIN = { timeout: 60_000, interval: 250 };

/**
 * Registers what ends with the test, in reverse order: these tests run side by side, since each waits for
 * most of its time.
 */
type AtEnd = (end: () => Promise<void>) => void;

async function openProject(atEnd: AtEnd): Promise<Project> {
  const options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { seed: SEED, counts: { contacts: 10, companies: 0, conversations: 0 } },
    file: { http: { port: 0 } },
  };
  const project = await Project.open(options);
  atEnd(() => project.close());
  const { accessToken } = project.simulator.options;
  const credentials = { accessToken, clientSecret: SECRET };
  await project.write({
    ...options,
    connection: { schedule: '0 0 1 1 *', tables: { contacts: {} }, credentials },
  });
  return project;
}

/** One record in each partition that is neither committed nor aborted, dated two minutes ago. */
async function leaveOpen(
  atEnd: AtEnd,
  project: Project,
  topic: string,
  partitions: readonly number[],
): Promise<Transaction> {
  const producer = project.kafka.producer({
    transactionalId: `foreign-${randomUUID()}`,
    maxInFlightRequests: 1,
    transactionTimeout: 600_000,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  atEnd(() => producer.disconnect());
  const transaction = await producer.transaction();
  const timestamp = String(Date.now() - 120_000);
  for (const partition of partitions)
    await transaction.send({ topic, messages: [{ partition, key: 'foreign', value: '{}', timestamp }] });
  return transaction;
}

async function start(atEnd: AtEnd, project: Project): Promise<{ running: RunningCommand; url: string }> {
  const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  atEnd(() => endCommand(running, 'SIGTERM'));
  return { running, url: await addressOf(running) };
}

async function readyz(url: string): Promise<string> {
  const reply = await fetch(new URL('/readyz', url));
  return `${reply.status} ${await reply.text()}`;
}

const heldBack = (topic: string) =>
  new RegExp(
    `topic ${topic.replaceAll('.', '\\.')}, partition 0: an open transaction of producer ID \\d+ at offset \\d+, since [^ ]+ \\(.*\\) holds readers back`,
  );

describe('a transaction that stays open', () => {
  it.concurrent.for([
    ['a table’s topic', (project: Project) => project.topic('contacts')],
    ['the dead letters', (project: Project) => project.topic('dead_letters')],
    ['the state topic', (project: Project) => `${project.prefix}.state`],
  ] as const)(
    'of another producer on %s is named by every command, and a start goes on when it ends',
    { timeout: 240_000 },
    async ([, topicOf], { expect, onTestFinished }) => {
      const project = await openProject(onTestFinished);
      await project.cycle();
      const topic = topicOf(project);
      const transaction = await leaveOpen(onTestFinished, project, topic, [0]);

      const check = await project.command('check');
      expect(check.code).toBe(0);
      expect(check.stdout).toMatch(new RegExp(`warn {2}open transactions in .*${heldBack(topic).source}`));
      const status = await project.command('status');
      expect(status.code).toBe(0);
      if (topic.endsWith('.state')) expect(status.stderr).toMatch(heldBack(topic));

      const once = startCommand(['run', '--once', '--config', project.config, '--log-format', 'json']);
      await expect.poll(() => once.stderr(), WITHIN).toMatch(heldBack(topic));
      once.process.kill('SIGTERM');
      await once.finished;

      const { running, url } = await start(onTestFinished, project);
      await expect.poll(() => running.stderr(), WITHIN).toMatch(heldBack(topic));
      expect(await readyz(url)).toMatch(
        new RegExp(`503 .*acme is not restored yet.*${heldBack(topic).source}`, 's'),
      );
      await transaction.abort();
      await expect.poll(() => readyz(url), WITHIN).toMatch(/^200/);
      expect(running.stderr()).toMatch(/partition 0 is read again: the transaction at offset \d+ has ended/);
      // Once for as long as it lasted.
      expect(running.stderr().match(/holds readers back/g)).toHaveLength(1);
    },
  );

  it.concurrent('of another producer on the hints topic holds no notification up', {
    timeout: 120_000,
  }, async ({ expect, onTestFinished }) => {
    const project = await openProject(onTestFinished);
    const plan = planHints({
      prefix: project.prefix,
      partitions: 1,
      replicationFactor: -1,
      config: {},
      create: true,
    });
    const topics = new Topics(project.kafka, inject('brokers'));
    await topics.ensure([plan], true);
    await topics.close();
    await leaveOpen(onTestFinished, project, plan.topic, [0]);
    const { url } = await start(onTestFinished, project);
    await expect.poll(() => readyz(url), WITHIN).toMatch(/^200/);
    await expect.poll(async () => (await project.versions('contacts')).length, WITHIN).toBe(10);

    const id = String([...project.simulator.workspace.rows('contacts')][0]?.id);
    project.simulator.workspace.update('contacts', id, { name: 'changed' });
    expect(
      (await notify(url, SECRET, notification('contact.user.updated', { type: 'contact', id }))).status,
    ).toBe(200);
    await expect
      .poll(async () => (await project.latest('contacts')).get(id)?.value, WITHIN)
      .toMatchObject({ name: 'changed' });
  });

  it.concurrent('because its publisher is paused for longer than the time-out is ended by the broker, and published once afterwards', {
    timeout: 240_000,
  }, async ({ expect, onTestFinished }) => {
    const project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { seed: SEED, latency: 20, counts: { contacts: CONTACTS, companies: 0, conversations: 0 } },
      connection: { schedule: '* * * * * *', tables: { contacts: {} } },
      file: { http: { port: 0 } },
    });
    onTestFinished(() => project.close());
    const reader = new TopicReader(project.kafka);
    onTestFinished(() => reader.close());
    const { running, url } = await start(onTestFinished, project);
    const topics = [project.topic('contacts'), `${project.prefix}.state`];
    const isOpen = async () =>
      (await Promise.all(topics.map((topic) => reader.openTransactions(topic)))).flat().length > 0;
    const published = async () =>
      new Set((await readRecords(project.kafka, topics[0] ?? '')).map(({ key }) => String(key))).size;
    await expect.poll(published, WITHIN).toBeGreaterThan(0);
    // Stopped at any moment: in a part of them a transaction is open, and stays so. There is always more to publish.
    let tries = 0;
    const isPaused = async () => {
      running.process.kill('SIGSTOP');
      if ((await isOpen()) && (await isOpen())) return true;
      tries += 1;
      project.simulator.workspace.touchMany('contacts', 600, { name: `try ${tries}` });
      running.process.kill('SIGCONT');
      return false;
    };
    await expect.poll(isPaused, { timeout: 60_000, interval: 20 }).toBe(true);
    const pausedAt = performance.now();
    await expect.poll(isOpen, { timeout: 120_000, interval: 500 }).toBe(false);
    expect(performance.now() - pausedAt).toBeGreaterThan(TRANSACTION_TIMEOUT_MS - 10_000);
    running.process.kill('SIGCONT');
    await expect.poll(published, { timeout: 90_000, interval: 500 }).toBe(CONTACTS);
    await expect.poll(() => problemsOf(project, { tables: ['contacts'] }), WITHIN).toEqual([]);
    await expect.poll(() => readyz(url), WITHIN).toMatch(/^200/);
    expect(running.stderr()).toMatch(
      /the transaction was open for \d+ s, and the broker ends one after 60 s; this instance was paused/,
    );
    expect(running.stderr()).not.toContain('another instance has taken over');
  });
});
