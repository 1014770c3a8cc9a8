/**
 * Everything at once, from a seed: a workspace that changes, an API that fails in every way, publishers that
 * are killed, stopped and paused, a broker and a registry that go away. At the end everything comes to rest,
 * and the whole log is looked through.
 */

import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultKind } from '../../src/simulator/faults.js';
import { Dice } from '../../src/simulator/random.js';
import { Changes } from './changes.js';
import { endCommand, type RunningCommand, startCommand } from './command.js';
import { Project } from './project.js';
import { shuffled } from './shuffled.js';
import { problemsOf } from './verify.js';

/** A server that can be killed and comes back in the same place. */
export interface Killable {
  kill(): void;
  restart(): Promise<void>;
}

export interface SoakOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** Publishers that run side by side. */
  readonly instances: number;
  /** Servers to be killed now and then, by name; none where they are shared. */
  readonly servers: Readonly<Record<string, Killable>>;
  /** Told of each action. */
  readonly log: (line: string) => void;
}

export interface SoakResult {
  /** What is wrong with the topics; empty when nothing is. */
  readonly problems: readonly string[];
  /** How often each thing happened. */
  readonly counts: ReadonlyMap<string, number>;
  readonly versions: number;
}

/** Longer than a member of the group may be silent. */
const PAUSED_MS = 20_000;
const REST_MS = 180_000;

const FAULTS: readonly FaultKind[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429, retryAfter: 1 },
  { kind: 'reset' },
  { kind: 'reset-mid-body' },
  { kind: 'empty-200' },
  { kind: 'html' },
  { kind: 'html', status: 502 },
  { kind: 'truncated-json' },
  { kind: 'error-list-200' },
  { kind: 'slow', ms: 1_500 },
  { kind: 'slow-body', ms: 1_500 },
];

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const run = new Soak(options, await openProject(options));
  try {
    await run.disturb();
    const problems = await run.rest();
    return { problems, counts: run.counts, versions: await run.versions() };
  } finally {
    await run.close();
  }
}

function openProject({ seed, brokers, registryUrl }: SoakOptions): Promise<Project> {
  const dice = new Dice(seed, 'settings', 0);
  return Project.open({
    brokers,
    registryUrl,
    simulator: {
      seed,
      counts: { contacts: 700, companies: 220, conversations: 250, parts: 4 },
      latency: [1, 12],
      scrollExpirySeconds: 2,
      indexDelay: dice.below(4),
      cursors: dice.pick(['keyset', 'position'] as const),
      scrollEnd: dice.pick(['empty', '404'] as const),
      inclusive: dice.chance(0.5),
      timeZone: dice.pick(['America/Los_Angeles', 'Asia/Kolkata', 'Pacific/Auckland', 'UTC'] as const),
      budget: { limit: 400, windowSeconds: 5 },
    },
    connection: {
      schedule: '* * * * * *',
      deletes: { reconcile: '*/5 * * * * *' },
      retry: { timeout: '5s' },
    },
  });
}

class Soak {
  readonly #options: SoakOptions;
  readonly #project: Project;
  readonly #dice: Dice;
  /** Thrown by requests, whose number depends on the machine: what is done to the publishers does not. */
  readonly #requestDice: Dice;
  readonly #changes: Changes;
  readonly #events = new Map<string, number>();
  #running: RunningCommand[];

  constructor(options: SoakOptions, project: Project) {
    this.#options = options;
    this.#project = project;
    this.#dice = new Dice(options.seed, 'soak', 0);
    this.#requestDice = new Dice(options.seed, 'requests', 0);
    this.#changes = new Changes(project.simulator.workspace, options.seed, 'changes');
    this.#running = Array.from({ length: options.instances }, () => this.#start());
  }

  get counts(): ReadonlyMap<string, number> {
    return new Map([...this.#events, ...this.#changes.counts].sort());
  }

  /** Records in all topics of the project. */
  async versions(): Promise<number> {
    return Object.values(await this.#project.counts()).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Does something every now and then, each thing as often as the deck holds it, until the time is over and
   * everything was done once.
   */
  async disturb(): Promise<void> {
    const { simulator } = this.#project;
    const end = Date.now() + this.#options.seconds * 1000;
    simulator.onRequest = () => {
      if (this.#requestDice.chance(0.05)) this.#changes.next();
    };
    do {
      for (const act of shuffled(this.#deck(), this.#dice)) {
        await act();
        this.#supervise();
        await delay(50 + this.#dice.below(500));
      }
    } while (Date.now() < end);
    simulator.onRequest = null;
    simulator.faults.clear();
    this.#count('end of the disturbance');
  }

  /** Waits until the topics hold the workspace; returns what is still wrong when they never do. */
  async rest(): Promise<string[]> {
    const deadline = Date.now() + REST_MS;
    let problems = await problemsOf(this.#project);
    while (problems.length > 0 && Date.now() < deadline) {
      this.#supervise();
      await delay(1_000);
      problems = await problemsOf(this.#project);
    }
    return problems;
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((running) => endCommand(running, 'SIGKILL')));
    await this.#project.close();
  }

  #deck(): (() => Promise<void>)[] {
    const { servers, seconds } = this.#options;
    const often = [this.#change, this.#change, this.#change, this.#fault, this.#fault, this.#fault];
    const seldom = [this.#kill, this.#stop, this.#holdScroll];
    // Whatever takes as long as a member's silence may, not in a short run.
    const rare =
      seconds > 60 ? [this.#pause, ...Object.keys(servers).map((name) => () => this.#restart(name))] : [];
    return [...often, ...often, ...often, ...seldom, ...rare].map((act) => () => act.call(this));
  }

  async #change(): Promise<void> {
    const many = 1 + this.#dice.below(8);
    for (let change = 0; change < many; change += 1) this.#changes.next();
  }

  async #fault(): Promise<void> {
    const fault = this.#dice.pick(FAULTS);
    const times = 1 + this.#dice.below(6);
    this.#project.simulator.faults.inject({
      ...fault,
      times,
      probability: 0.5,
      carriedOut: this.#dice.chance(0.5),
    });
    this.#count(`fault ${fault.kind}${'status' in fault ? ` ${fault.status}` : ''}`);
  }

  async #holdScroll(): Promise<void> {
    const { simulator } = this.#project;
    simulator.scroll.heldUntil = simulator.options.now() + 3;
    this.#count('scroll held elsewhere');
  }

  async #kill(): Promise<void> {
    this.#count('publisher killed');
    await this.#replace('SIGKILL');
  }

  async #stop(): Promise<void> {
    this.#count('publisher stopped');
    await this.#replace('SIGTERM');
  }

  async #replace(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const [first, ...others] = this.#running;
    this.#running = [...others, this.#start()];
    if (first !== undefined) await endCommand(first, signal);
  }

  /** Longer than the group waits: it comes back as a publisher whose connection belongs to another one. */
  async #pause(): Promise<void> {
    this.#count('publisher paused');
    const paused: ChildProcess | undefined = this.#dice.pick(this.#running).process;
    paused.kill('SIGSTOP');
    await delay(PAUSED_MS);
    paused.kill('SIGCONT');
  }

  async #restart(name: string): Promise<void> {
    this.#count(`${name} killed`);
    const server = this.#options.servers[name];
    server?.kill();
    await delay(this.#dice.below(4_000));
    await server?.restart();
  }

  /** Starts those again that have ended by themselves, as whoever runs them would. */
  #supervise(): void {
    const ended = this.#running.filter(({ process }) => process.exitCode !== null);
    for (const { stderr } of ended) this.#count(`publisher gave up: ${lastMessage(stderr())}`);
    const alive = this.#running.filter((running) => !ended.includes(running));
    this.#running = [...alive, ...ended.map(() => this.#start())];
  }

  #start(): RunningCommand {
    return startCommand(['run', '--config', this.#project.config]);
  }

  #count(what: string): void {
    this.#options.log(what);
    this.#events.set(what, (this.#events.get(what) ?? 0) + 1);
  }
}

/** Without what differs from one run to the next. */
function lastMessage(stderr: string): string {
  return (stderr.trim().split('\n').at(-1) ?? '').replaceAll(/\d+/g, 'N').slice(0, 160);
}
