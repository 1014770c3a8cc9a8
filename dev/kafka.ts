/**
 * Real Kafka brokers on this machine: KRaft processes that are broker and controller, set up for a fast start
 * and quick faults, otherwise as Kafka comes. One broker, or a cluster whose topics have up to three
 * replicas.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchStack, kafkaJars } from './fetch.js';
import { freePort } from './ports.js';
import { LocalServer, type ServerDir, serverDir } from './server.js';

const run = promisify(execFile);

const LOG_SETTINGS = fileURLToPath(new URL('log4j2.xml', import.meta.url));
/** Kafka before 4.0 logs through log4j 1. */
const LOG4J1_SETTINGS = new URL('log4j.properties', import.meta.url);
/**
 * Any 22 characters of base64url; not random, because one that begins with `-` would be parsed as an option.
 */
const CLUSTER_ID = 'LocalIntercomKafka0001';
const JVM_FLAGS = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  `-Dlog4j2.configurationFile=${LOG_SETTINGS}`,
  `-Dlog4j.configuration=${LOG4J1_SETTINGS}`,
];

/** A running broker. `brokers` is the list for clients. */
export type KafkaServer = LocalServer & { readonly brokers: string[] };

export interface KafkaOptions {
  /** Kept on stop and reused by the next start; left out: a temporary one, removed on stop. */
  readonly dir?: string;
  readonly port?: number;
  /** Further server.properties, which override the settings here. */
  readonly config?: Readonly<Record<string, string>>;
  /** Directories of classes that the settings name, such as policies. */
  readonly classPath?: readonly string[];
}

export interface ClusterOptions extends Omit<KafkaOptions, 'port'> {
  /** How many brokers. */
  readonly size: number;
  /** The port of each broker; left out: free ones. */
  readonly ports?: readonly number[];
}

/** Brokers that form one cluster. */
export interface KafkaCluster {
  /** host:port of each broker. */
  readonly brokers: string[];
  /** By node ID, from 1: `servers[0]` is node 1. Each can be stopped, killed, paused and started again. */
  readonly servers: readonly LocalServer[];
  /** Stops all of them. */
  stop(): Promise<void>;
}

/** Starts a broker on 127.0.0.1, fetching it first if need be; about 2.5 seconds and 250 MB of memory. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const { port, ...rest } = options;
  const { servers, brokers } = await startKafkaCluster({
    ...rest,
    size: 1,
    ...(port === undefined ? {} : { ports: [port] }),
  });
  const [server] = servers;
  if (server === undefined) throw new Error('a cluster of one broker has none');
  return Object.assign(server, { brokers });
}

/**
 * Starts a cluster on 127.0.0.1, fetching Kafka first if need be. Topics have as many replicas as there are
 * brokers, at most three, and with three a write waits for two of them. Three brokers: some 8 seconds and 400
 * MB of memory each.
 */
export async function startKafkaCluster(options: ClusterOptions): Promise<KafkaCluster> {
  await fetchStack();
  const { size } = options;
  const ports = await Promise.all(indexes(size).map((index) => options.ports?.[index] ?? freePort()));
  const controllerPorts = await Promise.all(indexes(size).map(() => freePort()));
  const start = async (index: number) => {
    const nodeDir = options.dir === undefined || size === 1 ? options.dir : join(options.dir, `${index + 1}`);
    const dir = await serverDir('kafka', nodeDir);
    const node = { id: index + 1, port: ports[index] ?? 0, controllerPorts, dir };
    return startNode({ ...nodeSettings(node), ...options.config }, node, options.classPath);
  };
  const started = await Promise.allSettled(indexes(size).map(start));
  const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { brokers: ports.map((port) => `127.0.0.1:${port}`), servers, stop };
}

function indexes(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index);
}

/** A broker of a cluster. */
interface ClusterNode {
  /** From 1. */
  readonly id: number;
  readonly port: number;
  /** Of all nodes, in the order of their IDs. */
  readonly controllerPorts: readonly number[];
  readonly dir: ServerDir;
}

function startNode(
  settings: Readonly<Record<string, string>>,
  { id, port, dir, controllerPorts }: ClusterNode,
  classPath: readonly string[] = [],
): Promise<LocalServer> {
  const settingsFile = join(dir.path, 'server.properties');
  return LocalServer.start({
    name: controllerPorts.length === 1 ? 'Kafka' : `Kafka ${id}`,
    port,
    dir,
    args: javaArgs(classPath, 'kafka.Kafka', settingsFile),
    env: {},
    prepare: async () => {
      await writeFile(settingsFile, propertiesText(settings));
      await format(dir, settingsFile, classPath);
    },
    isReady: (output) => output.includes('Kafka Server started'),
  });
}

function nodeSettings({ id, port, controllerPorts, dir }: ClusterNode): Record<string, string> {
  const replicas = Math.min(3, controllerPorts.length);
  const minInSync = Math.max(1, replicas - 1);
  const voters = controllerPorts.map((each, index) => `${index + 1}@127.0.0.1:${each}`);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': voters.join(','),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPorts[id - 1]}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataDir(dir),
    'default.replication.factor': String(replicas),
    'min.insync.replicas': String(minInSync),
    // Few partitions of Kafka's own topics are created and loaded faster than fifty.
    'offsets.topic.replication.factor': String(replicas),
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': String(replicas),
    'transaction.state.log.min.isr': String(minInSync),
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': String(replicas),
    'share.coordinator.state.topic.min.isr': String(minInSync),
    'group.initial.rebalance.delay.ms': '0',
    // A broker that was killed can't come back before its last session has ended: 9 seconds by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // Using a topic that was not created is a mistake that must fail.
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

function javaArgs(classPath: readonly string[], main: string, ...args: string[]): string[] {
  return [...JVM_FLAGS, '-cp', [join(kafkaJars(), '*'), ...classPath].join(delimiter), main, ...args];
}

/** Formats the directory: KRaft does not start without that. */
async function format(dir: ServerDir, settingsFile: string, classPath: readonly string[]): Promise<void> {
  if (existsSync(join(dataDir(dir), 'meta.properties'))) return;
  await run(
    'java',
    javaArgs(classPath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', settingsFile),
  );
}
