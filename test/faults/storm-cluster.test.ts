/** The short form of `npm run storm`. */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from '../../dev/stack.js';
import { keepLogs, storm } from '../support/storm.js';

const SEED = Number(process.env.STORM_SEED ?? 8_128);
const ACTS = 8;
const CURRENT_WITHIN_MS = 30_000;

let cluster: KafkaCluster;

beforeAll(async () => {
  cluster = await startKafkaCluster({ size: 3 });
}, 120_000);
afterAll(() => cluster?.stop());

it(`loses, doubles and ages nothing while brokers and publishers go and come (seed ${SEED})`, async () => {
  const acts: string[] = [];
  const { problems, currentAfterMs, notified, logs } = await storm({
    seed: SEED,
    acts: ACTS,
    cluster,
    registryUrl: inject('registryUrl'),
    connections: 3,
    patience: { killed: 2_500, twoKilled: 4_000, paused: 6_000 },
    log: (line) => acts.push(`${new Date().toISOString()} ${line}`),
  });
  const lines = problems.map(({ connection, table, text }) => `${connection} ${table} ${text}`);
  if (problems.length > 0 || currentAfterMs === null || currentAfterMs >= CURRENT_WITHIN_MS)
    acts.push(`logs of the publishers: ${await keepLogs(logs)}`);
  expect(lines, acts.join('\n')).toEqual([]);
  expect(currentAfterMs ?? Number.POSITIVE_INFINITY, acts.join('\n')).toBeLessThan(CURRENT_WITHIN_MS);
  expect(notified).toBeGreaterThan(0);
}, 400_000);
