import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Schedule } from '../../../src/sync/schedule.js';

const never = new AbortController().signal;
let schedule: Schedule;

beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:30Z') }));
afterEach(() => {
  schedule.stop();
  vi.useRealTimers();
});

/** What is due now; an empty list when nothing is. */
async function due(): Promise<string[]> {
  const limit = new AbortController();
  const next = schedule.next(limit.signal);
  await Promise.resolve();
  limit.abort();
  return next;
}

describe('Schedule', () => {
  it('has every table due at the start, and then at its times', async () => {
    schedule = new Schedule([
      { name: 'contacts', schedule: '* * * * *' },
      { name: 'tags', schedule: '0 * * * *' },
    ]);
    expect(await schedule.next(never)).toEqual(['contacts', 'tags']);
    schedule.done('contacts');
    schedule.done('tags');
    expect(await due()).toEqual([]);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await schedule.next(never)).toEqual(['contacts']);
  });

  it('lets no table wait for another one, and none overlap itself', async () => {
    schedule = new Schedule([
      { name: 'contacts', schedule: '* * * * *' },
      { name: 'conversations', schedule: '* * * * *' },
    ]);
    await schedule.next(never);
    schedule.done('contacts');
    await vi.advanceTimersByTimeAsync(180_000);
    expect(await schedule.next(never)).toEqual(['contacts']);
    schedule.done('contacts');
    expect(await due()).toEqual([]);
    // However often its time came round while it was read, it is due once.
    const next = schedule.next(never);
    schedule.done('conversations');
    expect(await next).toEqual(['conversations']);
    schedule.done('conversations');
    expect(await due()).toEqual([]);
  });

  it('has a table without a schedule due as soon as it is done', async () => {
    schedule = new Schedule([{ name: 'contacts', schedule: null }]);
    expect(await schedule.next(never)).toEqual(['contacts']);
    expect(await due()).toEqual([]);
    schedule.done('contacts');
    expect(await schedule.next(never)).toEqual(['contacts']);
  });

  it('has a table due at once whose cycle was cut, and not one whose cycle failed', async () => {
    schedule = new Schedule([
      { name: 'contacts', schedule: '0 0 1 1 *' },
      { name: 'conversations', schedule: '0 0 1 1 *' },
    ]);
    await schedule.next(never);
    schedule.done('contacts', 'recorded');
    schedule.done('conversations', 'cut');
    expect(await due()).toEqual(['conversations']);
    schedule.pause('conversations');
    schedule.done('conversations', 'cut');
    expect(await due()).toEqual([]);
  });

  it('has everything due again after a failure of the connection', async () => {
    schedule = new Schedule([{ name: 'contacts', schedule: '* * * * *' }]);
    await schedule.next(never);
    schedule.allDue();
    expect(await schedule.next(never)).toEqual(['contacts']);
  });

  it('has no paused table due, whatever its time, until it is resumed', async () => {
    schedule = new Schedule([
      { name: 'contacts', schedule: '* * * * *' },
      { name: 'tags', schedule: null },
    ]);
    schedule.pause('contacts');
    expect(await schedule.next(never)).toEqual(['tags']);
    schedule.pause('tags');
    schedule.done('tags');
    await vi.advanceTimersByTimeAsync(180_000);
    schedule.request('contacts');
    expect(await due()).toEqual([]);
    const next = schedule.next(never);
    schedule.resume('contacts');
    expect(await next).toEqual(['contacts']);
    schedule.resume('contacts');
    expect(await due()).toEqual([]);
  });

  it('has a table due once more that is requested while it is read', async () => {
    schedule = new Schedule([{ name: 'contacts', schedule: '0 0 1 1 *' }]);
    await schedule.next(never);
    schedule.request('contacts');
    expect(await due()).toEqual([]);
    schedule.done('contacts');
    expect(await schedule.next(never)).toEqual(['contacts']);
  });
});
