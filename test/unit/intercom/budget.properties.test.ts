/**
 * The request budget against a model of Intercom's, with replies of any speed and in any order; and against
 * headers that make no sense.
 */

import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Budget, type Priority } from '../../../src/intercom/budget.js';

const START = 1_700_000_000_000;
const WINDOWS = 4;
/** Longer than anybody may have to wait, on a clock that was set back meanwhile. */
const ROUND_MS = 130_000;

beforeEach(() => vi.useFakeTimers({ now: START }));
afterEach(() => vi.useRealTimers());

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Settings {
  readonly limit: number;
  readonly windowMs: number;
  /**
   * Milliseconds of a request on its way, of its work, and of its reply on its way; each request takes the
   * next.
   */
  readonly delays: readonly { readonly there: number; readonly work: number; readonly back: number }[];
  /** Whether the headers count when a request arrives, or when it is answered. */
  readonly countsAtArrival: boolean;
}

/** The API: it deals out its budget in windows and says so in its replies. */
class Api {
  readonly #settings: Settings;
  readonly #arrived = new Map<number, number>();
  #requests = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get window(): number {
    return Math.floor((Date.now() - START) / this.#settings.windowMs);
  }

  /** The headers of a reply, when it has arrived. */
  async request(): Promise<Record<string, string>> {
    const { delays, countsAtArrival } = this.#settings;
    const { there, work, back } = delays[this.#requests % delays.length] ?? { there: 1, work: 1, back: 1 };
    this.#requests += 1;
    await wait(there);
    this.#arrived.set(this.window, (this.#arrived.get(this.window) ?? 0) + 1);
    const atArrival = this.#budget();
    await wait(work);
    const headers = { ...(countsAtArrival ? atArrival : this.#budget()), date: new Date().toUTCString() };
    await wait(back);
    return headers;
  }

  #budget(): Record<string, string> {
    const { limit, windowMs } = this.#settings;
    const left = limit - (this.#arrived.get(this.window) ?? 0);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(Math.max(0, left)),
      'x-ratelimit-reset': String((START + (this.window + 1) * windowMs) / 1000),
    };
  }
}

/**
 * How many requests are started in each window, by the clock of the API, when a number of workers have more
 * to ask than they may.
 */
async function startedByWindow(settings: Settings, budget: Budget, workers: number): Promise<number[]> {
  const api = new Api(settings);
  const started = Array.from({ length: WINDOWS }, () => 0);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const work = async () => {
    while (!stop.signal.aborted) {
      await budget.acquire(stop.signal);
      started[api.window] = (started[api.window] ?? 0) + 1;
      budget.release(await api.request());
    }
  };
  const ended = Promise.allSettled(Array.from({ length: workers }, work));
  await vi.advanceTimersByTimeAsync(WINDOWS * settings.windowMs - 1);
  stop.abort(new Error('enough'));
  await vi.advanceTimersByTimeAsync(30_000);
  await ended;
  return started;
}

const upTo = (max: number) => fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max }));
const settings: fc.Arbitrary<Settings> = fc.record({
  limit: fc.integer({ min: 10, max: 60 }),
  windowMs: fc.constantFrom(5_000, 10_000),
  delays: fc.array(fc.record({ there: upTo(500), work: upTo(5_000), back: upTo(5_000) }), {
    minLength: 1,
    maxLength: 20,
    size: 'max',
  }),
  countsAtArrival: fc.boolean(),
});
const load = fc.record({
  share: fc.constantFrom(0.1, 0.25, 0.5, 0.8, 1),
  maxInFlight: fc.integer({ min: 1, max: 24 }),
  workers: fc.integer({ min: 1, max: 30 }),
});

it('starts in no window more requests than its share, however slow the replies are and however wrong our clock', async () => {
  await fc.assert(
    fc.asyncProperty(settings, load, fc.integer(), async (api, by, skew) => {
      vi.setSystemTime(START);
      const ours = Math.max(1, Math.floor(api.limit * by.share));
      // Before the first reply, requests in flight are all that is bounded.
      const maxInFlight = Math.min(by.maxInFlight, ours);
      const budget = new Budget({ share: by.share, maxInFlight, now: () => Date.now() + skew });
      const started = await startedByWindow(api, budget, by.workers);
      for (const requests of started) expect(requests).toBeLessThanOrEqual(ours);
    }),
    { numRuns: 100 },
  );
});

type Step =
  | { readonly kind: 'take'; readonly priority: Priority }
  | { readonly kind: 'give'; readonly headers: Record<string, unknown> | null }
  | { readonly kind: 'pause' | 'wait' | 'set the clock'; readonly ms: number }
  | { readonly kind: 'abort' };

const number = fc.oneof(
  fc.integer({ min: -2, max: 30 }),
  fc.integer({ min: START / 1000 - 100, max: START / 1000 + 100 }),
  fc.double(),
);
const header = fc.oneof(
  number.map(String),
  fc.string(),
  fc.array(number.map(String)),
  fc.integer({ min: START - 100_000, max: START + 100_000 }).map((ms) => new Date(ms).toUTCString()),
);
const headers = fc.record(
  {
    'x-ratelimit-limit': header,
    'x-ratelimit-remaining': header,
    'x-ratelimit-reset': header,
    date: header,
  },
  { requiredKeys: [] },
);
/** Milliseconds that our clock is ahead. */
const clock = fc.oneof(fc.integer({ min: -100_000, max: 100_000 }), fc.integer());
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('foreground' as const, 'background' as const).map(taken) },
  { weight: 4, arbitrary: fc.option(headers).map((of) => ({ kind: 'give' as const, headers: of })) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }).map((ms) => ({ kind: 'pause' as const, ms })) },
  { weight: 1, arbitrary: fc.integer({ max: 100_000 }).map((ms) => ({ kind: 'pause' as const, ms })) },
  { weight: 1, arbitrary: fc.nat(15_000).map((ms) => ({ kind: 'wait' as const, ms })) },
  { weight: 1, arbitrary: clock.map((ms) => ({ kind: 'set the clock' as const, ms })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'abort' as const }) },
);

function taken(priority: Priority): Step {
  return { kind: 'take', priority };
}

/** Whoever waits for a budget, and whoever it let through. */
class Crowd {
  readonly #budget: Budget;
  readonly #waiting = new Set<AbortController>();
  readonly #through: Priority[] = [];

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  take(priority: Priority): void {
    const stop = new AbortController();
    this.#waiting.add(stop);
    this.#budget
      .acquire(stop.signal, { priority, lane: '' })
      .then(
        () => this.#through.push(priority),
        () => undefined,
      )
      .finally(() => this.#waiting.delete(stop));
  }

  give(of: Record<string, unknown> | null): void {
    const priority = this.#through.shift();
    if (priority !== undefined) this.#budget.release(of, { priority, lane: '' });
  }

  giveAll(): void {
    while (this.#through.length > 0) this.give(null);
  }

  abort(): void {
    const [first] = this.#waiting;
    first?.abort(new Error('no longer wanted'));
  }
}

it('lets everybody through in the end without looking all the time, whatever the headers say and our clock shows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, maxInFlight) => {
        let skew = 0;
        const budget = new Budget({ share: 0.3, maxInFlight, now: () => Date.now() + skew });
        const crowd = new Crowd(budget);
        for (const each of steps) {
          if (each.kind === 'take') crowd.take(each.priority);
          else if (each.kind === 'give') crowd.give(each.headers);
          else if (each.kind === 'pause') budget.pause(each.ms);
          else if (each.kind === 'set the clock') skew = each.ms;
          else if (each.kind === 'abort') crowd.abort();
          else await vi.advanceTimersByTimeAsync(each.ms);
          await vi.advanceTimersByTimeAsync(0);
        }
        const alarms = vi.spyOn(globalThis, 'setTimeout').mockClear();
        const rounds = crowd.waiting;
        for (let round = 0; round < rounds; round += 1) {
          crowd.giveAll();
          await vi.advanceTimersByTimeAsync(ROUND_MS);
        }
        expect(crowd.waiting).toBe(0);
        expect(alarms.mock.calls.length).toBeLessThanOrEqual(rounds * (ROUND_MS / 1_000));
        vi.restoreAllMocks();
      },
    ),
    { numRuns: 200 },
  );
});
