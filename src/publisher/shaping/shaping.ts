/**
 * The shaping thread as the main thread sees it: large replies are parsed, and their rows shaped and encoded,
 * on a second core.
 *
 * The thread is optional. The main thread reads a page itself when there is one core, while the thread
 * starts, when the thread is behind, and permanently once the thread has failed.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../model/errors.js';
import type { ShapedPage, ShapingPlan } from './page.js';
import type { Answer, Order } from './thread.js';

export interface ShapingOptions {
  /** Called once, with the reason why the thread failed. */
  readonly onBroken?: (message: string) => void;
  /**
   * Milliseconds without a page after which the thread ends: it uses some 40 MB. The next page starts it
   * again.
   */
  readonly lingerMs?: number;
  /** The thread's script, if it is not the built one. */
  readonly script?: URL;
  /** Whether there is a second core. */
  readonly isWorthIt?: boolean;
}

/** When so many pages are queued for the thread, the main thread reads the page itself. */
const MAX_WAITING = 4;
const LINGER_MS = 60_000;
/** Objects of a page are short-lived: a larger young generation uses memory and saves no time. */
const LIMITS = { maxYoungGenerationSizeMb: 12 };

export class Shaping {
  readonly #options: ShapingOptions;
  #thread: Worker | null = null;
  #up: Promise<void> | null = null;
  #isUp = false;
  #isOver: boolean;
  #idle: NodeJS.Timeout | null = null;
  /** Plans that the running thread has, with their numbers. */
  #plans = new Map<ShapingPlan, number>();
  readonly #waiting = new Map<number, (page: ShapedPage | null) => void>();
  #numbers = 0;

  constructor(options: ShapingOptions = {}) {
    this.#options = options;
    this.#isOver = !(options.isWorthIt ?? availableParallelism() > 1);
  }

  /**
   * Starts the thread before the first page arrives. Resolves when the thread runs or has failed. Safe to
   * call more than once.
   */
  start(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#up ??= this.#begin();
    return this.#up;
  }

  #begin(): Promise<void> {
    try {
      const { script = new URL('./thread.js', import.meta.url) } = this.#options;
      return this.#watch(new Worker(script, { resourceLimits: LIMITS }));
    } catch (error) {
      this.#break(messageOf(error));
      return Promise.resolve();
    }
  }

  /** Resolves when the thread runs, or has ended. */
  #watch(thread: Worker): Promise<void> {
    thread.unref();
    thread.on('message', ({ id, page }: Answer) => this.#deliver(id, page));
    thread.on('error', (error) => this.#break(error.message));
    thread.on('exit', () => {
      if (this.#thread === thread) this.#break('it ended');
    });
    this.#thread = thread;
    this.#linger();
    return new Promise((resolve) => {
      thread.on('exit', () => resolve());
      thread.on('online', () => {
        this.#isUp = this.#thread === thread;
        resolve();
      });
    });
  }

  /**
   * Shapes the rows under the key `list` of a reply; null when the main thread has to read it. `columnless`:
   * see `PageShaper`.
   */
  shape(
    body: Buffer,
    list: string,
    plan: ShapingPlan,
    columnless: Iterable<string>,
  ): Promise<ShapedPage | null> {
    void this.start();
    const thread = this.#thread;
    if (thread === null || !this.#isUp || this.#waiting.size >= MAX_WAITING) return Promise.resolve(null);
    this.#linger();
    const known = this.#plans.get(plan);
    const planId = known ?? this.#next();
    this.#plans.set(plan, planId);
    const news = known === undefined ? plan : null;
    const order: Order = { id: this.#next(), body, list, planId, plan: news, columnless: [...columnless] };
    const page = new Promise<ShapedPage | null>((resolve) => this.#waiting.set(order.id, resolve));
    thread.postMessage(order);
    return page;
  }

  /** Ends the thread. Callers read the pages that it has not delivered themselves. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#end();
  }

  #next(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  #deliver(id: number, page: ShapedPage | null): void {
    this.#waiting.get(id)?.(page);
    this.#waiting.delete(id);
  }

  #break(why: string): void {
    this.#isOver = true;
    void this.#end();
    this.#options.onBroken?.(
      `the thread that shapes rows broke (${why}): they are shaped in the main thread from now on, which is slower; restart to have it again`,
    );
  }

  /** Ends the thread when no page has come for a while. */
  #linger(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(
      () => (this.#waiting.size > 0 ? this.#linger() : void this.#end()),
      this.#options.lingerMs ?? LINGER_MS,
    );
    this.#idle.unref();
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#thread = null;
    this.#up = null;
    this.#isUp = false;
    this.#plans = new Map();
    for (const id of [...this.#waiting.keys()]) this.#deliver(id, null);
    await thread?.terminate();
  }
}
