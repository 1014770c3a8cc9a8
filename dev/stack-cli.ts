/** `npm run stack`: the local stack in a terminal, with what to put into the configuration, until Ctrl-C. */

import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, isPortFree } from './ports.js';
import { type KafkaServer, type RegistryServer, startKafka, startRegistry } from './stack.js';

const KAFKA_PORT = 9092;
const REGISTRY_PORT = 8081;

const USAGE = `Starts a Kafka broker and a schema registry on this machine until Ctrl-C.

Usage: npm run stack -- [options]
  --kafka-port PORT     default: ${KAFKA_PORT}, or a free one when that is taken
  --registry-port PORT  default: ${REGISTRY_PORT}, or a free one when that is taken
  --dir DIR             keep topics and schemas in this directory; default: a temporary one, removed at the end
  --help
`;

interface Options {
  readonly kafkaPort: number;
  readonly registryPort: number;
  readonly dir: string | undefined;
}

async function readOptions(): Promise<Options | null> {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { 'kafka-port': string, 'registry-port': string, dir: string, help: { type: 'boolean' } },
  });
  if (values.help) return null;
  return {
    kafkaPort: await choosePort(values['kafka-port'], KAFKA_PORT),
    registryPort: await choosePort(values['registry-port'], REGISTRY_PORT),
    dir: values.dir,
  };
}

async function choosePort(given: string | undefined, usual: number): Promise<number> {
  if (given === undefined) return (await isPortFree(usual)) ? usual : freePort();
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`not a port: ${given}`);
}

function part(dir: string | undefined, name: string): { dir?: string } {
  return dir === undefined ? {} : { dir: join(dir, name) };
}

function announcement(kafka: KafkaServer, registry: RegistryServer): string {
  return `
Kafka     ${kafka.brokers.join(',')}
Registry  ${registry.url}  (page: ${registry.baseUrl}/ui)

For intercom-kafka.yaml:

kafka:
  brokers: [${kafka.brokers.map((broker) => `"${broker}"`).join(', ')}]
schemaRegistry:
  url: ${registry.url}

Ctrl-C stops both.
`;
}

async function serve({ kafkaPort, registryPort, dir }: Options): Promise<void> {
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const kafka = await startKafka({ port: kafkaPort, ...part(dir, 'kafka') });
  try {
    const registry = await startRegistry({ port: registryPort, ...part(dir, 'registry') });
    process.stdout.write(announcement(kafka, registry));
    await untilStopped(stopped);
    process.stdout.write('Stopping\n');
    await registry.stop();
  } finally {
    await kafka.stop();
  }
}

/** The servers do not keep this process alive: something else must. */
async function untilStopped(stopped: Promise<unknown>): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await stopped;
  clearInterval(alive);
}

try {
  const options = await readOptions();
  if (options === null) process.stdout.write(USAGE);
  else await serve(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
