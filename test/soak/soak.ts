/**
 * `npm run soak -- [--minutes N] [--seed S]`: the long form of test/faults/soak.test.ts, with a broker and a
 * registry of its own.
 */

import { parseArgs } from 'node:util';
import { startKafka, startRegistry } from '../../dev/stack.js';
import { soak } from '../support/soak.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '3' }, seed: { type: 'string' } },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
const minutes = Number(values.minutes);
if (!Number.isSafeInteger(seed) || !(minutes > 0))
  throw new Error('--seed must be a whole number, --minutes above 0');

const say = (line: string) => process.stdout.write(`${line}\n`);
say(`seed ${seed}, ${minutes} minutes`);
const startedAt = Date.now();
const [kafka, registry] = await Promise.all([startKafka(), startRegistry()]);
try {
  const { problems, counts, versions } = await soak({
    seed,
    seconds: minutes * 60,
    brokers: kafka.brokers,
    registryUrl: registry.url,
    instances: 2,
    servers: { broker: kafka, registry },
    log: (line) => say(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${line}`),
  });
  say('');
  for (const [what, count] of counts) say(`${String(count).padStart(6)}  ${what}`);
  say(`${versions} versions in the topics`);
  for (const problem of problems) say(`WRONG: ${problem}`);
  say(
    problems.length === 0
      ? `seed ${seed}: nothing lost, doubled or stale`
      : `seed ${seed}: ${problems.length} problems`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await Promise.all([kafka.stop(), registry.stop()]);
}
