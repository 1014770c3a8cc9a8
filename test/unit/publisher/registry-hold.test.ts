/** Notifications that wait for the schema registry. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { RegistryHold } from '../../../src/publisher/registry-hold.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A hold of a table whose schema is tried with `answer`. */
function open(answer: () => Promise<void>) {
  const stop = new AbortController();
  const released: (readonly (readonly [string, number])[])[] = [];
  const triedAt: number[] = [];
  const startedAt = performance.now();
  const hold = new RegistryHold<number>({
    prepare: () => {
      triedAt.push(Math.round((performance.now() - startedAt) / 1_000));
      return answer();
    },
    onReleased: (held) => void released.push(held),
    signal: stop.signal,
  });
  return { hold, released, triedAt, stop };
}

const refuse = (): Promise<void> => Promise.reject(new PublisherError('schema-rejected', 'rejected'));
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

it('tries the schema at growing intervals, and releases each ID once with its first notification', async () => {
  let answer = refuse;
  const { hold, released, triedAt } = open(() => answer());
  hold.add('a', 1);
  expect(hold.begin()).toBe(true);
  hold.add('b', 2);
  hold.add('a', 3);
  expect(hold.begin()).toBe(false);
  await pass(200);
  expect(triedAt).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
  expect([hold.isHolding, released]).toEqual([true, []]);
  answer = () => Promise.resolve();
  await pass(60);
  expect(released).toEqual([
    [
      ['a', 1],
      ['b', 2],
    ],
  ]);
  expect(hold.isHolding).toBe(false);
});

it('continues with the intervals of a hold that ended less than a minute ago', async () => {
  const { hold, triedAt } = open(() => Promise.resolve());
  expect(hold.begin()).toBe(true);
  await pass(1);
  expect(hold.begin()).toBe(false);
  await pass(2);
  await pass(61);
  expect(hold.begin()).toBe(true);
  await pass(1);
  expect(triedAt).toEqual([1, 3, 65]);
});

it('ends with a failure of another origin, which the table reports when it publishes', async () => {
  const { hold, released } = open(() => Promise.reject(new Error('a defect')));
  hold.add('a', 1);
  hold.begin();
  await pass(1);
  expect(released).toEqual([[['a', 1]]]);
});

it('holds a bounded number of IDs', async () => {
  const { hold, released } = open(() => Promise.resolve());
  for (let id = 0; id < 20_001; id += 1) hold.add(String(id), id);
  hold.begin();
  await pass(1);
  expect(released.map((held) => held.length)).toEqual([20_000]);
});

it.each([
  [0, []],
  [1, [1]],
])('releases nothing where the session ends after %s s', async (seconds, tries) => {
  let accept: () => void = () => undefined;
  const accepted = new Promise<void>((resolve) => {
    accept = resolve;
  });
  const { hold, released, triedAt, stop } = open(() => accepted);
  hold.add('a', 1);
  hold.begin();
  await pass(seconds);
  stop.abort();
  accept();
  await pass(100);
  expect([released, triedAt]).toEqual([[], tries]);
});
