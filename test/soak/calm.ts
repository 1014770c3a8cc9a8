/**
 * `npm run calm -- [--rows N] [--seed S]`: the long form of test/faults/calm-cluster.test.ts, with a cluster
 * and a registry of its own.
 */

import { parseArgs } from 'node:util';
import { startKafkaCluster, startRegistry } from '../../dev/stack.js';
import { describeProblems, runCalmly } from '../support/calm.js';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const [rows, seed] = [Number(values.rows), Number(values.seed)];
if (!Number.isSafeInteger(seed) || !(rows > 0))
  throw new Error('--seed must be a whole number, --rows above 0');

/** Enough to see where the problems are. */
const MAX_SHOWN = 20;
const say = (line: string) => process.stdout.write(`${line}\n`);
const [cluster, registry] = await Promise.all([startKafkaCluster({ size: 3 }), startRegistry()]);
try {
  const { brokers } = cluster;
  const { fleet, problems, records } = await runCalmly({
    seed,
    rows,
    brokers,
    registryUrl: registry.url,
    log: say,
  });
  await fleet.close();
  for (const { connection, table, text } of problems.slice(0, MAX_SHOWN))
    say(`WRONG: ${connection} ${table} ${text}`);
  say(`seed ${seed}, ${records} records: ${describeProblems(problems)}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await Promise.all([cluster.stop(), registry.stop()]);
}
