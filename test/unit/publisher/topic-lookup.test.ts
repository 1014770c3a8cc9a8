import { expect, it, onTestFinished, vi } from 'vitest';
import { TopicLookup } from '../../../src/publisher/topic-lookup.js';

const version = { hash: 'h', updatedAt: null, versionTime: null, publishedAfter: 0 };

/** Readings that end when they are told to, with every key that they were given. */
function open(stop = new AbortController()) {
  const readings: {
    readonly keys: readonly string[];
    onRead(bytes: number): void;
    end(error?: Error): void;
  }[] = [];
  const lookup = new TopicLookup(
    (keys, onRead) =>
      new Promise((resolve, reject) => {
        const all = [...keys];
        const end = (error?: Error) =>
          error === undefined ? resolve(new Map(all.map((key) => [key, version]))) : reject(error);
        readings.push({ keys: all, onRead, end });
      }),
    stop.signal,
  );
  return { lookup, readings, stop };
}

it('serves everyone who asks before a reading begins with that one, and the others with the next', async () => {
  const { lookup, readings, stop } = open();
  const first = Promise.all([lookup.find(['a']), lookup.find(['b', 'a'])]);
  await expect.poll(() => readings.length).toBe(1);
  const second = Promise.all([lookup.find(['c']), lookup.find(['d'])]);
  readings[0]?.end();
  expect((await first).map((versions) => [...versions.keys()])).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  // Ends the pause behind the first reading.
  stop.abort();
  await expect.poll(() => readings.length).toBe(2);
  expect(readings.map(({ keys }) => keys)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  readings[1]?.end();
  await second;
});

it('rests four times as long as a reading took', async () => {
  const { lookup, readings } = open();
  const first = lookup.find(['a']);
  await expect.poll(() => readings.length).toBe(1);
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 100));
  readings[0]?.onRead(100_000_000);
  readings[0]?.end();
  await first;
  const took = performance.now() - began;
  const second = lookup.find(['b']);
  await expect.poll(() => readings.length, { timeout: 4_000 }).toBe(2);
  expect(performance.now() - began).toBeGreaterThanOrEqual(4 * took);
  readings[1]?.end();
  await second;
});

it('rests for what a reading has read, not for the time that it has waited for Kafka', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { lookup, readings } = open();
  const first = lookup.find(['a']);
  await vi.advanceTimersByTimeAsync(0);
  await vi.advanceTimersByTimeAsync(60_000);
  readings[0]?.onRead(300_000);
  readings[0]?.onRead(200_000);
  readings[0]?.end();
  await first;
  void lookup.find(['b']);
  // Four times the 250 ms that 500 kB may take.
  await vi.advanceTimersByTimeAsync(999);
  expect(readings).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(readings).toHaveLength(2);
});

it('reads again after a reading that failed, and tells those alone who waited for that one', async () => {
  const { lookup, readings, stop } = open();
  const first = lookup.find(['a']);
  await expect.poll(() => readings.length).toBe(1);
  readings[0]?.end(new Error('no leader'));
  await expect(first).rejects.toThrow('no leader');
  stop.abort();
  const second = lookup.find(['a']);
  await expect.poll(() => readings.length).toBe(2);
  readings[1]?.end();
  expect((await second).has('a')).toBe(true);
});
