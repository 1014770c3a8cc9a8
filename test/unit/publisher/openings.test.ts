/** A bounded number of connections begins at the same time, in the order of their data's age. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionConfig } from '../../../src/config/config.js';
import { emptyState, type TableState } from '../../../src/model/state.js';
import { oldestFirst } from '../../../src/publisher/opening-order.js';
import { Openings } from '../../../src/publisher/openings.js';

const FOREVER = new AbortController().signal;

/** Work that ends when the test says so. */
function work() {
  let end: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { done, end, fail };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Openings', () => {
  it('gives its places in the order of the calls, and each one on when its work is over', async () => {
    const openings = new Openings({ places: 2 });
    const works = Array.from({ length: 5 }, work);
    const begun: number[] = [];
    const runs = works.map(({ done }, index) =>
      openings
        .run(() => {
          begun.push(index);
          return done;
        }, FOREVER)
        .catch((error: Error) => error.message),
    );
    await settled();
    expect(begun).toEqual([0, 1]);
    works[1]?.end();
    await settled();
    expect(begun).toEqual([0, 1, 2]);
    works[0]?.fail(new Error('no topic'));
    await settled();
    expect(begun).toEqual([0, 1, 2, 3]);
    for (const { end } of works) end();
    expect(await Promise.all(runs)).toEqual(['no topic', undefined, undefined, undefined, undefined]);
  });

  it('has as many places after any run of successes, failures and stops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('end', 'fail', 'stop')), async (fates) => {
        const openings = new Openings({ places: 2 });
        let most = 0;
        let now = 0;
        await Promise.all(
          fates.map(async (fate) => {
            const stop = new AbortController();
            const run = openings.run(async () => {
              now += 1;
              most = Math.max(most, now);
              await settled();
              now -= 1;
              if (fate === 'fail') throw new Error('failed');
            }, stop.signal);
            if (fate === 'stop') stop.abort();
            await run.catch(() => undefined);
          }),
        );
        const both = [work(), work(), work()];
        const begun: number[] = [];
        const runs = both.map(({ done }, index) =>
          openings.run(() => {
            begun.push(index);
            return done;
          }, FOREVER),
        );
        await settled();
        expect(begun).toEqual([0, 1]);
        expect(most).toBeLessThanOrEqual(2);
        for (const { end } of both) end();
        await Promise.all(runs);
      }),
      { numRuns: 50 },
    );
  });

  it('takes a place from work that hangs, once', async () => {
    const openings = new Openings({ places: 1, longestMs: 20 });
    const hanging = work();
    const first = openings.run(() => hanging.done, FOREVER);
    const second = work();
    let begun = 0;
    const others = [0, 1].map(() =>
      openings.run(() => {
        begun += 1;
        return second.done;
      }, FOREVER),
    );
    await expect.poll(() => begun, { interval: 1 }).toBe(1);
    // The late end of the first one frees no place again.
    hanging.end();
    await first;
    await settled();
    expect(begun).toBe(1);
    second.end();
    await Promise.all(others);
    expect(begun).toBe(2);
  });

  it('ends a wait with `stopped`', async () => {
    const openings = new Openings({ places: 1 });
    const first = work();
    const running = openings.run(() => first.done, FOREVER);
    const stop = new AbortController();
    const waiting = openings.run(async () => 'begun', stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'stopped' });
    await expect(openings.run(async () => 'begun', stop.signal)).rejects.toMatchObject({ code: 'stopped' });
    first.end();
    await running;
    expect(await openings.run(async () => 'begun', FOREVER)).toBe('begun');
  });
});

describe('oldestFirst', () => {
  const connection = (name: string) =>
    ({ name, tables: [{ name: 'contacts' }, { name: 'tags' }] }) as unknown as ConnectionConfig;

  const state = (startedAt: string, more: Partial<TableState> = {}): TableState => ({
    ...emptyState(),
    cycle: { number: 1, startedAt, finishedAt: startedAt, records: 0, deletes: 0, notShown: 0 },
    ...more,
  });

  const order = (states: Record<string, TableState | 'unreadable'>, ...names: string[]) =>
    oldestFirst(names.map(connection), {
      get: (name, table) => {
        const found = states[`${name}/${table}`];
        if (found === 'unreadable') throw new Error('no JSON');
        return found;
      },
    }).map(({ name }) => name);

  const [old, older, fresh] = ['2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z'];

  it('goes by the table that was complete longest ago', () => {
    const states = {
      'a/contacts': state(fresh),
      'a/tags': state(fresh),
      'b/contacts': state(fresh),
      'b/tags': state(older),
      'c/contacts': state(old),
      'c/tags': state(old),
    };
    expect(order(states, 'a', 'b', 'c')).toEqual(['b', 'c', 'a']);
  });

  it('puts connections without a complete table last, in their order', () => {
    const states = { 'c/tags': state(fresh), 'b/tags': 'unreadable' as const, 'd/tags': emptyState() };
    expect(order(states, 'a', 'b', 'c', 'd')).toEqual(['c', 'a', 'b', 'd']);
  });

  it('goes by the bookmark of a table whose last cycle was not complete', () => {
    const cut = { number: 1, startedAt: fresh, finishedAt: null, records: 0, deletes: 0, notShown: 0 };
    const bookmark = Date.parse(older) / 1000;
    const states = { 'a/tags': state(old), 'b/contacts': state(fresh, { cycle: cut, bookmark }) };
    expect(order(states, 'a', 'b')).toEqual(['b', 'a']);
  });
});
