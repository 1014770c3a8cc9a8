/**
 * Writers on a cluster whose brokers restart, die and hang: every commit that is confirmed is in the log
 * exactly once, whole and in order, and no commit fails that could be waited out.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from '../../dev/stack.js';
import { createKafka } from '../../src/kafka/client.js';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import type { DelayReport } from '../../src/kafka/retries.js';
import { Writer } from '../../src/kafka/writer.js';
import { createTopics } from '../support/create-topics.js';
import { readRecords, testKafka } from '../support/topics.js';

const PARTITIONS = 3;
const WRITERS = 6;
const ROWS = 40;

let cluster: KafkaCluster;
beforeAll(async () => {
  cluster = await startKafkaCluster({ size: 3 });
}, 120_000);
afterAll(() => cluster?.stop());

interface Run {
  readonly topics: readonly string[];
  readonly reports: readonly DelayReport[];
  /** Commits that were confirmed. */
  readonly confirmed: number;
  readonly failures: readonly unknown[];
}

/** Lets writers commit side by side until `acts` has come to its end. */
async function write(acts: () => Promise<void>): Promise<Run> {
  const run = randomUUID().slice(0, 8);
  const topics = [`${run}.rows`, `${run}.states`];
  await createTopics(
    testKafka(cluster.brokers),
    topics.map((topic) => ({ topic, partitions: PARTITIONS })),
  );
  const kafka = createKafka({ brokers: cluster.brokers, clientId: 'test', ssl: false, sasl: null });
  const reports: DelayReport[] = [];
  const failures: unknown[] = [];
  let confirmed = 0;
  let isOver = false;
  const writers = Array.from({ length: WRITERS }, async (_, index) => {
    const writer = await Writer.open(kafka, {
      transactionalId: `${run}.${index}`,
      compression: COMPRESSION_TYPES.zstd,
      onDelay: (report) => reports.push(report),
    });
    const name = `${index}-${randomUUID().slice(0, 4)}`;
    for (let number = 0; !isOver && failures.length === 0; number += 1) {
      try {
        await writer.commit(recordsOf(topics, name, number));
        confirmed += 1;
      } catch (error) {
        failures.push(error);
      }
    }
    await writer.close();
  });
  await acts();
  isOver = true;
  await Promise.all(writers);
  return { topics, reports, confirmed, failures };
}

/** Rows of keys of their own, and the state of the writer: its number of commits. */
function recordsOf([rows = '', states = '']: readonly string[], name: string, number: number) {
  const row = (index: number) => ({
    topic: rows,
    key: Buffer.from(`${name}/${number}/${index}`),
    value: Buffer.alloc(300, index),
    headers: { number: String(number) },
  });
  const state = { topic: states, key: Buffer.from(name), value: Buffer.from(String(number)) };
  return [...Array.from({ length: ROWS }, (_, index) => row(index)), state];
}

/** Everything that is wrong with the log of a run. */
async function problemsOf({ topics, confirmed, failures }: Run): Promise<string[]> {
  const [rows = '', states = ''] = topics;
  const kafka = testKafka(cluster.brokers);
  const keys = (await readRecords(kafka, rows)).map(({ key }) => String(key));
  const commits = new Map<string, number[]>();
  for (const { key, value } of await readRecords(kafka, states))
    commits.set(String(key), [...(commits.get(String(key)) ?? []), Number(value)]);
  const count = [...commits.values()].flat().length;
  const problems = failures.map((error) => `failed: ${error}`);
  if (new Set(keys).size !== keys.length) problems.push(`${keys.length - new Set(keys).size} rows twice`);
  if (count !== confirmed) problems.push(`${count} commits in the log, ${confirmed} were confirmed`);
  if (keys.length !== count * ROWS) problems.push(`${keys.length} rows of ${count} commits`);
  for (const [name, numbers] of commits)
    if (numbers.some((number, index) => number !== index)) problems.push(`${name}: out of order: ${numbers}`);
  return problems;
}

describe('commits on three brokers', () => {
  it('are in the log once each while nothing happens', async () => {
    const run = await write(() => delay(8_000));
    expect(await problemsOf(run)).toEqual([]);
    expect(run.confirmed).toBeGreaterThan(WRITERS);
  }, 60_000);

  it('wait for brokers that restart, and for one that is killed', async () => {
    const run = await write(async () => {
      for (const server of cluster.servers) await server.restart();
      const [first] = cluster.servers;
      first?.kill();
      await delay(3_000);
      await first?.restart();
    });
    expect(await problemsOf(run)).toEqual([]);
  }, 180_000);

  it('wait for one that hangs, and where too few replicas are left, with one warning that says so', async () => {
    const run = await write(async () => {
      const [first, second, third] = cluster.servers;
      second?.pause();
      await delay(12_000);
      second?.resume();
      await delay(2_000);
      first?.kill();
      third?.kill();
      await delay(8_000);
      await Promise.all([first?.restart(), third?.restart()]);
    });
    expect(await problemsOf(run)).toEqual([]);
    expect(run.reports.filter(({ kind }) => kind === 'waiting').length).toBeGreaterThan(0);
    expect(run.reports.filter(({ kind }) => kind === 'over').length).toBe(
      run.reports.filter(({ kind }) => kind === 'waiting').length,
    );
  }, 180_000);
});
