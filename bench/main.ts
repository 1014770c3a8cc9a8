/**
 * `npm run bench [-- NAME… [--brokers N]]`: prints the measured figures. Starts its own Kafka and registry.
 * `connections:50,200` measures these sizes alone; `--brokers 3` measures on a cluster of three with as many
 * replicas.
 */

import { parseArgs } from 'node:util';
import { startKafkaCluster, startRegistry } from '../dev/stack.js';
import { benchApi } from './api.js';
import { benchBackfill } from './backfill.js';
import { benchConnections } from './connections.js';
import { benchEncoding } from './encoding.js';
import { benchFreshness } from './freshness.js';
import { benchInstances } from './instances.js';
import { benchReplay } from './replay.js';
import { benchSize } from './size.js';
import { type Addresses, type Say, warmUp } from './stage.js';
import { benchThroughput } from './throughput.js';

const BENCHES: Readonly<Record<string, (addresses: Addresses, say: Say) => Promise<unknown>>> = {
  api: benchApi,
  backfill: benchBackfill,
  throughput: benchThroughput,
  encoding: benchEncoding,
  freshness: benchFreshness,
  replay: benchReplay,
  size: benchSize,
  instances: benchInstances,
  connections: (addresses, say) => benchConnections(addresses, say, sizes.length > 0 ? { sizes } : {}),
};

const say = (line: string) => process.stdout.write(`${line}\n`);
const { values, positionals } = parseArgs({
  options: { brokers: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const asked = positionals.map((argument) => argument.split(':')[0] ?? '');
const sizes = positionals.flatMap((argument) => argument.split(':')[1]?.split(',').map(Number) ?? []);
const unknown = asked.find((name) => !Object.hasOwn(BENCHES, name));
if (unknown !== undefined) {
  say(`there is no benchmark "${unknown}"; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const [kafka, registry] = await Promise.all([
  startKafkaCluster({ size: Number(values.brokers) }),
  startRegistry(),
]);
try {
  await warmUp({ brokers: kafka.brokers, registryUrl: registry.url });
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    say(`\n== ${name}`);
    await bench({ brokers: kafka.brokers, registryUrl: registry.url }, say);
  }
} finally {
  await Promise.all([kafka.stop(), registry.stop()]);
}
