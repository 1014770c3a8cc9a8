/**
 * The short form of `npm run calm`: a healthy cluster of three brokers, read by our reader and by librdkafka.
 */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from '../../dev/stack.js';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import { runCalmly } from '../support/calm.js';
import type { Fleet } from '../support/fleet.js';
import { readWithLibrdkafka } from '../support/librdkafka.js';

const SEED = Number(process.env.CALM_SEED ?? 1);
const ROWS = 4_000;

let cluster: KafkaCluster;
let fleet: Fleet | null = null;

beforeAll(async () => {
  cluster = await startKafkaCluster({ size: 3 });
}, 120_000);
afterAll(async () => {
  await fleet?.close();
  await cluster?.stop();
});

it(`publishes each version once, and librdkafka finds the same records (seed ${SEED})`, async () => {
  const { brokers } = cluster;
  const registryUrl = inject('registryUrl');
  const calm = await runCalmly({ seed: SEED, rows: ROWS, brokers, registryUrl, log: () => undefined });
  fleet = calm.fleet;
  expect(calm.problems.map(({ connection, table, text }) => `${connection} ${table} ${text}`)).toEqual([]);
  expect(calm.records).toBeGreaterThanOrEqual(ROWS);

  const [connection] = fleet.connections;
  for (const table of TABLE_NAMES) {
    const ours = (await connection?.versions(table)) ?? [];
    const topic = `${fleet.prefix}.${connection?.name}.${table}`;
    const theirs = await readWithLibrdkafka({ brokers, registryUrl, topic });
    const placed = ours.map(({ key, partition, offset, timestamp, headers, value }) => ({
      ...{ key, partition, offset, timestamp, headers, isTombstone: value === null },
    }));
    expect(inOrder(theirs), table).toEqual(inOrder(placed));
  }
}, 400_000);

function inOrder<T extends { readonly partition: number; readonly offset: number }>(
  records: readonly T[],
): T[] {
  return [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
