/** `npm run bench`: what it measures, it prints, with a Kafka and a registry of its own. */

import { startKafka, startRegistry } from '../dev/stack.js';
import { benchReplay } from './replay.js';

const say = (line: string) => process.stdout.write(`${line}\n`);
const [kafka, registry] = await Promise.all([startKafka(), startRegistry()]);
try {
  await benchReplay({ brokers: kafka.brokers, registryUrl: registry.url }, say);
} finally {
  await Promise.all([kafka.stop(), registry.stop()]);
}
