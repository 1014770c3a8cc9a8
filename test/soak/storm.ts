/**
 * `npm run storm -- [--acts N] [--seed S]`: the long form of test/faults/storm-cluster.test.ts, with a
 * cluster and a registry of its own.
 */

import { parseArgs } from 'node:util';
import { startKafkaCluster, startRegistry } from '../../dev/stack.js';
import { describeProblems } from '../support/calm.js';
import { keepLogs, storm } from '../support/storm.js';

const { values } = parseArgs({
  options: { acts: { type: 'string', default: '30' }, seed: { type: 'string' } },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
const acts = Number(values.acts);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(acts) || acts < 0)
  throw new Error('--seed and --acts must be whole numbers');

const CURRENT_WITHIN_MS = 30_000;
const say = (line: string) => process.stdout.write(`${line}\n`);
say(`seed ${seed}, ${acts} acts`);
const startedAt = Date.now();
const [cluster, registry] = await Promise.all([startKafkaCluster({ size: 3 }), startRegistry()]);
try {
  const { problems, counts, notified, records, currentAfterMs, logs } = await storm({
    seed,
    acts,
    cluster,
    registryUrl: registry.url,
    connections: 4,
    patience: { killed: 6_000, twoKilled: 15_000, paused: 20_000 },
    log: (line) =>
      say(
        `${new Date().toISOString()} ${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${line}`,
      ),
  });
  say('');
  for (const [what, count] of [...counts].sort()) say(`${String(count).padStart(6)}  ${what}`);
  say(`${records} records published, ${notified} notifications accepted`);
  for (const { connection, table, text } of problems) say(`WRONG: ${connection} ${table} ${text}`);
  say(`seed ${seed}: ${describeProblems(problems)}, ${describeDelay(currentAfterMs)}`);
  const isRight = problems.length === 0 && currentAfterMs !== null && currentAfterMs <= CURRENT_WITHIN_MS;
  if (!isRight) say(`logs of the publishers: ${await keepLogs(logs)}`);
  process.exitCode = isRight ? 0 : 1;
} finally {
  await Promise.all([cluster.stop(), registry.stop()]);
}

function describeDelay(ms: number | null): string {
  return ms === null ? 'never current' : `current ${(ms / 1000).toFixed(1)} s after the last act`;
}
