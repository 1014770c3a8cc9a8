/**
 * A real Kafka broker on this machine: one KRaft process that is broker and controller, set up for a fast start and
 * quick faults, otherwise as Kafka comes.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchStack, kafkaJars } from './fetch.js';
import { freePort } from './ports.js';
import { LocalServer, type ServerDir, serverDir } from './server.js';

const run = promisify(execFile);

const LOG_SETTINGS = fileURLToPath(new URL('log4j2.xml', import.meta.url));
/** Any 22 characters of base64url; not random, since one that begins with `-` would be taken for an option. */
const CLUSTER_ID = 'LocalIntercomKafka0001';
const JVM_FLAGS = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  `-Dlog4j2.configurationFile=${LOG_SETTINGS}`,
];

/** A running broker. `brokers` is what a client takes. */
export type KafkaServer = LocalServer & { readonly brokers: string[] };

export interface KafkaOptions {
  /** Kept on stop, and started from again; left out: a temporary one, removed on stop. */
  readonly dir?: string;
  readonly port?: number;
  /** More of server.properties; wins over what is set here. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Starts a broker on 127.0.0.1, fetching it first if need be; about 2.5 seconds and 250 MB of memory. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  await fetchStack();
  const port = options.port ?? (await freePort());
  const dir = await serverDir('kafka', options.dir);
  const settings = { ...brokerSettings(dir, port, await freePort()), ...options.config };
  const settingsFile = join(dir.path, 'server.properties');
  const server = await LocalServer.start({
    name: 'Kafka',
    port,
    dir,
    args: javaArgs('kafka.Kafka', settingsFile),
    env: {},
    prepare: async () => {
      await writeFile(settingsFile, propertiesText(settings));
      await format(dir, settingsFile);
    },
    isReady: (output) => output.includes('Kafka Server started'),
  });
  return Object.assign(server, { brokers: [`127.0.0.1:${port}`] });
}

function brokerSettings(dir: ServerDir, port: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataDir(dir),
    // There is one broker, and few partitions of its own topics are created and loaded faster than fifty.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A broker that was killed can't come back before its last session has ended: 9 seconds by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // A topic that nobody created is a mistake to be seen.
    'auto.create.topics.enable': 'false',
    // The default of 128 MB is a quarter of the heap.
    'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
  };
}

function propertiesText(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`);
  return lines.join('');
}

function dataDir(dir: ServerDir): string {
  return join(dir.path, 'data');
}

function javaArgs(main: string, ...args: string[]): string[] {
  return [...JVM_FLAGS, '-cp', join(kafkaJars(), '*'), main, ...args];
}

/** KRaft does not start on a directory that was not formatted first. */
async function format(dir: ServerDir, settingsFile: string): Promise<void> {
  if (existsSync(join(dataDir(dir), 'meta.properties'))) return;
  await run('java', javaArgs('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', settingsFile));
}
