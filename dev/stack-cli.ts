/** `npm run stack`: the local stack in a terminal, with the settings for the configuration, until Ctrl-C. */

import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, isPortFree } from './ports.js';
import { type KafkaCluster, type RegistryServer, startKafkaCluster, startRegistry } from './stack.js';

const KAFKA_PORT = 9092;
const REGISTRY_PORT = 8081;

const MAX_BROKERS = 9;

const USAGE = `Starts Kafka and a schema registry on this machine until Ctrl-C.

Usage: npm run stack -- [options]
  --brokers N           how many brokers form the cluster (1 to ${MAX_BROKERS}); default: 1. With three, topics have three replicas
                        and a write waits for two of them
  --kafka-port PORT     of the first broker, the others follow; default: ${KAFKA_PORT}, or a free one when that is taken
  --registry-port PORT  default: ${REGISTRY_PORT}, or a free one when that is taken
  --dir DIR             keep topics and schemas in this directory; default: a temporary one, removed at the end
  --help
`;

interface Options {
  readonly size: number;
  readonly kafkaPort: number;
  readonly registryPort: number;
  readonly dir: string | undefined;
}

async function readOptions(): Promise<Options | null> {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      brokers: { ...string, default: '1' },
      'kafka-port': string,
      'registry-port': string,
      dir: string,
      help: { type: 'boolean' },
    },
  });
  if (values.help) return null;
  const size = Number(values.brokers);
  if (!Number.isInteger(size) || size < 1 || size > MAX_BROKERS)
    throw new Error(`--brokers: ${values.brokers} is not a whole number from 1 to ${MAX_BROKERS}`);
  return {
    size,
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

function announcement(kafka: KafkaCluster, registry: RegistryServer): string {
  return `
Kafka     ${kafka.brokers.join(',')}${processes(kafka)}
Registry  ${registry.url}  (page: ${registry.baseUrl}/ui)

For intercom-kafka.yaml:

kafka:
  brokers: [${kafka.brokers.map((broker) => `"${broker}"`).join(', ')}]
schemaRegistry:
  url: ${registry.url}

Ctrl-C stops everything.
`;
}

/** The process IDs for stopping, killing or pausing one broker by hand: `kill -STOP PID`. */
function processes({ servers }: KafkaCluster): string {
  if (servers.length === 1) return '';
  return servers
    .map(({ port, pid, dir }, index) => `\n  node ${index + 1}  127.0.0.1:${port}  process ${pid}  ${dir}`)
    .join('');
}

/** The ports of all brokers: from the first one on, those that are free. */
async function portsFrom(first: number, size: number): Promise<number[]> {
  const ports = [first];
  for (let port = first + 1; ports.length < size; port += 1) if (await isPortFree(port)) ports.push(port);
  return ports;
}

async function serve({ size, kafkaPort, registryPort, dir }: Options): Promise<void> {
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const ports = await portsFrom(kafkaPort, size);
  const kafka = await startKafkaCluster({ size, ports, ...part(dir, 'kafka') });
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

/** The servers do not keep this process running, so a timer does. */
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
