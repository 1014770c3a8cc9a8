/** Topics, states, hints and the group, each against a real broker. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import type { Kafka } from 'kafkajs';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { KafkaAccess } from '../../src/kafka/access.js';
import { createKafka } from '../../src/kafka/client.js';
import { openCluster } from '../../src/kafka/cluster.js';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import { Group, ownerPartition } from '../../src/kafka/group.js';
import { HintWriter, type KeptHint, planHints, readHints } from '../../src/kafka/hints.js';
import { headerText, TopicReader } from '../../src/kafka/reader.js';
import { StateLedger } from '../../src/kafka/state-ledger.js';
import { readStates, stateKey, stateRecord } from '../../src/kafka/states.js';
import { planTopic, Topics } from '../../src/kafka/topics.js';
import { Writer } from '../../src/kafka/writer.js';
import type { OutgoingRecord } from '../../src/model/row.js';
import { emptyState } from '../../src/model/state.js';
import { hintsTopic } from '../../src/model/topic-names.js';

let kafka: Kafka;
const open: { close(): Promise<void> }[] = [];

beforeAll(() => {
  kafka = createKafka({ brokers: inject('brokers'), clientId: 'test', ssl: false, sasl: null });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close().catch(() => undefined)));
});

const SETTINGS = {
  prefix: 't',
  partitions: 3,
  replicationFactor: 1,
  config: { 'retention.bytes': '7' },
  create: true,
};

function topics(): Topics {
  const admin = new Topics(kafka, inject('brokers'));
  open.push(admin);
  return admin;
}

function reader(): TopicReader {
  const made = new TopicReader(kafka);
  open.push(made);
  return made;
}

async function commit(...records: readonly OutgoingRecord[]): Promise<void> {
  const writer = await Writer.open(kafka, {
    transactionalId: randomUUID(),
    compression: COMPRESSION_TYPES.none,
  });
  await writer.commit(records);
  await writer.close();
}

/** Passes connections on to the broker. */
async function front(port: number): Promise<Server> {
  const [host = '', to = ''] = inject('brokers')[0]?.split(':') ?? [];
  const server = createServer((socket) => {
    const upstream = connect(Number(to), host);
    socket.pipe(upstream).pipe(socket);
    for (const each of [socket, upstream]) each.on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('KafkaAccess', () => {
  const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;
  const settings = (...brokers: string[]) => ({ brokers, clientId: 'test', ssl: false, sasl: null }) as const;

  it('asks, describes and reads, and leaves no connection behind', async () => {
    const before = sockets();
    const access = await KafkaAccess.open(settings(...inject('brokers')));
    const plan = planTopic(`t-${randomUUID()}`, SETTINGS);
    expect([...(await access.topics.ensure([plan], true)).keys()]).toEqual([plan.topic]);
    for await (const records of access.reader.read(plan.topic, { from: 'earliest' }))
      expect(records).toEqual([]);
    expect(sockets()).toBeGreaterThan(before);
    await access.close();
    await expect.poll(sockets).toBe(before);
  });

  it('gives up within seconds where nobody listens, while a publisher at work waits', async () => {
    const server = await front(0);
    const { port } = server.address() as AddressInfo;
    server.close();
    const before = sockets();
    const patient = new Topics(createKafka(settings(`127.0.0.1:${port}`)), []);
    open.push(patient);
    const waiting = patient.connect();
    const opening = KafkaAccess.open(settings(`127.0.0.1:${port}`));
    await expect(opening).rejects.toMatchObject({ code: 'kafka-unreachable' });
    await expect(opening).rejects.toThrow(`127.0.0.1:${port}`);
    const late = await front(port);
    open.push({ close: async () => void late.close() });
    await waiting;
    await patient.close();
    await expect.poll(sockets).toBe(before);
  });
});

describe('Topics', () => {
  it('creates what is missing as planned, and describes it', async () => {
    const admin = topics();
    const plan = planTopic(`t-${randomUUID()}`, SETTINGS);
    expect(await admin.describe([plan.topic])).toEqual(new Map());
    const made = (await admin.ensure([plan], true)).get(plan.topic);
    expect(made).toMatchObject({
      topic: plan.topic,
      partitions: 3,
      cleanupPolicy: 'compact',
      maxMessageBytes: Number(plan.config['max.message.bytes']),
    });
    expect(made?.config.get('retention.bytes')).toBe('7');
    expect((await admin.ensure([plan], false)).get(plan.topic)?.partitions).toBe(3);
    expect([...(await admin.describe([plan.topic, 'never-made'])).keys()]).toEqual([plan.topic]);
  });

  it('names every topic that is missing, or that must not be published to', async () => {
    const admin = topics();
    const [one, other, deletes] = Array.from({ length: 3 }, () => planTopic(`t-${randomUUID()}`, SETTINGS));
    if (one === undefined || other === undefined || deletes === undefined) throw new Error('no plan');
    const missing = admin.ensure([one, other], false);
    await expect(missing).rejects.toMatchObject({ code: 'topic-missing' });
    await expect(missing).rejects.toThrow(one.topic);
    await expect(missing).rejects.toThrow(other.topic);
    await admin.ensure([{ ...deletes, config: { 'cleanup.policy': 'delete' } }], true);
    await expect(admin.ensure([deletes, one], false)).rejects.toMatchObject({ code: 'topic-invalid' });
    // Another number of partitions is no reason not to publish.
    await admin.ensure([one], true);
    expect((await admin.ensure([{ ...one, partitions: 9 }], true)).get(one.topic)?.partitions).toBe(3);
  });

  it('says within seconds that no broker answers, and where it asked', async () => {
    const brokers = ['127.0.0.1:1'];
    const nowhere = createKafka({ brokers, clientId: 'test', ssl: false, sasl: null }, 'prompt');
    const admin = new Topics(nowhere, brokers);
    open.push(admin);
    const probe = admin.probe();
    await expect(probe).rejects.toMatchObject({ code: 'kafka-unreachable' });
    await expect(probe).rejects.toThrow(
      /connecting failed: no connection at 127\.0\.0\.1:1 \(.+check kafka\.brokers/,
    );
    // It can be asked again.
    await expect(admin.describe(['t'])).rejects.toMatchObject({ code: 'kafka-unreachable' });
  });
});

describe('states', () => {
  const topicOf = async () => {
    const plan = planTopic(`t-${randomUUID()}`, SETTINGS);
    await topics().ensure([plan], true);
    return plan.topic;
  };

  it('are read back, the newest of each key, and without what was deleted', async () => {
    const topic = await topicOf();
    const state = { ...emptyState(), bookmark: 5 };
    await commit(
      stateRecord(topic, 'acme', 'tags', { ...state, bookmark: 4 }),
      stateRecord(topic, 'acme', 'tags', state),
      stateRecord(topic, 'acme', 'teams', state),
      { topic, key: Buffer.from(stateKey('acme', 'teams')), value: null },
      // What an older version wrote has fewer fields.
      { topic, key: Buffer.from('acme/admins'), value: Buffer.from('{"version":1,"records":3}') },
    );
    const states = await readStates(reader(), topic, { until: 'written' });
    expect(states.get('acme', 'tags')).toEqual(state);
    expect(states.get('acme', 'teams')).toBeUndefined();
    expect(states.get('acme', 'admins')).toEqual({ ...emptyState(), records: 3 });
  });

  it.each([
    ['no JSON', '{', /acme\/tags can't be read: it is not JSON; nothing is published over it/],
    ['no object', '7', /it has no version/],
    ['nothing', 'null', /it has no version/],
    ['no version', '{"bookmark":1}', /it has no version/],
    ['a newer one', '{"version":2}', /its version is 2, this program reads 1: it was written by a newer one/],
  ])('are not touched where one is %s, and the others are read', async (_, text, message) => {
    const topic = await topicOf();
    const state = { ...emptyState(), bookmark: 5 };
    await commit(
      { topic, key: Buffer.from('acme/tags'), value: Buffer.from(text) },
      stateRecord(topic, 'other', 'tags', state),
    );
    const states = await readStates(reader(), topic, { until: 'written' });
    expect(() => states.get('acme', 'tags')).toThrow(expect.objectContaining({ code: 'state-unreadable' }));
    expect(() => states.get('acme', 'tags')).toThrow(message);
    expect(states.get('other', 'tags')).toEqual(state);
  });
});

describe('the states of an instance', () => {
  const FOREVER = new AbortController().signal;

  it('are read once, and on to what was committed since, also behind a deletion', async () => {
    const plan = planTopic(`t-${randomUUID()}`, SETTINGS);
    await topics().ensure([plan], true);
    const { topic } = plan;
    const at = (bookmark: number) => ({ ...emptyState(), bookmark });
    await commit(...['a', 'b', 'c', 'd'].map((name) => stateRecord(topic, name, 'tags', at(1))));
    const records: number[] = [];
    const ledger = new StateLedger(reader(), topic, (reading) => records.push(reading.records));
    expect((await ledger.current(FOREVER)).get('a', 'tags')?.bookmark).toBe(1);
    await commit(stateRecord(topic, 'a', 'tags', at(2)), {
      topic,
      key: Buffer.from(stateKey('b', 'tags')),
      value: null,
    });
    const states = await ledger.current(FOREVER);
    expect(['a', 'b', 'c'].map((name) => states.get(name, 'tags')?.bookmark)).toEqual([2, undefined, 1]);
    await ledger.current(FOREVER);
    expect(records).toEqual([4, 2, 0]);
  });

  it('show to an owner what the one that it has fenced committed last', async () => {
    const plan = planTopic(`t-${randomUUID()}`, SETTINGS);
    await topics().ensure([plan], true);
    const { topic } = plan;
    const ledger = new StateLedger(reader(), topic);
    const transactionalId = randomUUID();
    const options = { transactionalId, compression: COMPRESSION_TYPES.none };
    let owner = await Writer.open(kafka, options);
    for (let bookmark = 1; bookmark <= 10; bookmark += 1) {
      await owner.commit([stateRecord(topic, 'acme', 'tags', { ...emptyState(), bookmark })]);
      const next = await Writer.open(kafka, options);
      expect((await ledger.current(FOREVER)).get('acme', 'tags')?.bookmark).toBe(bookmark);
      await owner.close();
      owner = next;
    }
    await owner.close();
  });

  it('are read anew where the topic was deleted and made again', async () => {
    const plan = planTopic(`t-${randomUUID()}`, { ...SETTINGS, partitions: 1 });
    const admin = topics();
    await admin.ensure([plan], true);
    const { topic } = plan;
    const ledger = new StateLedger(reader(), topic);
    const state = (bookmark: number) => stateRecord(topic, 'acme', 'tags', { ...emptyState(), bookmark });
    await commit(state(1), state(2), state(3));
    await ledger.current(FOREVER);
    const client = kafka.admin();
    await client.connect();
    await client.deleteTopics({ topics: [topic] });
    await client.disconnect();
    await expect.poll(async () => (await admin.describe([topic])).size, { timeout: 20_000 }).toBe(0);
    await admin.ensure([plan], true);
    await commit(state(7));
    expect((await ledger.current(FOREVER)).get('acme', 'tags')?.bookmark).toBe(7);
  });
});

it('a client without topics asks for the brokers alone, and not for every topic of the cluster', async () => {
  const plan = planTopic(`t-${randomUUID()}`, SETTINGS);
  await topics().ensure([plan], true);
  const cluster = openCluster(kafka) as ReturnType<typeof openCluster> & {
    readonly brokerPool: { readonly metadata: { brokers: unknown[]; topicMetadata: unknown[] } };
  };
  try {
    await cluster.connect();
    await cluster.refreshMetadata();
    expect(cluster.brokerPool.metadata.brokers).toHaveLength(1);
    expect(cluster.brokerPool.metadata.topicMetadata).toEqual([]);
    await cluster.addMultipleTargetTopics([plan.topic]);
    expect(cluster.findTopicPartitionMetadata(plan.topic)).toHaveLength(SETTINGS.partitions);
  } finally {
    await cluster.disconnect();
  }
});

describe('hints', () => {
  async function read(topic: string, from = 0): Promise<KeptHint[]> {
    const hints: KeptHint[] = [];
    const options = { from, follow: false, signal: new AbortController().signal };
    for await (const batch of readHints(reader(), topic, options)) hints.push(...batch);
    return hints;
  }

  it('are kept for an hour with the broker’s times, and read back in their order', async () => {
    const prefix = `t-${randomUUID()}`;
    const plan = planHints({ ...SETTINGS, prefix, partitions: 1 });
    expect(plan).toMatchObject({
      topic: `${prefix}.hints`,
      partitions: 1,
      replicationFactor: 1,
      config: {
        'cleanup.policy': 'delete',
        'retention.ms': '3600000',
        'message.timestamp.type': 'LogAppendTime',
      },
    });
    await topics().ensure([plan], true);
    const topic = hintsTopic(prefix);
    const writer = new HintWriter(kafka, topic);
    open.push(writer);
    const before = Date.now();
    const hint = { contact: ['a', 'b'], conversation: [], company: ['c'], ticket: [] };
    await writer.put('acme', hint);
    await writer.put('other', { contact: [], conversation: ['d'], company: [], ticket: [] });
    const kept = await read(topic);
    expect(kept).toEqual([
      { connection: 'acme', hint, at: expect.any(Number) },
      {
        connection: 'other',
        hint: { contact: [], conversation: ['d'], company: [], ticket: [] },
        at: expect.any(Number),
      },
    ]);
    for (const { at } of kept) expect(at).toBeGreaterThanOrEqual(before);
    expect(await read(topic, Date.now() + 60_000)).toEqual([]);
  });

  it('leave out what no version of this program wrote', async () => {
    const prefix = `t-${randomUUID()}`;
    await topics().ensure([planHints({ ...SETTINGS, prefix, partitions: 1 })], true);
    const topic = hintsTopic(prefix);
    const value = (text: string) => ({ topic, key: Buffer.from('acme'), value: Buffer.from(text) });
    await commit(
      value('not JSON'),
      value('null'),
      value('{"contact":"a"}'),
      value('{"contact":["a",7,null],"other":["x"]}'),
      { topic, key: Buffer.from('acme'), value: null },
    );
    const none = { conversation: [], company: [], ticket: [] };
    expect((await read(topic)).map(({ hint }) => hint)).toEqual([
      { contact: [], ...none },
      { contact: ['a'], ...none },
    ]);
  });

  it('are refused within seconds where they can’t be kept', async () => {
    const writer = new HintWriter(kafka, `never-made-${randomUUID()}`);
    open.push(writer);
    await expect(
      writer.put('acme', { contact: [], conversation: [], company: [], ticket: [] }),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^kafka-/),
    });
  });
});

describe('Group', () => {
  it('deals the partitions out, and again when a member leaves', async () => {
    const group = `g-${randomUUID()}`;
    const plan = planTopic(`t-${randomUUID()}`, { ...SETTINGS, partitions: 4 });
    const admin = topics();
    await admin.ensure([plan], true);
    expect(await admin.groupMembers(group)).toEqual([]);
    const owned = new Map<string, ReadonlySet<number>>();
    const join = (name: string) =>
      Group.join(kafka, {
        group,
        served: () => ({ prefix: 't', stateTopic: plan.topic, partitions: 4, connections: [] }),
        onCompared: () => undefined,
        onAssigned: (partitions) => void owned.set(name, partitions),
        onLost: (error) => {
          throw error;
        },
      });
    const ownedBy = (name: string) => [...(owned.get(name) ?? [])].sort();
    const first = await join('first');
    await expect.poll(() => ownedBy('first'), { timeout: 20_000 }).toEqual([0, 1, 2, 3]);
    const second = await join('second');
    await expect.poll(() => ownedBy('first').length, { timeout: 20_000 }).toBe(2);
    await expect
      .poll(() => [...ownedBy('first'), ...ownedBy('second')].sort(), { timeout: 20_000 })
      .toEqual([0, 1, 2, 3]);
    expect(await admin.groupMembers(group)).toHaveLength(2);
    await second.leave();
    await expect.poll(() => ownedBy('first'), { timeout: 20_000 }).toEqual([0, 1, 2, 3]);
    await first.leave();
    await expect.poll(() => admin.groupMembers(group), { timeout: 20_000 }).toEqual([]);
  }, 90_000);

  it('gives nothing to a member with another prefix or state topic, until those before it have left', async () => {
    const group = `g-${randomUUID()}`;
    const plan = planTopic(`t-${randomUUID()}`, { ...SETTINGS, partitions: 4 });
    const otherPlan = planTopic(`u-${randomUUID()}`, { ...SETTINGS, partitions: 2 });
    await topics().ensure([plan, otherPlan], true);
    const owned = new Map<string, number[]>();
    const said = new Map<string, string | null>();
    const admitted = new Map<string, boolean>();
    const join = (name: string, prefix: string, stateTopic: string, partitions: number) =>
      Group.join(kafka, {
        group,
        served: () => ({ prefix, stateTopic, partitions, connections: ['acme'] }),
        onCompared: ({ isAdmitted, message }) => {
          admitted.set(name, isAdmitted);
          said.set(name, message);
        },
        onAssigned: (own) => void owned.set(name, [...own].sort()),
        onLost: (error) => {
          throw error;
        },
      });
    const first = await join('first', 'p', plan.topic, 4);
    await expect.poll(() => owned.get('first'), { timeout: 20_000 }).toEqual([0, 1, 2, 3]);
    expect(said.get('first')).toBeNull();
    const second = await join('second', 'q', plan.topic, 4);
    const third = await join('third', 'p', otherPlan.topic, 2);
    await expect
      .poll(() => admitted, { timeout: 30_000 })
      .toEqual(
        new Map([
          ['first', true],
          ['second', false],
          ['third', false],
        ]),
      );
    expect(said.get('first')).toMatch(
      /here (topics.prefix=p, there topics.prefix=q|state.topic=t-\S+, there state.topic=u-\S+);/,
    );
    expect(said.get('second')).toContain('here topics.prefix=q, there topics.prefix=p;');
    expect(said.get('third')).toContain(
      `here state.topic=${otherPlan.topic}, there state.topic=${plan.topic};`,
    );
    await expect.poll(() => owned.get('second'), { timeout: 20_000 }).toEqual([]);
    expect(owned.get('first')).toEqual([0, 1, 2, 3]);
    expect(owned.get('third')).toEqual([]);
    await first.leave();
    await expect.poll(() => owned.get('second'), { timeout: 30_000 }).toEqual([0, 1, 2, 3]);
    await second.leave();
    await expect.poll(() => owned.get('third'), { timeout: 30_000 }).toEqual([0, 1]);
    expect(said.get('third')).toBeNull();
    await third.leave();
  }, 150_000);

  it('spreads connections in the order of their names', () => {
    const names = ['c', 'a', 'b', 'd'];
    expect(names.map((name) => ownerPartition(names, name, 3))).toEqual([2, 0, 1, 0]);
  });
});

describe('headerText', () => {
  it('is the first text of a header, or null', () => {
    const record = (headers: object) => ({ headers }) as unknown as Parameters<typeof headerText>[0];
    expect(headerText(record({ op: Buffer.from('é') }), 'op')).toBe('é');
    expect(headerText(record({ op: [Buffer.from('a'), Buffer.from('b')] }), 'op')).toBe('a');
    expect(headerText(record({}), 'op')).toBeNull();
  });
});
