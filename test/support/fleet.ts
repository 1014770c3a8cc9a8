/**
 * Many small workspaces, each a connection of its own, in one configuration that several publishers share.
 */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { stringify } from 'yaml';
import { TopicReader } from '../../src/kafka/reader.js';
import type { TableName } from '../../src/model/table-names.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { type RunningCommand, startCommand } from './command.js';
import { cycleOnce } from './cycle.js';
import { cyclesOf } from './finished-cycles.js';
import { SeenVersions } from './seen.js';
import { decodeVersions, recordsOf, testKafka } from './topics.js';
import type { Replica } from './verify.js';

export interface FleetOptions {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly connections: number;
  /** Settings of the simulated workspace of this number. */
  readonly simulator: (index: number) => SimulatorSettings;
  /** Keys of every connection. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** More of each connection, by its number. */
  readonly connection?: (index: number) => Readonly<Record<string, unknown>>;
  /** Laid over the file. */
  readonly file?: Readonly<Record<string, unknown>>;
  /** Whether the replies are kept for the checker, which takes memory; left out: true. */
  readonly keepsReplies?: boolean;
}

export interface FleetConnection extends Replica {
  readonly name: string;
  readonly simulator: Simulator;
}

export class Fleet {
  readonly connections: readonly FleetConnection[];
  readonly prefix: string;
  readonly config: string;
  readonly #reader: TopicReader;
  readonly #dir: string;
  readonly #all: RunningCommand[] = [];

  private constructor(parts: {
    connections: readonly FleetConnection[];
    reader: TopicReader;
    prefix: string;
    dir: string;
  }) {
    this.connections = parts.connections;
    this.#reader = parts.reader;
    this.prefix = parts.prefix;
    this.#dir = parts.dir;
    this.config = join(parts.dir, 'intercom-kafka.yaml');
  }

  static async open(options: FleetOptions): Promise<Fleet> {
    const { brokers, registryUrl } = options;
    const prefix = `f${randomUUID().slice(0, 8)}`;
    const reader = new TopicReader(testKafka(brokers));
    // One for all: compiling a schema takes longer than reading a small topic.
    const registry = new SchemaRegistry({ host: registryUrl });
    const read = async (topic: string) => decodeVersions(registry, await recordsOf(reader, topic), topic);
    const stateRecords = shared(() => recordsOf(reader, `${prefix}.state`));
    const connections = await Promise.all(
      Array.from({ length: options.connections }, async (_, index): Promise<FleetConnection> => {
        const name = `workspace-${String(index).padStart(2, '0')}`;
        const simulator = await startSimulator(options.simulator(index));
        const seen = new SeenVersions();
        if (options.keepsReplies !== false) seen.watch(simulator);
        const versions = (table: TableName) => read(`${prefix}.${name}.${table}`);
        const cycles = async () => cyclesOf(name, await stateRecords());
        return { name, simulator, seen, versions, cycles };
      }),
    );
    const dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-'));
    const fleet = new Fleet({ connections, reader, prefix, dir });
    await fleet.#write(options);
    return fleet;
  }

  /** One complete cycle of all connections, which must succeed. */
  async cycle(): Promise<void> {
    await cycleOnce(this.config);
  }

  /** Starts a publisher, which logs as JSON. */
  start(): RunningCommand {
    const running = startCommand(['run', '--config', this.config, '--log-format', 'json']);
    this.#all.push(running);
    return running;
  }

  /** The states by `connection/table`. */
  async states(): Promise<Map<string, Record<string, unknown>>> {
    const states = new Map<string, Record<string, unknown>>();
    for (const { key, value } of await recordsOf(this.#reader, `${this.prefix}.state`))
      if (value !== null) states.set(String(key), JSON.parse(value.toString('utf8')));
    return states;
  }

  async close(): Promise<void> {
    for (const { process } of this.#all) process.kill('SIGKILL');
    await Promise.all(this.#all.map(({ finished }) => finished));
    await this.#reader.close();
    await Promise.all(this.connections.map(({ simulator }) => simulator.close()));
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #write({ brokers, registryUrl, defaults, connection, file }: FleetOptions): Promise<void> {
    const config = {
      kafka: { brokers },
      schemaRegistry: { url: registryUrl },
      topics: { prefix: this.prefix },
      state: { topic: `${this.prefix}.state`, group: this.prefix },
      http: null,
      defaults,
      connections: this.connections.map(({ name, simulator }, index) => ({
        name,
        baseUrl: simulator.url,
        credentials: { accessToken: simulator.options.accessToken },
        ...connection?.(index),
      })),
      ...file,
    };
    await writeFile(this.config, stringify(config));
  }
}

/** One reading at a time, for all that ask for it meanwhile. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null;
  return () => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return reading;
  };
}

interface TakeOver {
  readonly connection: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

function takeOvers({ stderr }: RunningCommand): TakeOver[] {
  const lines = stderr()
    .split('\n')
    .filter((line) => line.includes('"connection owned"') && line.endsWith('}'));
  return lines.map((line) => {
    const { connection, time } = JSON.parse(line) as { connection: string; time: string };
    return { connection, at: Date.parse(time) };
  });
}

/** The connections that a publisher has taken over so far, by its log, in order. */
export function ownedBy(running: RunningCommand): string[] {
  return takeOvers(running).map(({ connection }) => connection);
}

/** Who took each connection over last, and when (epoch milliseconds). */
export function ownersOf(
  running: readonly RunningCommand[],
): Map<string, { owner: RunningCommand; at: number }> {
  const all = running.flatMap((owner) => takeOvers(owner).map((each) => ({ ...each, owner })));
  return new Map(
    all.sort((a, b) => a.at - b.at).map(({ connection, owner, at }) => [connection, { owner, at }]),
  );
}
