/**
 * Readings of a cluster whose brokers are restarted, killed and stopped: every record that was committed
 * before, once, in order.
 */

import { randomUUID } from 'node:crypto';
import type { Kafka, Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../dev/server.js';
import { type KafkaCluster, startKafkaCluster } from '../../dev/stack.js';
import { createKafka } from '../../src/kafka/client.js';
import { TopicReader, type TopicRecord } from '../../src/kafka/reader.js';
import { Topics } from '../../src/kafka/topics.js';
import { Events } from '../../src/model/events.js';
import { createTopics } from '../support/create-topics.js';

const PARTITIONS = 6;
/** Records that stand in the topic before the first act. */
const RECORDS = Number(process.env.MOVING_RECORDS ?? 40_000);
const BATCH = 5_000;

let cluster: KafkaCluster;
let kafka: Kafka;

beforeAll(async () => {
  cluster = await startKafkaCluster({ size: 3 });
  kafka = createKafka({ brokers: cluster.brokers, clientId: 'test', ssl: false, sasl: null });
}, 300_000);
afterAll(() => cluster?.stop());

/** Appends numbered records to each partition, and knows how many of each are committed for certain. */
class Appender {
  readonly #topic: string;
  readonly #producers: Producer[] = [];
  /** By partition: the number behind the last committed record. */
  readonly committed = new Array<number>(PARTITIONS).fill(0);
  #isStopped = false;
  #done: Promise<unknown> = Promise.resolve();

  constructor(topic: string) {
    this.#topic = topic;
  }

  async fill(count: number): Promise<void> {
    const perPartition = Math.ceil(count / PARTITIONS);
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      for (let sent = 0; sent < perPartition; sent += BATCH)
        await this.#append(partition, Math.min(BATCH, perPartition - sent));
  }

  /** Appends a few records to each partition at a time, until it is stopped. */
  start(): void {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    this.#done = Promise.all(
      partitions.map(async (partition) => {
        while (!this.#isStopped) await this.#append(partition, 20);
      }),
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
    await Promise.all(this.#producers.map((producer) => producer?.disconnect()));
  }

  /**
   * One transaction to one partition. Where its outcome is unknown, the next producer of the same ID ends it,
   * and the topic says what became of it.
   */
  async #append(partition: number, count: number): Promise<void> {
    const first = this.committed[partition] ?? 0;
    const messages = Array.from({ length: count }, (_, index) => ({
      partition,
      value: String(first + index),
    }));
    try {
      const producer = this.#producers[partition] ?? (await this.#open(partition));
      this.#producers[partition] = producer;
      const transaction = await producer.transaction();
      await transaction.send({ topic: this.#topic, messages });
      await transaction.commit();
      this.committed[partition] = first + count;
    } catch {
      await this.#producers[partition]?.disconnect().catch(() => undefined);
      delete this.#producers[partition];
      await this.#settle(partition, first, count);
    }
  }

  /** Opens the ID anew, which ends what is open, and reads whether the transaction counts. */
  async #settle(partition: number, first: number, count: number): Promise<void> {
    for (;;) {
      const reader = new TopicReader(kafka);
      try {
        this.#producers[partition] = await this.#open(partition);
        let behind = first;
        for await (const records of reader.read(this.#topic, { from: 'earliest' }))
          for (const record of records)
            if (record.partition === partition) behind = Math.max(behind, numberOf(record) + 1);
        expect([first, first + count]).toContain(behind);
        this.committed[partition] = behind;
        return;
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      } finally {
        await reader.close();
      }
    }
  }

  async #open(partition: number): Promise<Producer> {
    const producer = kafka.producer({
      transactionalId: `${this.#topic}-${partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 10_000,
    });
    await producer.connect();
    return producer;
  }
}

function numberOf({ value }: TopicRecord): number {
  return Number(value?.toString());
}

/** Checks records as they come: each partition's numbers rise by one, from 0. */
class Sequence {
  readonly next = new Array<number>(PARTITIONS).fill(0);

  add(records: readonly TopicRecord[]): void {
    for (const record of records) {
      const { partition, offset } = record;
      const expected = this.next[partition] ?? 0;
      if (numberOf(record) !== expected)
        throw new Error(
          `partition ${partition}, offset ${offset}: number ${numberOf(record)} in place of ${expected}`,
        );
      this.next[partition] = expected + 1;
    }
  }
}

/**
 * A broker that comes back on a busy machine may take longer than its limit, and is started once more then.
 */
async function restart(server: LocalServer): Promise<void> {
  await server.restart().catch(() => server.restart());
}

async function partitionedTopic(partitions: number): Promise<string> {
  const topic = `t-${randomUUID()}`;
  await createTopics(kafka, [{ topic, partitions }]);
  return topic;
}

describe('a reading while brokers come and go', () => {
  it('returns every record that was committed before it began, once and in order; one that follows misses and repeats nothing', {
    timeout: 600_000,
  }, async () => {
    const topic = await partitionedTopic(PARTITIONS);
    const appender = new Appender(topic);
    await appender.fill(RECORDS);
    appender.start();

    const stop = new AbortController();
    const followed = new Sequence();
    const follower = new TopicReader(kafka);
    const following = (async () => {
      try {
        for await (const records of follower.read(topic, {
          from: 'earliest',
          until: 'never',
          signal: stop.signal,
        }))
          followed.add(records);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    })();

    let isStormy = true;
    let readings = 0;
    const events = new Events();
    const reader = new TopicReader(kafka, events);
    const reading = (async () => {
      while (isStormy) {
        const before = [...appender.committed];
        const sequence = new Sequence();
        for await (const records of reader.read(topic, { from: 'earliest' })) sequence.add(records);
        for (const [partition, count] of before.entries())
          expect(sequence.next[partition], `partition ${partition}`).toBeGreaterThanOrEqual(count);
        readings += 1;
      }
    })();

    const storm = async () => {
      const settle = () => new Promise((resolve) => setTimeout(resolve, 1_500));
      for (const server of cluster.servers) {
        await restart(server);
        await settle();
      }
      for (const server of cluster.servers) {
        server.kill();
        await settle();
        await restart(server);
        await settle();
      }
      const [, second] = cluster.servers;
      second?.pause();
      // Longer than the controller waits before others lead its partitions.
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      second?.resume();
      await settle();
    };
    try {
      await Promise.race([storm(), reading, following]);
    } finally {
      isStormy = false;
      await appender.stop();
    }
    await reading;
    await expect.poll(() => followed.next, { timeout: 30_000 }).toEqual(appender.committed);
    stop.abort();
    await following;
    await Promise.all([reader.close(), follower.close()]);
    expect(readings).toBeGreaterThan(3);
  });

  it('reads what other brokers lead while one hangs, and the rest from the next leader', {
    timeout: 120_000,
  }, async () => {
    const topic = await partitionedTopic(PARTITIONS);
    const appender = new Appender(topic);
    await appender.fill(600);
    await appender.stop();
    const reader = new TopicReader(kafka);
    const read = async () => {
      const sequence = new Sequence();
      for await (const records of reader.read(topic, { from: 'earliest' })) sequence.add(records);
      return sequence.next;
    };
    expect(await read()).toEqual(appender.committed);
    const [first] = cluster.servers;
    first?.pause();
    try {
      const startedAt = performance.now();
      expect(await read()).toEqual(appender.committed);
      expect(performance.now() - startedAt).toBeLessThan(30_000);
    } finally {
      first?.resume();
    }
    await reader.close();
  });

  it('is told of what can’t be read for long, and reads it once it can', { timeout: 120_000 }, async () => {
    const topic = `t-${randomUUID()}`;
    const admin = kafka.admin();
    await admin.connect();
    // The broker that was paused has to register again before it can be given a replica.
    const registered = async () => (await admin.describeCluster()).brokers.length;
    await expect.poll(registered, { timeout: 30_000, interval: 100 }).toBe(3);
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        { topic, replicaAssignment: [1, 2, 3].map((node, partition) => ({ partition, replicas: [node] })) },
      ],
    });
    await admin.disconnect();
    const topics = new Topics(kafka, cluster.brokers);
    await topics.appeared([topic]);
    await topics.close();
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic,
      messages: [0, 1, 2].map((partition) => ({ partition, value: `${partition}` })),
    });
    await producer.disconnect();

    const events = new Events();
    const waits: string[] = [];
    events.on('reading:waiting', ({ message }) => waits.push(message));
    events.on('reading:resumed', ({ message }) => waits.push(message ?? ''));
    const reader = new TopicReader(kafka, events);
    const [, , third] = cluster.servers;
    await third?.halt();
    const values: string[] = [];
    const reading = (async () => {
      for await (const records of reader.read(topic, { from: 'earliest' }))
        values.push(...records.map(({ value }) => String(value)));
    })();
    await expect.poll(() => waits, { timeout: 30_000 }).toHaveLength(1);
    expect(waits[0]).toMatch(new RegExp(`^topic ${topic} can't be read for 1\\d s: .*; retrying$`));
    if (third !== undefined) await restart(third);
    await reading;
    expect(values.sort()).toEqual(['0', '1', '2']);
    expect(waits).toHaveLength(2);
    expect(waits[1]).toMatch(new RegExp(`^topic ${topic} is read again`));
    await reader.close();
  });
});
