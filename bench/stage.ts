/**
 * Shared by most benchmarks: a simulated workspace and publishers, each in its own process, and their
 * figures.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { LoggedRequest } from '../src/simulator/traffic.js';
import { COMMAND, type RunningCommand, startCommand } from '../test/support/command.js';

export interface Addresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
}

/** Prints a line. */
export type Say = (line: string) => void;

export interface StageOptions {
  readonly contacts?: number;
  readonly companies?: number;
  readonly conversations?: number;
  readonly parts?: number;
  /** Entries that a list inside a contact holds at most; further entries need their own requests. */
  readonly sublistLimit?: number;
  /**
   * The simulator renders every contact before the measurement, so that it costs hardly any time during it.
   */
  readonly shown?: boolean;
  /** Milliseconds before each reply. */
  readonly latency?: number;
  /** Requests in 10 seconds; 0: no limit. */
  readonly budget?: number;
  readonly tables: readonly string[];
  /** Merged over the connection's configuration. */
  readonly connection?: Readonly<Record<string, unknown>>;
}

export interface Cycle {
  /** Seconds from the first request to the end of the last table. */
  readonly seconds: number;
  /** Seconds from the start of the process to its first request. */
  readonly untilFirstRequest: number;
  readonly requests: readonly LoggedRequest[];
  /** Peak resident memory of the publisher, in megabytes. */
  readonly megabytes: number;
}

export class Stage {
  readonly url: string;
  readonly token: string;
  readonly config: string;
  readonly #settings: { readonly addresses: Addresses; readonly options: StageOptions };
  readonly #simulator: ChildProcess;
  readonly #dir: string;
  #prefix = '';

  private constructor(
    { url, token }: { url: string; token: string },
    settings: { addresses: Addresses; options: StageOptions },
    simulator: ChildProcess,
    dir: string,
  ) {
    this.url = url;
    this.token = token;
    this.#settings = settings;
    this.#simulator = simulator;
    this.#dir = dir;
    this.config = join(dir, 'intercom-kafka.yaml');
  }

  /** The topic prefix of publishers that are started now. */
  get prefix(): string {
    return this.#prefix;
  }

  static async open(addresses: Addresses, options: StageOptions): Promise<Stage> {
    const { contacts = 0, companies = 0, conversations = 0, parts = 5, latency = 0, budget = 0 } = options;
    const { sublistLimit = 10, shown = false } = options;
    const counts = { contacts, companies, conversations, parts };
    const sizes = { ...counts, budget, port: 0, 'sublist-limit': sublistLimit };
    const args = Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const flags = shown ? ['--json', '--keep-texts'] : ['--json'];
    const simulator = spawn(process.execPath, [...COMMAND, 'simulate', ...flags, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [text] = (await once(simulator.stdout, 'data')) as [Buffer];
    const workspace = JSON.parse(text.toString('utf8')) as { url: string; token: string };
    const dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-bench-'));
    const stage = new Stage(workspace, { addresses, options }, simulator, dir);
    await stage.renew();
    if (shown) for await (const _ of stage.pages());
    await stage.act('latency', { ms: latency });
    return stage;
  }

  /** The pages of all contacts, one after another, as the API sends them. */
  async *pages(): AsyncGenerator<string> {
    for (let after: string | undefined; ; ) {
      const response = await fetch(`${this.url}/contacts/search?include_merge_history=true`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          query: { field: 'updated_at', operator: '>', value: 0 },
          pagination: { per_page: PER_PAGE, ...(after === undefined ? {} : { starting_after: after }) },
        }),
      });
      const text = await response.text();
      yield text;
      const { pages } = JSON.parse(text) as { pages: { next?: { starting_after: string } } };
      after = pages.next?.starting_after;
      if (after === undefined) return;
    }
  }

  /** Prepares another first reading of the same workspace: publishers find no topics and no state. */
  async renew(): Promise<void> {
    const { brokers, registryUrl } = this.#settings.addresses;
    const { tables, connection } = this.#settings.options;
    this.#prefix = `b${randomUUID().slice(0, 8)}`;
    const config = {
      kafka: { brokers },
      schemaRegistry: { url: registryUrl },
      topics: { prefix: this.prefix },
      state: { topic: `${this.prefix}.state`, group: this.prefix },
      http: null,
      connections: [
        {
          name: 'acme',
          baseUrl: this.url,
          credentials: { accessToken: this.token },
          startDate: '2000-01-01',
          tables: Object.fromEntries(tables.map((table) => [table, {}])),
          ...connection,
        },
      ],
    };
    await writeFile(this.config, stringify(config));
  }

  /** A path in the stage's folder. */
  file(name: string): string {
    return join(this.#dir, name);
  }

  topic(table: string): string {
    return `${this.prefix}.acme.${table}`;
  }

  /** Starts the publisher with these arguments. */
  start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): RunningCommand {
    return startCommand(['run', ...args, '--config', this.config, '--log-format', 'json'], env);
  }

  /**
   * One complete cycle in a process of its own, with these additions to its environment; throws when it
   * fails.
   */
  async cycle(env: Readonly<Record<string, string>> = {}): Promise<Cycle> {
    const before = (await this.requests()).length;
    const startedAt = Date.now();
    const running = this.start(['--once'], env);
    const peak = watchMemory(running.process);
    const { code, stderr } = await running.finished;
    if (code !== 0) throw new Error(`run --once ended with ${code}:\n${stderr}`);
    const requests = (await this.requests()).slice(before);
    const first = requests[0]?.at ?? startedAt;
    return {
      seconds: (Math.max(...timesOf(stderr, 'table finished')) - first) / 1000,
      untilFirstRequest: (first - startedAt) / 1000,
      requests,
      megabytes: peak(),
    };
  }

  /** Every request that was answered so far. */
  async requests(): Promise<LoggedRequest[]> {
    const response = await fetch(`${this.url}/_simulator/requests`);
    return (await response.json()) as LoggedRequest[];
  }

  /** Changes the workspace, as the simulator's control interface has it. */
  async act(name: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/_simulator/${name}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${name}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  async close(): Promise<void> {
    this.#simulator.kill('SIGKILL');
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** As many as a page of the API holds. */
export const PER_PAGE = 150;
const WARM_UP_CONTACTS = 30_000;
const WARM_UP_CYCLES = 5;

/**
 * Publishes some rows that are not measured: a broker that has just started compiles its own code on the
 * measured cores.
 */
export async function warmUp(addresses: Addresses): Promise<void> {
  const stage = await Stage.open(addresses, {
    contacts: WARM_UP_CONTACTS,
    tables: ['contacts'],
    sublistLimit: 1_000,
    shown: true,
  });
  try {
    for (let cycle = 0; cycle < WARM_UP_CYCLES; cycle += 1) {
      await stage.renew();
      await stage.cycle();
    }
  } finally {
    await stage.close();
  }
}

/** The times of a message in a log, in epoch milliseconds, in order. */
export function timesOf(log: string, message: string): number[] {
  return log.split('\n').flatMap((line) => {
    // The last line may be incomplete.
    if (!line.includes(`"${message}"`) || !line.endsWith('}')) return [];
    return [Date.parse((JSON.parse(line) as { time: string }).time)];
  });
}

/** Reads the kernel's peak resident memory of a process at intervals. */
function watchMemory({ pid }: ChildProcess): () => number {
  let megabytes = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      // A process that has ended has no memory figures.
      megabytes = Math.max(megabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      clearInterval(timer);
    }
  }, 50);
  return () => {
    clearInterval(timer);
    return megabytes;
  };
}

/** Formats numbers for printing. */
export const rounded = (value: number) => Math.round(value).toLocaleString('en');
export const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
