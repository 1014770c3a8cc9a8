/** `await using` with what the library returns. */

import { once } from 'node:events';
import { expect, it } from 'vitest';
import { readTable } from '../../../src/index.js';
import { disposable } from '../../../src/library/disposable.js';
import { Runs } from '../../../src/library/runs.js';

/** Counts up; behind `last` it waits for the signal, as a reading does that follows. */
async function* counting(log: string[], last: number, signal: AbortSignal) {
  try {
    for (let number = 1; number <= last; number += 1) yield number;
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    log.push('disconnected');
  }
}

function open(last: number) {
  const log: string[] = [];
  const end = new AbortController();
  return { log, reading: disposable(counting(log, last, end.signal), () => end.abort()) };
}

it('a reading ends with its block, wherever it stands', async () => {
  const { log, reading } = open(3);
  {
    await using numbers = reading;
    expect(await numbers.next()).toEqual({ value: 1, done: false });
    expect(log).toEqual([]);
  }
  expect(log).toEqual(['disconnected']);
  expect(await reading.next()).toEqual({ value: undefined, done: true });
});

it('a reading that waits for the next version ends with its block, too', async () => {
  const { log, reading } = open(0);
  let pending: Promise<unknown> | null = null;
  {
    await using numbers = reading;
    pending = numbers.next();
  }
  expect(await pending).toEqual({ value: undefined, done: true });
  expect(log).toEqual(['disconnected']);
});

it('a reading ends once, with a loop that was left and with an error in the block', async () => {
  const { log, reading } = open(3);
  const failing = async () => {
    await using numbers = reading;
    for await (const number of numbers) if (number === 2) break;
    throw new Error('of the caller');
  };
  await expect(failing()).rejects.toThrow('of the caller');
  expect(log).toEqual(['disconnected']);
});

it('a reading that never began opens nothing', async () => {
  const source = { kafka: { brokers: ['127.0.0.1:1'] }, schemaRegistry: { url: 'http://127.0.0.1:1' } };
  const reading = readTable('contacts', { ...source, connection: 'acme' });
  await reading[Symbol.asyncDispose]();
  expect(await reading.next()).toEqual({ value: undefined, done: true });
});

it('what runs is ended before anything is closed, and nothing begins behind it', async () => {
  const log: string[] = [];
  const runs = new Runs();
  const work = async (signal: AbortSignal) => {
    await once(signal, 'abort');
    await Promise.resolve();
    log.push('over');
    throw new Error('it was stopped');
  };
  const running = runs.during(new AbortController().signal, work);
  const failed = expect(running).rejects.toThrow('it was stopped');
  await runs.end();
  log.push('closed');
  await failed;
  expect(log).toEqual(['over', 'closed']);
  await expect(runs.during(new AbortController().signal, work)).rejects.toMatchObject({ code: 'stopped' });
});

it('the caller’s own signal ends a run alone', async () => {
  const runs = new Runs();
  const stop = new AbortController();
  const until = async (signal: AbortSignal) => {
    await once(signal, 'abort');
    return 'ended';
  };
  const first = runs.during(stop.signal, until);
  let isOver = false;
  const second = runs.during(new AbortController().signal, until).then((result) => {
    isOver = true;
    return result;
  });
  stop.abort();
  expect(await first).toBe('ended');
  expect(isOver).toBe(false);
  await runs.end();
  expect(await second).toBe('ended');
});
