import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { DOCUMENTED_TOPICS } from '../../src/intercom/webhook-topics.js';
import { createKafka } from '../../src/kafka/client.js';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import { Writer } from '../../src/kafka/writer.js';
import type { UsualTableName } from '../../src/model/table-names.js';
import { Dice } from '../../src/simulator/random.js';
import { type RunningCommand, startCommand } from '../support/command.js';
import { createTopics } from '../support/create-topics.js';
import { addressOf } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const SECRET = 'the client secret';
const SEED = 91;
const WAIT = { timeout: 15_000, interval: 50 };
const TABLES: readonly UsualTableName[] = ['contacts', 'companies', 'conversations', 'conversation_parts'];
const NEVER = '0 0 1 1 *';

/** A workspace that nobody polls: what comes, comes by a notification. */
async function open(connection: Record<string, unknown> = {}): Promise<Project> {
  const project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { seed: SEED, counts: { contacts: 60, companies: 12, conversations: 12, parts: 4 } },
    connection: {
      schedule: NEVER,
      tables: Object.fromEntries(TABLES.map((table) => [table, {}])),
      ...connection,
    },
    file: { http: { port: 0 } },
  });
  const { accessToken } = project.simulator.options;
  await project.write({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connection: {
      schedule: NEVER,
      tables: Object.fromEntries(TABLES.map((table) => [table, {}])),
      credentials: { accessToken, clientSecret: SECRET },
      ...connection,
    },
    file: { http: { port: 0 } },
  });
  return project;
}

interface Instance {
  readonly running: RunningCommand;
  readonly url: string;
}

async function start(project: Project): Promise<Instance> {
  const running = startCommand(['run', '--config', project.config, '--log-level', 'debug']);
  return { running, url: await addressOf(running) };
}

async function stop({ running }: Instance, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  running.process.kill(signal);
  await running.finished;
}

/** Everything that the workspace holds is in the topics, and nothing twice. */
const settled = (project: Project) =>
  expect.poll(() => problemsOf(project, { tables: TABLES }), WAIT).toEqual([]);

async function published(project: Project, table: UsualTableName, id: string): Promise<(object | null)[]> {
  const versions = await project.versions(table);
  return versions.filter(({ key }) => key === id).map(({ value }) => value);
}

describe('a notification', () => {
  let project: Project;
  let instance: Instance;
  const send = async (topic: string, item: unknown) =>
    (await notify(instance.url, SECRET, notification(topic, item))).status;
  const requestsFor = (id: string) =>
    project.simulator.requests.filter(({ path }) => path.includes(id)).length;
  const idOf = (table: UsualTableName, index = 0) =>
    String([...project.simulator.workspace.rows(table)][index]?.id);

  beforeAll(async () => {
    project = await open();
    instance = await start(project);
    await instance.running.until('cycle finished');
  });
  afterAll(async () => {
    await stop(instance);
    await project.close();
  });

  it.each([
    ['contacts', 'contact.user.updated', 'contact', 'name'],
    ['companies', 'company.updated', 'company', 'name'],
    ['conversations', 'conversation.admin.assigned', 'conversation', 'title'],
  ] as const)('of a change in %s publishes the row', async (table, topic, type, field) => {
    const id = idOf(table, 3);
    project.simulator.workspace.update(table, id, { [field]: 'changed' });
    expect(await send(topic, { type, id })).toBe(200);
    await expect
      .poll(async () => (await published(project, table, id)).at(-1), WAIT)
      .toMatchObject({ [field]: 'changed' });
    await settled(project);
  });

  it('of a new part publishes all parts of its conversation', async () => {
    const id = idOf('conversations', 4);
    project.simulator.workspace.addPart(id);
    expect(await send('conversation.user.replied', { type: 'conversation', id })).toBe(200);
    await settled(project);
  });

  it.each([
    ['contacts', 'contact.deleted', 'contact'],
    ['companies', 'company.deleted', 'company'],
    ['conversations', 'conversation.deleted', 'conversation'],
  ] as const)('of a delete in %s publishes a tombstone, once', async (table, topic, type) => {
    const id = idOf(table, 5);
    project.simulator.workspace.remove(table, id);
    for (let times = 0; times < 3; times += 1) expect(await send(topic, { type, id })).toBe(200);
    await expect.poll(async () => (await published(project, table, id)).at(-1), WAIT).toBeNull();
    await settled(project);
  });

  it.each([
    ['conversation.contact.attached', 215_472_621_202_693, 215_472_621_202_693],
    ['conversation.contact.detached', 215_472_621_202_694, '215472621202694'],
  ])('%s publishes both entities, their IDs being numbers or texts', async (topic, id, sent) => {
    const { workspace } = project.simulator;
    const contact = idOf('contacts', 6);
    workspace.create('conversations', { id: String(id), title: topic });
    workspace.update('contacts', contact, { name: topic });
    const parts = [{ conversation_id: sent }];
    const item = {
      conversation: { parts, options: {}, model: { id: sent } },
      contact: { type: 'contact', id: contact },
    };
    expect(await send(topic, item)).toBe(200);
    await settled(project);
    expect((await published(project, 'conversations', String(id))).at(-1)).toMatchObject({ title: topic });
    expect((await published(project, 'contacts', contact)).at(-1)).toMatchObject({ name: topic });
  });

  it.each([
    ['ticket.contact.attached', 215_472_629_353_977, undefined],
    ['ticket.admin.replied', '215472629311235', 'ticket_ticket_part'],
  ])('%s publishes the conversation of the ticket’s ID', async (topic, id, type) => {
    const { workspace } = project.simulator;
    const contact = idOf('contacts', 8);
    workspace.create('conversations', { id: String(id), title: topic });
    workspace.update('contacts', contact, { name: topic });
    expect(await send(topic, { type, ticket: { id }, contact: { type: 'contact', id: contact } })).toBe(200);
    await expect
      .poll(async () => (await published(project, 'conversations', String(id))).at(-1), WAIT)
      .toMatchObject({ title: topic });
    if (type === undefined) return await settled(project);
    // A part of a ticket concerns no contact.
    expect(await send('contact.user.updated', { type: 'contact', id: contact })).toBe(200);
    await settled(project);
  });

  it('that is checked by HEAD before it is saved has an address', async () => {
    const answer = await fetch(`${instance.url}/webhooks/acme`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('of a customer ticket publishes the conversation that has its ID', async () => {
    const id = idOf('conversations', 6);
    project.simulator.workspace.update('conversations', id, { title: 'ticket' });
    expect(await send('ticket.state.updated', { type: 'ticket', id, ticket_state: 'resolved' })).toBe(200);
    await settled(project);
    expect((await published(project, 'conversations', id)).at(-1)).toMatchObject({ title: 'ticket' });
  });

  it('of what can’t be asked for keeps no other one waiting', async () => {
    const [bad, good] = [20, 21].map((index) => idOf('contacts', index));
    const { workspace, faults } = project.simulator;
    faults.inject({ kind: 'status', status: 400, match: `/contacts/${bad}` });
    onTestFinished(() => faults.clear());
    for (const id of [bad, good]) {
      workspace.update('contacts', String(id), { name: 'changed' });
      expect(await send('contact.user.updated', { type: 'contact', id })).toBe(200);
    }
    await expect
      .poll(async () => (await published(project, 'contacts', String(good))).at(-1), WAIT)
      .toMatchObject({ name: 'changed' });
    await instance.running.until(`contact ${bad} is set aside after a notification`);
    faults.clear();
    expect(await send('contact.user.updated', { type: 'contact', id: bad })).toBe(200);
    await settled(project);
  });

  it('is published by whoever takes the connection over, also by the same instance', async () => {
    const id = idOf('contacts', 22);
    // Whoever opens this writer fences the owner, which learns it with its next commit.
    const kafka = createKafka({ brokers: inject('brokers'), clientId: 'test', ssl: false, sasl: null });
    const usurper = await Writer.open(kafka, {
      transactionalId: `${project.prefix}.acme`,
      compression: COMPRESSION_TYPES.none,
    });
    onTestFinished(() => usurper.close());
    project.simulator.workspace.update('contacts', id, { name: 'after the fencing' });
    expect(await send('contact.user.updated', { type: 'contact', id })).toBe(200);
    await expect
      .poll(async () => (await published(project, 'contacts', id)).at(-1), WAIT)
      .toMatchObject({ name: 'after the fencing' });
    await settled(project);
  });

  it('of a merge publishes the tombstone of the one and the row of the other', async () => {
    const [source, target] = [idOf('contacts', 6), idOf('contacts', 7)];
    project.simulator.workspace.mergeContacts(source, target);
    const item = { type: 'contact', id: target, merged_from: { type: 'contact', id: source } };
    expect(await send('contact.merged', item)).toBe(200);
    await expect.poll(async () => (await published(project, 'contacts', source)).at(-1), WAIT).toBeNull();
    await settled(project);
  });

  it('that comes often, late and in any order does no harm', async () => {
    const dice = new Dice(SEED, 'order', 0);
    const { workspace } = project.simulator;
    const ids = Array.from({ length: 8 }, (_, index) => idOf('contacts', 10 + index));
    const sending: Promise<number>[] = [];
    for (let round = 0; round < 40; round += 1) {
      const id = dice.pick(ids);
      if (dice.chance(0.5)) workspace.update('contacts', id, { name: `round ${round}` });
      sending.push(send('contact.user.updated', { type: 'contact', id, name: 'an old one' }));
      await delay(dice.below(30));
    }
    for (const id of ids) sending.push(send('contact.user.updated', { type: 'contact', id }));
    expect(new Set(await Promise.all(sending))).toEqual(new Set([200]));
    await settled(project);
  });

  it('of any documented topic, however malformed, holds up no other one', async () => {
    const { workspace } = project.simulator;
    const id = idOf('contacts', 24);
    workspace.update('contacts', id, { name: 'behind the malformed ones' });
    const odd = { id: 2 ** 53, contact: { id: '..' }, conversation: { id: 'a/b?c=d#e' } };
    const items: readonly unknown[] = [
      undefined,
      null,
      'a text',
      [{ type: 'contact', id }],
      { type: 'contact', id: { toString: 0 } },
      { conversation: { parts: Array(20_000).fill({ conversation_id: -1 }), model: 7 }, ticket: [] },
      { ...odd, company: { id: '%' }, ticket: { id: '💥' }, conversation_id: 'x'.repeat(200) },
    ];
    for (const [index, topic] of [...DOCUMENTED_TOPICS, '', '__proto__', 'contact'].entries())
      expect(await send(topic, items[index % items.length]), topic).toBe(200);
    for (const item of items) expect(await send('contact.user.updated', item)).toBe(200);
    for (const data of [undefined, null, [], 'a text', { item: [] }]) {
      const body = JSON.stringify({ topic: 'contact.deleted', data });
      expect((await notify(instance.url, SECRET, body)).status).toBe(200);
    }
    expect(await send('contact.user.updated', { type: 'contact', id })).toBe(200);
    await settled(project);
    expect((await published(project, 'contacts', id)).at(-1)).toMatchObject({
      name: 'behind the malformed ones',
    });
    expect(instance.running.stderr()).not.toMatch(/defect|"err":/);
  });

  it('of nothing that is replicated is taken, and nothing comes of it', async () => {
    expect(await send('ping', { type: 'ping' })).toBe(200);
    expect(await send('article.created', { type: 'article', id: 'of-no-table' })).toBe(200);
    expect(await send('contact.user.updated', { type: 'contact', id: 'no-such-contact' })).toBe(200);
    await expect.poll(() => requestsFor('no-such-contact'), WAIT).toBe(1);
    expect(requestsFor('of-no-table')).toBe(0);
  });

  it.each([
    ['without a signature', 401, {}, { 'x-hub-signature': '' }],
    ['with a wrong signature', 401, {}, { 'x-hub-signature': `sha1=${'0'.repeat(40)}` }],
    ['signed with another secret', 401, { secret: 'another' }, {}],
    ['for another connection', 404, { connection: 'nobody' }, {}],
    ['that is no JSON', 400, { body: 'hello' }, {}],
    ['that is too large', 413, { body: 'x'.repeat(5 * 1024 * 1024) }, {}],
  ] as const)('%s is answered %i, and nothing comes of it', async (_, status, given, headers) => {
    const { secret = SECRET, connection = 'acme', body } = given as Record<string, string | undefined>;
    const sent = body ?? notification('contact.deleted', { type: 'contact', id: `forged-${status}` });
    expect((await notify(instance.url, secret, sent, headers, connection)).status).toBe(status);
    // Notifications are worked off in their order: what comes behind it is there, so that it would be.
    const behind = `behind-${randomUUID()}`;
    expect(await send('contact.deleted', { type: 'contact', id: behind })).toBe(200);
    await expect.poll(() => requestsFor(behind), WAIT).toBe(1);
    expect(requestsFor(`forged-${status}`)).toBe(0);
  });

  it('is in the topic within a second, and answered within 100 ms, at the 99th percentile', async () => {
    const dice = new Dice(SEED, 'times', 0);
    const times: number[] = [];
    const answers: number[] = [];
    const lag = async (round: number) => {
      const id = idOf('contacts', 20 + dice.below(30));
      const startedAt = Date.now();
      project.simulator.workspace.update('contacts', id, { name: `at ${round}` });
      const { status, ms } = await notify(
        instance.url,
        SECRET,
        notification('contact.user.updated', { type: 'contact', id }),
      );
      expect(status).toBe(200);
      answers.push(ms);
      return { id, name: `at ${round}`, startedAt };
    };
    const changes: { id: string; name: string; startedAt: number }[] = [];
    for (let round = 0; round < 150; round += 1) {
      changes.push(await lag(round));
      await delay(dice.below(40));
    }
    await settled(project);
    const versions = await project.versions('contacts');
    for (const { id, name, startedAt } of changes) {
      const version = versions.find(({ key, value }) => key === id && value?.name === name);
      // What changed again before it was fetched has no version of its own.
      if (version !== undefined) times.push(version.timestamp - startedAt);
    }
    expect(times.length).toBeGreaterThan(100);
    const at99 = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
    expect(at99(times)).toBeLessThan(1_000);
    expect(at99(answers)).toBeLessThan(100);
  });
});

describe('a notification that was answered', () => {
  it('is worked off by the next owner when the first one is killed, and by any owner when another instance took it', async () => {
    const project = await open();
    onTestFinished(() => project.close());
    const first = await start(project);
    await first.running.until('cycle finished');
    const { workspace, faults } = project.simulator;
    const [gone, changed] = [4, 5].map((index) => String([...workspace.rows('contacts')][index]?.id));
    // The first owner gets no answer to its question, and dies with it.
    faults.inject({ kind: 'hang', match: 'GET /contacts/' });
    workspace.remove('contacts', String(gone));
    const body = notification('contact.deleted', { type: 'contact', id: gone });
    expect((await notify(first.url, SECRET, body)).status).toBe(200);
    await expect.poll(() => project.simulator.requests.at(-1)?.route, WAIT).toContain('/contacts/');
    await stop(first, 'SIGKILL');
    faults.clear();
    const second = await start(project);
    onTestFinished(() => stop(second));
    await second.running.until('connection owned');
    await expect
      .poll(async () => (await published(project, 'contacts', String(gone))).at(-1), WAIT)
      .toBeNull();
    // A third instance owns nothing, and takes notifications all the same.
    const third = await start(project);
    onTestFinished(() => stop(third));
    workspace.update('contacts', String(changed), { name: 'through the other one' });
    const change = notification('contact.user.updated', { type: 'contact', id: changed });
    await expect.poll(async () => (await notify(third.url, SECRET, change)).status, WAIT).toBe(200);
    await settled(project);
  }, 120_000);

  it('waits out an API that fails for everything', async () => {
    const project = await open({ deletes: { reconcile: null }, retry: { attempts: 1 } });
    onTestFinished(() => project.close());
    const instance = await start(project);
    onTestFinished(() => stop(instance));
    await instance.running.until('cycle finished');
    const { workspace, faults } = project.simulator;
    const gone = [4, 5].map((index) => String([...workspace.rows('contacts')][index]?.id));
    faults.inject({ kind: 'status', status: 500, match: '/contacts/' });
    for (const id of gone) {
      workspace.remove('contacts', id);
      const body = notification('contact.deleted', { type: 'contact', id });
      expect((await notify(instance.url, SECRET, body)).status).toBe(200);
    }
    const asked = () =>
      project.simulator.requests.filter(({ path }) => gone.some((id) => path.includes(id))).length;
    await expect.poll(asked, { timeout: 30_000, interval: 100 }).toBeGreaterThan(3 * gone.length);
    // One warning for as long as it lasts.
    expect(instance.running.stderr().match(/processing of notifications paused: /g)).toHaveLength(1);
    faults.clear();
    for (const id of gone)
      await expect.poll(async () => (await published(project, 'contacts', id)).at(-1), WAIT).toBeNull();
  }, 60_000);

  it('makes no tombstone where they are not to be believed', async () => {
    const project = await open({ deletes: { webhooks: false, reconcile: null } });
    onTestFinished(() => project.close());
    const instance = await start(project);
    onTestFinished(() => stop(instance));
    await instance.running.until('cycle finished');
    const { workspace } = project.simulator;
    const [gone, changed] = [4, 5].map((index) => String([...workspace.rows('contacts')][index]?.id));
    workspace.remove('contacts', String(gone));
    workspace.update('contacts', String(changed), { name: 'changed' });
    for (const id of [gone, changed]) {
      const body = notification('contact.deleted', { type: 'contact', id });
      expect((await notify(instance.url, SECRET, body)).status).toBe(200);
    }
    await expect
      .poll(async () => (await published(project, 'contacts', String(changed))).at(-1), WAIT)
      .toMatchObject({ name: 'changed' });
    expect((await published(project, 'contacts', String(gone))).at(-1)).not.toBeNull();
  });
});

it('is taken, and warned of by nothing, where it concerns no table', async () => {
  const project = await open({ tables: { tags: {} }, schedule: '* * * * * *' });
  onTestFinished(() => project.close());
  const instance = await start(project);
  onTestFinished(() => stop(instance));
  await instance.running.until('cycle finished');
  const body = notification('contact.deleted', { type: 'contact', id: '1' });
  await expect.poll(async () => (await notify(instance.url, SECRET, body)).status, WAIT).toBe(200);
  const finished = () => instance.running.stderr().match(/cycle finished/g)?.length ?? 0;
  const before = finished();
  await expect.poll(finished, WAIT).toBeGreaterThan(before + 1);
  expect(instance.running.stderr()).not.toMatch(/warn|Infinity|BigInt/i);
});

it('keeps nothing from being published where the topic of notifications is missing', async () => {
  const project = await open();
  onTestFinished(() => project.close());
  // All topics but that one exist then.
  await project.cycle();
  const { accessToken } = project.simulator.options;
  await project.write({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connection: { credentials: { accessToken, clientSecret: SECRET }, tables: { contacts: {} } },
    file: { http: { port: 0 }, topics: { prefix: project.prefix, create: false } },
  });
  const instance = await start(project);
  onTestFinished(() => stop(instance));
  await instance.running.until('webhook notifications are not processed: topic');
  await instance.running.until('cycle finished');
  const body = notification('contact.deleted', { type: 'contact', id: '1' });
  expect((await notify(instance.url, SECRET, body)).status).toBe(503);
  // Once somebody has made it, they are taken.
  const kafka = createKafka({ brokers: inject('brokers'), clientId: 'test', ssl: false, sasl: null });
  await createTopics(kafka, [{ topic: `${project.prefix}.hints`, partitions: 1, config: {} }]);
  const id = String([...project.simulator.workspace.rows('contacts')][0]?.id);
  project.simulator.workspace.remove('contacts', id);
  const deletion = notification('contact.deleted', { type: 'contact', id });
  await expect.poll(async () => (await notify(instance.url, SECRET, deletion)).status, WAIT).toBe(200);
  await expect.poll(async () => (await published(project, 'contacts', id)).at(-1), WAIT).toBeNull();
});
