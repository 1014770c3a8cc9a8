/** A configuration of its own for a test: a connection to a simulator, and topics that nobody else uses. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kafka } from 'kafkajs';
import { stringify } from 'yaml';
import { TABLE_NAMES, type TableName } from '../../src/model/table-names.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { type CommandResult, runCommand } from './command.js';
import { cycleOnce } from './cycle.js';
import { cyclesOf } from './finished-cycles.js';
import type { FinishedCycle } from './log-checker.js';
import { SeenVersions } from './seen.js';
import { latestByKey, readRecords, readVersions, testKafka, type Version } from './topics.js';

export interface ProjectOptions {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly simulator?: SimulatorSettings;
  /** Laid over the connection's configuration. */
  readonly connection?: Readonly<Record<string, unknown>>;
  /** Laid over the file. */
  readonly file?: Readonly<Record<string, unknown>>;
  /**
   * False: replies are not kept for the checker, which costs more than making them where there are many rows.
   */
  readonly keepsReplies?: boolean;
}

export class Project {
  readonly simulator: Simulator;
  readonly seen = new SeenVersions();
  readonly kafka: Kafka;
  readonly prefix: string;
  readonly config: string;
  readonly #registryUrl: string;
  readonly #dir: string;

  private constructor(parts: {
    simulator: Simulator;
    kafka: Kafka;
    prefix: string;
    dir: string;
    registryUrl: string;
  }) {
    this.simulator = parts.simulator;
    this.kafka = parts.kafka;
    this.prefix = parts.prefix;
    this.config = join(parts.dir, 'intercom-kafka.yaml');
    this.#dir = parts.dir;
    this.#registryUrl = parts.registryUrl;
  }

  static async open(options: ProjectOptions): Promise<Project> {
    const dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-'));
    const prefix = `t${randomUUID().slice(0, 8)}`;
    const simulator = await startSimulator(options.simulator);
    const { brokers, registryUrl } = options;
    const project = new Project({ simulator, kafka: testKafka(brokers), prefix, dir, registryUrl });
    if (options.keepsReplies !== false) project.seen.watch(simulator);
    await project.write(options);
    return project;
  }

  /** Writes the configuration anew, with other changes laid over it. */
  async write({ brokers, registryUrl, connection, file }: ProjectOptions): Promise<void> {
    const config = {
      kafka: { brokers },
      schemaRegistry: { url: registryUrl },
      topics: { prefix: this.prefix },
      state: { topic: `${this.prefix}.state`, group: this.prefix },
      http: null,
      connections: [
        {
          name: 'acme',
          baseUrl: this.simulator.url,
          credentials: { accessToken: this.simulator.options.accessToken },
          startDate: '2000-01-01',
          ...connection,
        },
      ],
      ...file,
    };
    await writeFile(this.config, stringify(config));
  }

  /** Runs `intercom-kafka COMMAND` on this configuration. */
  command(...args: string[]): Promise<CommandResult> {
    return runCommand([...args, '--config', this.config]);
  }

  /**
   * One complete cycle of a new publisher in this process, which must succeed; with arguments by the command.
   */
  async cycle(...args: string[]): Promise<void> {
    if (args.length === 0) return await cycleOnce(this.config);
    const { code, stderr } = await this.command('run', '--once', ...args);
    if (code !== 0) throw new Error(`run --once ended with ${code}:\n${stderr}`);
  }

  topic(table: string): string {
    return `${this.prefix}.acme.${table}`;
  }

  versions(table: TableName): Promise<Version[]> {
    return readVersions(this.kafka, this.#registryUrl, this.topic(table));
  }

  async latest(table: TableName): Promise<Map<string, Version>> {
    return latestByKey(await this.versions(table));
  }

  /** Records in each table's topic. */
  async counts(): Promise<Record<string, number>> {
    const counts = await Promise.all(
      TABLE_NAMES.map(
        async (table) => [table, (await readRecords(this.kafka, this.topic(table))).length] as const,
      ),
    );
    return Object.fromEntries(counts);
  }

  /** The newest state of each table. */
  async states(): Promise<Map<string, Record<string, unknown>>> {
    const states = new Map<string, Record<string, unknown>>();
    for (const { key, value } of await readRecords(this.kafka, `${this.prefix}.state`)) {
      if (value !== null) states.set(String(key).split('/')[1] ?? '', JSON.parse(value.toString('utf8')));
    }
    return states;
  }

  async cycles(): Promise<ReadonlyMap<string, readonly FinishedCycle[]>> {
    return cyclesOf('acme', await readRecords(this.kafka, `${this.prefix}.state`));
  }

  async close(): Promise<void> {
    await this.simulator.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
