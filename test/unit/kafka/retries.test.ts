import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorFromCode } from '../../../src/kafka/protocol-error.js';
import { type DelayReport, Retries } from '../../../src/kafka/retries.js';

const NOT_ENOUGH_REPLICAS = 19;
const MESSAGE_TOO_LARGE = 10;
const UNKNOWN_TOPIC = 3;
const CONCURRENT_TRANSACTIONS = 51;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Fails with this code until so many milliseconds have passed. */
function failingFor(ms: number, code: number) {
  const startedAt = performance.now();
  let requests = 0;
  const request = async () => {
    requests += 1;
    if (performance.now() - startedAt < ms) throw errorFromCode(code);
    return requests;
  };
  return request;
}

async function outcomeOf(retries: Retries, request: () => Promise<unknown>, withinMs: number) {
  const outcome = retries.run(request).then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  await vi.advanceTimersByTimeAsync(withinMs);
  return Promise.race([outcome, Promise.resolve('pending')]);
}

describe('Retries', () => {
  it('throws at once what can’t pass by itself', async () => {
    const outcome = await outcomeOf(new Retries(), failingFor(1e9, MESSAGE_TOO_LARGE), 0);
    expect(outcome).toMatchObject({ error: { type: 'MESSAGE_TOO_LARGE' } });
    const defect = new TypeError('undefined is not a function');
    expect(await outcomeOf(new Retries(), () => Promise.reject(defect), 0)).toEqual({ error: defect });
  });

  it('reports nothing of what passes within seconds', async () => {
    const reports: DelayReport[] = [];
    const retries = new Retries((report) => reports.push(report));
    const outcome = await outcomeOf(retries, failingFor(3_000, CONCURRENT_TRANSACTIONS), 10_000);
    expect(outcome).toMatchObject({ value: expect.any(Number) });
    expect(reports).toEqual([]);
  });

  it('reports once what it waits for, and once how long that took', async () => {
    const reports: DelayReport[] = [];
    const retries = new Retries((report) => reports.push(report));
    await outcomeOf(retries, failingFor(40_000, NOT_ENOUGH_REPLICAS), 60_000);
    expect(reports).toEqual([
      {
        kind: 'waiting',
        ms: expect.any(Number),
        error: expect.objectContaining({ type: 'NOT_ENOUGH_REPLICAS' }),
      },
      { kind: 'over', ms: expect.any(Number) },
    ]);
    expect(reports[0]?.ms).toBeLessThan(7_000);
    expect(reports[1]?.ms).toBeGreaterThan(39_000);
  });

  it.each([
    [NOT_ENOUGH_REPLICAS, 119_000, 'pending'],
    [NOT_ENOUGH_REPLICAS, 125_000, { error: expect.anything() }],
    [UNKNOWN_TOPIC, 14_000, 'pending'],
    [UNKNOWN_TOPIC, 17_000, { error: expect.anything() }],
  ])('gives up in time: code %i after %i ms', async (code, ms, expected) => {
    expect(await outcomeOf(new Retries(), failingFor(1e9, code), ms)).toEqual(expected);
  });

  it('gives up sooner once it is told to', async () => {
    const retries = new Retries();
    retries.endIn(10_000);
    const request = failingFor(1e9, NOT_ENOUGH_REPLICAS);
    expect(await outcomeOf(retries, request, 9_000)).toBe('pending');
    expect(await outcomeOf(retries, request, 2_000)).toMatchObject({
      error: { type: 'NOT_ENOUGH_REPLICAS' },
    });
  });
});
