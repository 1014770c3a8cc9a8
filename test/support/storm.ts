/**
 * A cluster in a storm, from a seed: brokers are restarted, killed and paused, two publishers are killed and
 * stopped, while workspaces change and signed notifications arrive. Behind the last act everything must
 * become current, and the whole logs are checked.
 */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaCluster } from '../../dev/stack.js';
import { Dice } from '../../src/simulator/random.js';
import { countRecords, describeProblems, type FleetProblem, problemsOfFleet } from './calm.js';
import { Changes, type Told } from './changes.js';
import { endCommand, type RunningCommand } from './command.js';
import { findController, findCoordinator } from './coordinators.js';
import { Fleet } from './fleet.js';
import { addressOf } from './http.js';
import type { ProblemKind } from './log-checker.js';
import { notification, notify } from './notify.js';
import { shuffled } from './shuffled.js';
import { testKafka } from './topics.js';

export interface StormOptions {
  readonly seed: number;
  readonly acts: number;
  /** Of at least three brokers. */
  readonly cluster: KafkaCluster;
  readonly registryUrl: string;
  readonly connections: number;
  /** Milliseconds that brokers stay down or paused at most. */
  readonly patience: Readonly<Record<'killed' | 'twoKilled' | 'paused', number>>;
  /** Called with each act. */
  readonly log: (line: string) => void;
}

export interface StormResult {
  readonly problems: readonly FleetProblem[];
  /** Acts and changes, by kind. */
  readonly counts: ReadonlyMap<string, number>;
  /** Notifications that were answered with 200. */
  readonly notified: number;
  readonly records: number;
  /** Milliseconds from the end of the last act until the topics held everything; null: never. */
  readonly currentAfterMs: number | null;
  /** What each publisher logged. */
  readonly logs: readonly string[];
}

const SECRET = 'the client secret';
const INSTANCES = 2;
const CHANGE_EVERY_MS = 150;
/** Between two acts. */
const PAUSE_MS = 1_500;
const SETTLE_MS = 120_000;
/** For the first replication of everything. */
const BEGIN_MS = 300_000;
/** What may get right by itself, as publishers go on. */
const PASSING: ReadonlySet<ProblemKind> = new Set(['lost', 'stale', 'no tombstone']);

export async function storm(options: StormOptions): Promise<StormResult> {
  const run = new Storm(options, await openFleet(options));
  try {
    await run.begin();
    await run.act();
    return await run.settle();
  } finally {
    await run.close();
  }
}

function openFleet({ seed, cluster, registryUrl, connections }: StormOptions): Promise<Fleet> {
  return Fleet.open({
    brokers: cluster.brokers,
    registryUrl,
    connections,
    simulator: (index) => ({
      seed: seed + index,
      counts: { contacts: 250, companies: 60, conversations: 80, parts: 3 },
      latency: [1, 10],
      scrollExpirySeconds: 2,
      cursors: index % 2 === 0 ? 'keyset' : 'position',
      budget: null,
    }),
    defaults: { schedule: '*/2 * * * * *', deletes: { reconcile: '*/5 * * * * *' } },
    connection: () => ({ credentials: { accessToken: 'simulated-token', clientSecret: SECRET } }),
    file: { http: { port: 0 } },
  });
}

interface Publisher {
  readonly running: RunningCommand;
  /** Null until it listens. */
  url: string | null;
}

class Storm {
  readonly #options: StormOptions;
  readonly #fleet: Fleet;
  readonly #dice: Dice;
  readonly #changes: readonly { readonly connection: string; readonly of: Changes }[];
  readonly #acts = new Map<string, number>();
  readonly #logs: RunningCommand[] = [];
  readonly #sending = new Set<Promise<unknown>>();
  #publishers: Publisher[] = [];
  #notified = 0;
  #endedAt = 0;

  constructor(options: StormOptions, fleet: Fleet) {
    this.#options = options;
    this.#fleet = fleet;
    this.#dice = new Dice(options.seed, 'storm', 0);
    this.#changes = fleet.connections.map(({ simulator, name }) => ({
      connection: name,
      of: new Changes(simulator.workspace, options.seed, name),
    }));
  }

  /** Starts the publishers and waits until they have published everything once. */
  async begin(): Promise<void> {
    this.#publishers = Array.from({ length: INSTANCES }, () => this.#start());
    const { problems } = await this.#untilCurrent(BEGIN_MS);
    this.#options.log(`begun: ${describeProblems(problems)}`);
  }

  /** Deals the acts, each kind once before any comes again, while the workspaces change. */
  async act(): Promise<void> {
    const churn = new AbortController();
    const churning = this.#churn(churn.signal);
    const deck: (keyof typeof ACTS)[] = [];
    for (let act = 0; act < this.#options.acts; act += 1) {
      if (deck.length === 0) deck.push(...shuffled(Object.keys(ACTS) as (keyof typeof ACTS)[], this.#dice));
      const name = deck.pop() ?? 'broker killed';
      await ACTS[name](this);
      this.#supervise();
      await delay(PAUSE_MS);
    }
    churn.abort();
    await churning;
    await Promise.allSettled(this.#sending);
    this.#endedAt = Date.now();
    this.#options.log('the last act is over');
  }

  async settle(): Promise<StormResult> {
    const { problems, checkedAt } = await this.#untilCurrent(SETTLE_MS);
    const records = await countRecords(this.#fleet.connections);
    const changes = this.#changes.flatMap(({ of }) => [...of.counts]);
    const counts = new Map(this.#acts);
    for (const [kind, count] of changes) counts.set(kind, (counts.get(kind) ?? 0) + count);
    return {
      problems,
      counts,
      notified: this.#notified,
      records,
      currentAfterMs: problems.length === 0 ? Math.max(0, checkedAt - this.#endedAt) : null,
      logs: this.#logs.map(({ stderr }) => stderr()),
    };
  }

  async close(): Promise<void> {
    for (const server of this.#options.cluster.servers) server.resume();
    await this.#fleet.close();
  }

  get patience(): StormOptions['patience'] {
    return this.#options.patience;
  }

  pick<T>(values: readonly T[]): T {
    return this.#dice.pick(values);
  }

  shuffled<T>(values: readonly T[]): T[] {
    return shuffled(values, this.#dice);
  }

  nodes(): readonly number[] {
    return this.#options.cluster.servers.map((_, index) => index + 1);
  }

  /** Node IDs begin at 1. */
  server(node: number) {
    const server = this.#options.cluster.servers[node - 1];
    if (server === undefined) throw new Error(`there is no node ${node}`);
    return server;
  }

  /** Kills brokers together, and starts them again after some time. */
  async killBrokers(nodes: readonly number[], longestMs: number, why: string): Promise<void> {
    const downMs = Math.round(longestMs * (0.3 + 0.7 * this.#dice.next()));
    this.count(why, `node ${nodes.join(' and ')} for ${downMs} ms`);
    for (const node of nodes) this.server(node).kill();
    await delay(downMs);
    await Promise.all(nodes.map((node) => this.server(node).restart()));
  }

  transactionCoordinator(): Promise<number> {
    const { connection } = this.pick(this.#changes);
    return findCoordinator(this.#kafka(), 'transaction', `${this.#fleet.prefix}.${connection}`);
  }

  groupCoordinator(): Promise<number> {
    return findCoordinator(this.#kafka(), 'group', this.#fleet.prefix);
  }

  controller(): Promise<number> {
    return findController(this.#kafka());
  }

  async replacePublisher(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const [first, ...others] = this.#publishers;
    this.#publishers = [...others, this.#start()];
    if (first !== undefined) await endCommand(first.running, signal);
  }

  count(what: string, details = ''): void {
    this.#options.log(`${what} ${details}`.trim());
    this.#acts.set(what, (this.#acts.get(what) ?? 0) + 1);
  }

  #kafka() {
    return testKafka(this.#options.cluster.brokers);
  }

  async #churn(signal: AbortSignal): Promise<void> {
    const dice = new Dice(this.#options.seed, 'churn', 0);
    while (!signal.aborted) {
      const { connection, of } = dice.pick(this.#changes);
      const told = of.next();
      const to = dice.pick(this.#publishers).url;
      if (told !== null && to !== null) this.#tell(to, connection, told);
      await delay(CHANGE_EVERY_MS);
    }
  }

  /** A publisher may be gone or refuse: polls and reconcile find what it was not told. */
  #tell(url: string, connection: string, { topic, item }: Told): void {
    const sent = notify(url, SECRET, notification(topic, item), {}, connection).then(
      ({ status }) => {
        if (status === 200) this.#notified += 1;
      },
      () => undefined,
    );
    this.#sending.add(sent);
    void sent.finally(() => this.#sending.delete(sent));
  }

  /** Checks until nothing is wrong, or what is wrong can't get right any more. */
  async #untilCurrent(withinMs: number): Promise<{ problems: FleetProblem[]; checkedAt: number }> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const checkedAt = Date.now();
      const problems = await problemsOfFleet(this.#fleet.connections).catch((error: unknown) => {
        if (Date.now() > deadline) throw error;
        return null;
      });
      const isOver = problems?.every(({ kind }) => !PASSING.has(kind)) ?? false;
      if (problems !== null && (isOver || Date.now() > deadline)) return { problems, checkedAt };
      this.#supervise();
      await delay(500);
    }
  }

  /** Starts those again that have ended by themselves, as an operator's supervisor would. */
  #supervise(): void {
    this.#publishers = this.#publishers.map((publisher) => {
      const { exitCode, signalCode } = publisher.running.process;
      if (exitCode === null && signalCode === null) return publisher;
      this.count('publisher gave up');
      return this.#start();
    });
  }

  #start(): Publisher {
    const running = this.#fleet.start();
    this.#logs.push(running);
    const publisher: Publisher = { running, url: null };
    addressOf(running).then(
      (url) => {
        publisher.url = url;
      },
      () => undefined,
    );
    return publisher;
  }
}

const ACTS = {
  'rolling restart': async (run: Storm) => {
    run.count('rolling restart');
    for (const node of run.shuffled(run.nodes())) await run.server(node).restart();
  },
  'broker killed': (run: Storm) =>
    run.killBrokers([run.pick(run.nodes())], run.patience.killed, 'broker killed'),
  'two brokers killed': (run: Storm) =>
    run.killBrokers(run.shuffled(run.nodes()).slice(0, 2), run.patience.twoKilled, 'two brokers killed'),
  'transaction coordinator killed': async (run: Storm) =>
    run.killBrokers(
      [await run.transactionCoordinator()],
      run.patience.killed,
      'transaction coordinator killed',
    ),
  'group coordinator killed': async (run: Storm) =>
    run.killBrokers([await run.groupCoordinator()], run.patience.killed, 'group coordinator killed'),
  'controller killed': async (run: Storm) =>
    run.killBrokers([await run.controller()], run.patience.killed, 'controller killed'),
  'broker paused': async (run: Storm) => {
    const node = run.pick(run.nodes());
    run.count('broker paused', `node ${node} for ${run.patience.paused} ms`);
    run.server(node).pause();
    await delay(run.patience.paused);
    run.server(node).resume();
  },
  'publisher killed': async (run: Storm) => {
    run.count('publisher killed');
    await run.replacePublisher('SIGKILL');
  },
  'publisher stopped': async (run: Storm) => {
    run.count('publisher stopped');
    await run.replacePublisher('SIGTERM');
  },
};

/** Writes the logs of the publishers to files, and resolves with their directory. */
export async function keepLogs(logs: readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'storm-'));
  await Promise.all(logs.map((log, index) => writeFile(join(dir, `publisher-${index + 1}.log`), log)));
  return dir;
}
