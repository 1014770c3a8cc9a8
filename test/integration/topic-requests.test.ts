/** What brokers answer about topics: with their IDs, and where they know no such version, without. */

import { randomUUID } from 'node:crypto';
import { afterAll, expect, inject, it } from 'vitest';
import { createKafka } from '../../src/kafka/client.js';
import { openCluster } from '../../src/kafka/cluster.js';
import { createTopics as create, describeTopics, UNKNOWN_TOPIC } from '../../src/kafka/topic-requests.js';
import { createTopics } from '../support/create-topics.js';

const METADATA = 3;
const CREATE_TOPICS = 19;

const kafka = createKafka({ brokers: inject('brokers'), clientId: 'test', ssl: false, sasl: null });
const cluster = openCluster(kafka);
afterAll(() => cluster.disconnect());

/** Makes the broker one that has nothing newer than this. */
async function pretend(apiKey: number, maxVersion: number): Promise<void> {
  await cluster.connect();
  await cluster.refreshMetadata();
  const { versions } = await cluster.findControllerBroker();
  Object.assign(versions ?? {}, { [apiKey]: { maxVersion } });
}

it('describes topics that exist and those that do not, in each version that is read', async () => {
  const topic = `t-${randomUUID()}`;
  const missing = `t-${randomUUID()}`;
  await createTopics(kafka, [{ topic, partitions: 3 }]);
  const ids = new Set<string | null>();
  for (const version of [12, 11, 10, 9]) {
    await pretend(METADATA, version);
    const described = await describeTopics(cluster, [topic, missing]);
    const of = new Map(described.map((each) => [each.topic, each]));
    expect(of.get(missing)).toMatchObject({ errorCode: UNKNOWN_TOPIC, partitions: [] });
    const there = of.get(topic);
    expect(there?.partitions.map(({ partition, leader }) => [partition, leader])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    ids.add(there?.id ?? null);
  }
  expect([...ids]).toEqual([expect.stringMatching(/^[\w-]{22}$/), null]);
});

it('creates topics, or asks whether they could be, in each version that is written', async () => {
  for (const version of [7, 6, 5]) {
    await pretend(CREATE_TOPICS, version);
    const topic = { topic: `t-${randomUUID()}`, partitions: 1, replicationFactor: -1, config: {} };
    expect(await create(cluster, [topic], true)).toEqual([]);
    expect((await describeTopics(cluster, [topic.topic]))[0]?.errorCode).toBe(UNKNOWN_TOPIC);
    const bad = { ...topic, topic: `${topic.topic}-bad`, config: { 'no.such.setting': '1' } };
    expect(await create(cluster, [topic, bad], false)).toEqual([
      expect.objectContaining({
        topic: bad.topic,
        type: 'INVALID_CONFIG',
        reason: expect.stringContaining('no.such.setting'),
      }),
    ]);
    expect(await create(cluster, [topic], false)).toEqual([]);
  }
  await pretend(CREATE_TOPICS, 4);
  expect(await create(cluster, [], false)).toBeNull();
});
