/**
 * What the other tests take for granted of the local stack: real transactions, and nothing forgotten in a
 * crash.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { type Consumer, Kafka, type KafkaMessage, logLevel, type Producer } from 'kafkajs';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startKafka, startKafkaCluster, startRegistry } from '../../dev/stack.js';
import { createTopics } from '../support/create-topics.js';

const RECORD = { type: 'record', name: 'Tag', fields: [{ name: 'id', type: 'string' }] };

function client(brokers: string[]): Kafka {
  return new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20, retries: 15 } });
}

async function transactionalProducer(kafka: Kafka, transactionalId: string): Promise<Producer> {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer;
}

/** Sends each value in a transaction of its own that is then committed or aborted. */
async function send(
  producer: Producer,
  topic: string,
  value: string,
  end: 'commit' | 'abort',
): Promise<void> {
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: [{ key: 'k', value }] });
  await transaction[end]();
}

/** The first messages of a topic that a `read_committed` consumer sees; the test's timeout ends the wait. */
async function readCommitted(kafka: Kafka, topic: string, count: number): Promise<KafkaMessage[]> {
  const consumer = kafka.consumer({ groupId: `${topic}-reader`, readUncommitted: false });
  onTestFinished(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  return collect(consumer, count);
}

async function collect(consumer: Consumer, count: number): Promise<KafkaMessage[]> {
  const messages: KafkaMessage[] = [];
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: KafkaMessage }): Promise<void> => {
      messages.push(message);
      if (messages.length === count) resolve();
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    consumer.run({ eachMessage }).catch(reject);
  });
  return messages;
}

/** A program that starts a registry, tells where, and waits for its end. */
const PARENT = `
  import { startRegistry } from './dev/stack.ts';
  const { pid, dir } = await startRegistry();
  process.stdout.write(JSON.stringify({ pid, dir }) + '\\n');
  setInterval(() => undefined, 60_000);
`;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function values(messages: readonly KafkaMessage[]): (string | undefined)[] {
  return messages.map((message) => message.value?.toString());
}

test('a read_committed consumer sees what was committed and nothing that was aborted', async () => {
  const kafka = client(inject('brokers'));
  const topic = 'stack-transactions';
  await createTopics(kafka, [{ topic }]);
  const producer = await transactionalProducer(kafka, topic);

  await send(producer, topic, 'first', 'commit');
  await send(producer, topic, 'dropped', 'abort');
  await send(producer, topic, 'second', 'commit');

  expect(values(await readCommitted(kafka, topic, 2))).toEqual(['first', 'second']);
});

test('topics and their data survive a crash and an orderly restart of the broker', async () => {
  const server = await startKafka();
  onTestFinished(() => server.stop());
  const kafka = client(server.brokers);
  const topic = 'stack-restarts';
  await createTopics(kafka, [{ topic }]);
  const producer = await transactionalProducer(kafka, topic);

  await send(producer, topic, 'before the crash', 'commit');
  server.kill();
  await server.restart();
  await send(producer, topic, 'after the crash', 'commit');
  await server.restart();

  expect(values(await readCommitted(kafka, topic, 2))).toEqual(['before the crash', 'after the crash']);
});

test('a cluster of three keeps three replicas, and loses and regains a broker that is killed or stopped', async () => {
  const cluster = await startKafkaCluster({ size: 3 });
  onTestFinished(() => cluster.stop());
  const [first = '', second = '', third = ''] = cluster.brokers;
  const kafka = client(cluster.brokers);
  const topic = 'stack-cluster';
  await createTopics(kafka, [{ topic }]);
  await send(await transactionalProducer(kafka, topic), topic, 'value', 'commit');
  const admin = client([third]).admin();
  onTestFinished(() => admin.disconnect());
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic, '__transaction_state'] });
  const replicas = topics.flatMap(({ partitions }) => partitions.map((each) => each.replicas.length));
  expect(new Set(replicas)).toEqual(new Set([3]));

  const alive = async () =>
    (await admin.describeCluster()).brokers.map(({ host, port }) => `${host}:${port}`);
  const soon = { timeout: 15_000 };
  cluster.servers[0]?.kill();
  await expect.poll(alive, soon).toEqual([second, third]);
  await cluster.servers[0]?.restart();
  await cluster.servers[1]?.halt();
  await expect.poll(alive, soon).toEqual([first, third]);
  await cluster.servers[1]?.restart();
  await expect.poll(alive, soon).toEqual([first, second, third]);
});

test('a schema that was registered just before a crash of the registry keeps its id', async () => {
  const server = await startRegistry();
  onTestFinished(() => server.stop());
  const registered = await new SchemaRegistry({ host: server.url }).register(
    { type: SchemaType.AVRO, schema: JSON.stringify(RECORD) },
    { subject: 'stack-value' },
  );
  server.kill();
  await server.restart();

  const afterwards = new SchemaRegistry({ host: server.url });
  expect(await afterwards.getLatestSchemaId('stack-value')).toBe(registered.id);
  const bytes = await afterwards.encode(registered.id, { id: '1' });
  expect(await afterwards.decode(bytes)).toMatchObject({ id: '1' });
});

test('the registry that all tests share answers', async () => {
  const response = await fetch(`${inject('registryUrl')}/subjects`);
  expect(response.status).toBe(200);
});

test('a server that ends before it is ready is an error with the end of its log', async () => {
  const config = { 'authorizer.class.name': 'no.such.Authorizer' };
  await expect(startKafka({ config })).rejects.toThrow(/Kafka ended with 1.*no\.such\.Authorizer/s);
});

test('a server and its temporary directory go with the process that started it, even when that is killed', async () => {
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', PARENT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = await once(createInterface(parent.stdout), 'line');
  const { pid, dir } = JSON.parse(line) as { pid: number; dir: string };
  expect(isAlive(pid)).toBe(true);

  parent.kill('SIGKILL');

  await expect.poll(() => isAlive(pid) || existsSync(dir), { timeout: 10_000 }).toBe(false);
});

test('a port that is taken is an error before anything is started', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startRegistry({ port })).rejects.toThrow(`port ${port} is taken`);
});
