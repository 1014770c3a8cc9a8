import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Budget } from '../../../src/intercom/budget.js';

const never = new AbortController().signal;
setMaxListeners(0, never);
const headers = (limit: number, remaining: number, resetAtMs: number) => ({
  'x-ratelimit-limit': String(limit),
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(resetAtMs / 1000),
});

const BEHIND = { priority: 'background', lane: '' } as const;

/** Starts `count` requests and tells how many were let through at once. */
async function started(budget: Budget, count: number): Promise<number> {
  let through = 0;
  for (let i = 0; i < count; i += 1) {
    void budget.acquire(never).then(() => {
      through += 1;
    });
  }
  await vi.advanceTimersByTimeAsync(0);
  return through;
}

describe('Budget', () => {
  const start = 1_700_000_000_000;
  beforeEach(() => vi.useFakeTimers({ now: start }));
  afterEach(() => vi.useRealTimers());

  it('bounds only the requests in flight until the API has said something', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 3 });
    expect(await started(budget, 10)).toBe(3);
  });

  it('stops at what the last response left, and goes on when the window ends', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 100 });
    await budget.acquire(never);
    budget.release(headers(10, 4, start + 10_000));
    expect(await started(budget, 9)).toBe(4);
    for (let i = 0; i < 4; i += 1) budget.release(null);
    await vi.advanceTimersByTimeAsync(9_900);
    expect(budget.inFlight).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(budget.inFlight).toBe(5);
  });

  it('keeps to its share of the window', async () => {
    const budget = new Budget({ share: 0.5, maxInFlight: 100 });
    await budget.acquire(never);
    budget.release(headers(10, 9, start + 10_000));
    expect(await started(budget, 9)).toBe(4);
  });

  it('takes the lowest report within a window for the newest', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 100 });
    await started(budget, 2);
    budget.release(headers(10, 1, start + 10_000));
    budget.release(headers(10, 8, start + 10_000));
    expect(await started(budget, 5)).toBeLessThanOrEqual(1);
  });

  it('waits as long as a refusal says', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 100 });
    budget.pause(3_000);
    const done = vi.fn();
    void budget.acquire(never).then(done);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(done).toHaveBeenCalled();
  });

  it('tries with one request at a time after a refusal, until one is accepted', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 100 });
    const refuse = () => {
      budget.pause(1_000);
      budget.release({}, undefined, null);
    };
    expect(await started(budget, 8)).toBe(8);
    for (let i = 0; i < 8; i += 1) refuse();
    // What was under way together counts once.
    expect(budget.refusals).toBe(1);
    void started(budget, 8);
    const inFlightAfter = async (end: () => void) => {
      end();
      await vi.advanceTimersByTimeAsync(1_100);
      return budget.inFlight;
    };
    expect(await inFlightAfter(() => undefined)).toBe(1);
    expect(await inFlightAfter(refuse)).toBe(1);
    expect(budget.refusals).toBe(2);
    expect(await inFlightAfter(() => budget.release(null))).toBe(1);
    expect(await inFlightAfter(() => budget.release({}, undefined, 10))).toBe(5);
    expect(budget.refusals).toBe(0);
  });

  it('goes on when no response says anything about the window', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 100 });
    await budget.acquire(never);
    budget.release(headers(2, 1, start + 10_000));
    await vi.advanceTimersByTimeAsync(10_100);
    expect(await started(budget, 5)).toBe(2);
    budget.release(null);
    budget.release(null);
    await vi.advanceTimersByTimeAsync(10_100);
    expect(budget.inFlight).toBe(2);
  });

  it('rejects who waits when the work is stopped', async () => {
    const stop = new AbortController();
    const budget = new Budget({ share: 1, maxInFlight: 1 });
    await budget.acquire(never);
    const waiting = budget.acquire(stop.signal);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });

  it('lets work that can wait go one by one, behind everybody, and leaves half of the budget', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 2 });
    const order: string[] = [];
    const acquire = (name: string, priority: 'foreground' | 'background') =>
      void budget.acquire(never, { priority, lane: '' }).then(() => order.push(name));
    acquire('reconcile 1', 'background');
    acquire('reconcile 2', 'background');
    acquire('poll 1', 'foreground');
    acquire('poll 2', 'foreground');
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['reconcile 1', 'poll 1']);
    budget.release(headers(10, 8, start + 10_000), BEHIND);
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['reconcile 1', 'poll 1', 'poll 2']);
    budget.release(headers(10, 7, start + 10_000));
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['reconcile 1', 'poll 1', 'poll 2', 'reconcile 2']);
    budget.release(headers(10, 6, start + 10_000));
    budget.release(headers(10, 6, start + 10_000), BEHIND);
    expect(budget.use.used).toBe(4);
    acquire('reconcile 3', 'background');
    await vi.advanceTimersByTimeAsync(0);
    budget.release(null, BEHIND);
    acquire('reconcile 4', 'background');
    await vi.advanceTimersByTimeAsync(0);
    expect(order.at(-1)).toBe('reconcile 3');
    acquire('poll 3', 'foreground');
    await vi.advanceTimersByTimeAsync(0);
    expect(order.at(-1)).toBe('poll 3');
    await vi.advanceTimersByTimeAsync(10_100);
    expect(order.at(-1)).toBe('reconcile 4');
  });

  it('serves lanes in turns, however much each of them asks', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 1 });
    const order: string[] = [];
    const acquire = (lane: string) =>
      void budget.acquire(never, { priority: 'foreground', lane }).then(() => order.push(lane));
    for (const lane of ['parts', 'parts', 'parts', 'parts', 'contacts', 'contacts', 'tags']) acquire(lane);
    for (let i = 0; i < 7; i += 1) {
      await vi.advanceTimersByTimeAsync(0);
      budget.release(null);
    }
    expect(order).toEqual(['parts', 'parts', 'contacts', 'tags', 'parts', 'contacts', 'parts']);
  });

  it('does not let those through whose wait was given up', async () => {
    const budget = new Budget({ share: 1, maxInFlight: 1 });
    await budget.acquire(never);
    const stop = new AbortController();
    const given = budget.acquire(stop.signal, { priority: 'foreground', lane: 'tags' });
    const next = vi.fn();
    void budget.acquire(never).then(next);
    stop.abort(new Error('given up'));
    await expect(given).rejects.toThrow('given up');
    budget.release(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(next).toHaveBeenCalled();
    expect(budget.inFlight).toBe(1);
  });

  it('keeps as many requests under way as latency and budget ask for', async () => {
    const inFlightAt = async (ms: number, limit: number) => {
      const budget = new Budget({ share: 1, maxInFlight: 100 });
      for (let i = 0; i < 300; i += 1) {
        await budget.acquire(never);
        budget.release({}, undefined, ms);
        // A refusal comes at once, wherever the API is.
        await budget.acquire(never);
        budget.release({}, undefined, null);
      }
      await budget.acquire(never);
      budget.release(headers(limit, limit, start + 10_000), undefined, ms);
      return started(budget, 200);
    };
    // A near API needs few, a far one more; and a budget of 500 a second at 100 ms keeps 75 under way.
    expect(await inFlightAt(1, 1_000)).toBe(6);
    expect(await inFlightAt(100, 1_000)).toBe(50);
    expect(await inFlightAt(100, 5_000)).toBe(75);
    expect(await inFlightAt(900, 10_000)).toBe(100);
  });
});
