/**
 * What a writer makes of requests and replies that are lost, and of errors that brokers answer: a commit that
 * is confirmed is in the log exactly once, and one that fails is not in it.
 */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports.js';
import { type KafkaServer, startKafka } from '../../dev/stack.js';
import { createKafka } from '../../src/kafka/client.js';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import { Writer } from '../../src/kafka/writer.js';
import { Dice } from '../../src/simulator/random.js';
import { createTopics } from '../support/create-topics.js';
import { API, type ReplyFault, type ReplyFaults, startReplyFaults } from '../support/reply-faults.js';
import { readRecords, testKafka } from '../support/topics.js';

const SEED = Number(process.env.REPLIES_SEED ?? 20_261_126);
const PARTITIONS = 3;

const CODE = {
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  notLeader: 6,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  requestTimedOut: 7,
  messageTooLarge: 10,
  outOfOrder: 45,
  fenced: 47,
  concurrentTransactions: 51,
  unknownProducer: 59,
  storageError: 56,
};

let kafka: KafkaServer;
let proxy: ReplyFaults;
let brokers: string[];

beforeAll(async () => {
  const port = await freePort();
  kafka = await startKafka({ config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}` } });
  proxy = await startReplyFaults(port, kafka.port);
  brokers = [`127.0.0.1:${port}`];
});
afterAll(async () => {
  await proxy?.close();
  await kafka?.stop();
});

async function newTopic(): Promise<string> {
  const topic = `replies-${randomUUID().slice(0, 8)}`;
  await createTopics(testKafka(kafka.brokers), [{ topic, partitions: PARTITIONS }]);
  return topic;
}

function client() {
  return createKafka({ brokers, clientId: 'test', ssl: false, sasl: null });
}

async function openWriter(transactionalId: string): Promise<Writer> {
  const writer = await Writer.open(client(), { transactionalId, compression: COMPRESSION_TYPES.none });
  onTestFinished(() => writer.close());
  return writer;
}

function rows(topic: string, commit: number) {
  return Array.from({ length: 9 }, (_, index) => ({
    topic,
    key: Buffer.from(`${commit}/${index}`),
    value: Buffer.from('row'),
  }));
}

async function keysIn(topic: string): Promise<string[]> {
  return (await readRecords(testKafka(kafka.brokers), topic)).map(({ key }) => String(key)).sort();
}

const keysOf = (commits: readonly number[]) =>
  commits.flatMap((commit) => rows('', commit).map(({ key }) => String(key))).sort();

describe('a commit is confirmed, and in the log once', () => {
  it.each<[string, keyof typeof API, (ReplyFault | null)[]]>([
    ['its batches are lost', 'produce', ['lose-request']],
    ['its batches are appended, and the reply is lost, twice', 'produce', ['lose-reply', 'lose-reply']],
    ['the leader has moved', 'produce', [CODE.notLeader, CODE.notLeader]],
    ['replicas are missing', 'produce', [CODE.notEnoughReplicas]],
    ['replicas go missing behind the append', 'produce', [CODE.notEnoughReplicasAfterAppend]],
    ['replicas are slow', 'produce', [CODE.requestTimedOut]],
    ['a disk fails', 'produce', [CODE.storageError]],
    ['the broker finds a gap in its numbers', 'produce', [CODE.outOfOrder]],
    ['the broker has forgotten the producer', 'produce', [CODE.unknownProducer]],
    ['the broker refuses it twice', 'produce', [CODE.outOfOrder, CODE.outOfOrder]],
    ['the transaction before is not over yet', 'addPartitions', [CODE.concurrentTransactions]],
    ['the coordinator moves before it', 'addPartitions', [CODE.notCoordinator, CODE.coordinatorLoading]],
    ['the reply to its first request is lost', 'addPartitions', ['lose-reply']],
    ['the request that ends it is lost', 'endTxn', ['lose-request']],
    ['the reply that confirms it is lost', 'endTxn', ['lose-reply', 'lose-reply']],
    ['the coordinator moves while it ends', 'endTxn', [CODE.notCoordinator]],
    [
      'the coordinator is loading while it ends',
      'endTxn',
      [CODE.coordinatorLoading, CODE.coordinatorNotAvailable],
    ],
    ['the coordinator is not known', 'findCoordinator', ['lose-reply', 'lose-request']],
  ])('where %s', async (_, api, faults) => {
    const topic = await newTopic();
    const writer = await openWriter(topic);
    await writer.commit(rows(topic, 0));
    if (api === 'findCoordinator') proxy.plan(API.endTxn, [CODE.notCoordinator]);
    proxy.plan(API[api], faults);
    await writer.commit(rows(topic, 1));
    expect(proxy.pending()).toBe(0);
    await writer.commit(rows(topic, 2));
    expect(await keysIn(topic)).toEqual(keysOf([0, 1, 2]));
  });

  it('where the reply is lost that gives the writer its ID', async () => {
    const topic = await newTopic();
    proxy.plan(API.initProducerId, ['lose-reply', CODE.coordinatorLoading]);
    const writer = await openWriter(topic);
    expect(proxy.pending()).toBe(0);
    await writer.commit(rows(topic, 1));
    expect(await keysIn(topic)).toEqual(keysOf([1]));
  });

  it(`where all of that happens in any order (seed ${SEED})`, async () => {
    const dice = new Dice(SEED, 'replies', 0);
    const topic = await newTopic();
    const writer = await openWriter(topic);
    const lost: (ReplyFault | null)[] = ['lose-request', 'lose-reply', null, null];
    const ofCoordinator = [
      ...lost,
      CODE.notCoordinator,
      CODE.coordinatorLoading,
      CODE.coordinatorNotAvailable,
    ];
    const ofLeader = [
      ...lost,
      CODE.notLeader,
      CODE.notEnoughReplicasAfterAppend,
      CODE.requestTimedOut,
      CODE.outOfOrder,
    ];
    const some = (from: typeof lost) => Array.from({ length: dice.below(3) }, () => dice.pick(from));
    const commits = Array.from({ length: 60 }, (_, commit) => commit);
    for (const commit of commits) {
      proxy.plan(API.addPartitions, some(ofCoordinator));
      proxy.plan(API.endTxn, some(ofCoordinator));
      proxy.plan(API.produce, some(ofLeader));
      await writer.commit(rows(topic, commit));
    }
    for (const api of Object.values(API)) proxy.plan(api, []);
    expect(await keysIn(topic)).toEqual(keysOf(commits));
  }, 120_000);
});

describe('a commit fails, and is not in the log', () => {
  it('where the broker refuses a batch for good', async () => {
    const topic = await newTopic();
    const writer = await openWriter(topic);
    proxy.plan(API.produce, [CODE.messageTooLarge]);
    await expect(writer.commit(rows(topic, 1))).rejects.toMatchObject({ code: 'kafka-error' });
    await expect(writer.commit(rows(topic, 2))).rejects.toMatchObject({ code: 'kafka-error' });
    const next = await openWriter(topic);
    await next.commit(rows(topic, 3));
    expect(await keysIn(topic)).toEqual(keysOf([3]));
  });

  it('where it has to be tried again, and another writer has the ID meanwhile', async () => {
    const topic = await newTopic();
    const writer = await openWriter(topic);
    await writer.commit(rows(topic, 0));
    const next = await openWriter(topic);
    proxy.plan(API.addPartitions, [CODE.notCoordinator]);
    await expect(writer.commit(rows(topic, 1))).rejects.toMatchObject({ code: 'fenced' });
    await next.commit(rows(topic, 2));
    expect(await keysIn(topic)).toEqual(keysOf([0, 2]));
  });

  it('where another writer takes the ID while a refused batch is about to be tried again', async () => {
    const topic = await newTopic();
    const writer = await openWriter(topic);
    proxy.plan(API.produce, ['lose-request', CODE.outOfOrder]);
    const failing = expect(writer.commit(rows(topic, 1))).rejects.toMatchObject({ code: 'fenced' });
    const next = await openWriter(topic);
    await failing;
    await next.commit(rows(topic, 2));
    expect(await keysIn(topic)).toEqual(keysOf([2]));
  });
});
