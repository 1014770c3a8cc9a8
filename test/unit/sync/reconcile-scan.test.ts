/** Reconcile by itself: what it requests, what it finds, how far it has compared. */

import { describe, expect, it } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { rowOf } from '../../../src/model/row.js';
import type { Window } from '../../../src/model/state.js';
import { type IdSource, ReconcileScan } from '../../../src/sync/reconcile.js';
import { page, row } from './table-model.js';

function source(known: ReadonlyMap<string, number>, shown: readonly string[], gone: readonly string[]) {
  const pulled: Window[] = [];
  const asked: string[] = [];
  let atOnce = 0;
  let most = 0;
  const idSource: IdSource = {
    known: async () => ({ times: known, until: null }),
    async *pull(window) {
      pulled.push(window);
      yield page(shown.map((id) => row(id, known.get(id) ?? null)));
    },
    isGone: async (id) => {
      asked.push(id);
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return gone.includes(id);
    },
    grain: async () => ({ unit: 'second' }),
  };
  return { idSource, pulled, asked, most: () => most };
}

describe('ReconcileScan', () => {
  it('asks by ID for what a search does not show, and only an answer makes it gone', async () => {
    const known = new Map([
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ]);
    const { idSource, pulled, asked } = source(known, ['b'], ['c']);
    const scan = new ReconcileScan(idSource, null);
    expect(scan.drain()).toEqual({ gone: [], differs: [], unread: [], reached: null, over: false });
    await scan.ended;
    expect(pulled).toEqual([{ from: 10, to: 30 }]);
    expect(asked).toEqual(['a', 'c']);
    expect(scan.failure).toBeNull();
    expect(scan.drain()).toEqual({ gone: ['c'], differs: [], unread: [], reached: 30, over: true });
    expect(scan.drain()).toEqual({ gone: [], differs: [], unread: [], reached: 30, over: true });
  });

  it('finds rows whose content differs, and rows that the topic does not have, between the times that it knows', async () => {
    const { idSource, pulled } = source(
      new Map([
        ['a', 10],
        ['b', 20],
        ['c', 30],
      ]),
      [],
      [],
    );
    const hashes = new Map([
      ['a', 'a10'],
      ['b', 'other'],
      ['c', 'c30'],
    ]);
    const shown = [row('c', 30), row('b', 20), row('unknown', 15), row('broken', 12), row('a', 10)];
    const scan = new ReconcileScan(
      {
        ...idSource,
        known: async (after) => ({ ...(await idSource.known(after)), hashes }),
        async *pull(window) {
          pulled.push(window);
          yield page(shown);
        },
        start: 5,
        hashOf: async ({ id, updated_at }) => (id === 'broken' ? null : `${id}${updated_at}`),
      },
      null,
    );
    await scan.ended;
    expect(pulled).toEqual([{ from: 5, to: 30 }]);
    expect(scan.drain()).toEqual({
      gone: [],
      differs: ['b', 'unknown'],
      unread: [],
      reached: 30,
      over: true,
    });
  });

  it('compares neither what is no row nor what is set aside, and names the row whose content can’t be had', async () => {
    const times = new Map(['a', 'b', 'c'].map((id, index) => [id, 10 * (index + 1)]));
    const { idSource } = source(times, [], []);
    const broken = new PublisherError('api-error', 'GET /contacts/b/tags: 500');
    const hashed: unknown[] = [];
    const scan = new ReconcileScan(
      {
        ...idSource,
        known: async () => ({ times, hashes: new Map(), until: null }),
        async *pull() {
          yield page([row('a', 10), rowOf('no row'), row('a', 10), row('b', 20), row('c', 30)]);
        },
        hashOf: async ({ id }) => {
          hashed.push(id);
          if (id === 'b') throw broken;
          return 'another';
        },
      },
      null,
      () => new Set(['c']),
    );
    await scan.ended;
    expect(hashed).toEqual(expect.arrayContaining(['a', 'b']));
    expect(new Set(hashed).size).toBe(2);
    const unread = [{ id: 'b', window: null, error: broken }];
    const findings = scan.drain();
    expect(findings).toEqual({ gone: [], differs: ['a'], unread, reached: 30, over: true });
    scan.putBack(findings);
    expect(scan.drain()).toEqual(findings);
  });

  it.each(['drained', 'stopped'])('pauses when many differ, until they are %s', async (how) => {
    const ids = Array.from({ length: 2_500 }, (_, index) => String(index));
    const times = new Map(ids.map((id, index) => [id, index]));
    const { idSource } = source(times, [], []);
    const stop = new AbortController();
    const scan = new ReconcileScan(
      {
        ...idSource,
        known: async () => ({ times, hashes: new Map(), until: null }),
        async *pull({ from, to }) {
          yield page(ids.slice(from, Number(to) + 1).map((id) => row(id, times.get(id) ?? null)));
        },
        start: 0,
        hashOf: async () => 'another',
        signal: stop.signal,
      },
      null,
    );
    const found: string[] = [];
    await scan.isReady();
    if (how === 'stopped') {
      stop.abort();
      await scan.ended;
      expect(scan.failure).toMatchObject({ code: 'stopped' });
      return;
    }
    let rounds = 0;
    for (let over = false; !over; rounds += 1) {
      await scan.isReady();
      const findings = scan.drain();
      expect(findings.reached).toBe(Number(findings.differs.at(-1) ?? 2_499));
      found.push(...findings.differs);
      over = findings.over;
    }
    expect(found).toEqual(ids);
    expect(rounds).toBeGreaterThan(1);
  });

  it('asks ten at a time', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => String(index));
    const { idSource, asked, most } = source(new Map(ids.map((id) => [id, 5])), [], ids);
    const scan = new ReconcileScan(idSource, null);
    await scan.ended;
    expect(asked).toEqual(ids);
    expect(most()).toBe(10);
    expect(scan.drain().gone).toEqual(ids);
  });

  it('checks only the rows of its window, both ends included', async () => {
    const ids = Array.from({ length: 3_000 }, (_, index) => String(index));
    const known = new Map(ids.map((id) => [id, 1_000 + Number(id)]));
    const { idSource, pulled, asked } = source(known, ids.slice(1, -1), ids);
    const scan = new ReconcileScan(idSource, null);
    await scan.ended;
    expect(pulled).toEqual([
      { from: 1_000, to: 2_499 },
      { from: 2_500, to: 3_999 },
    ]);
    expect(asked).toEqual(['0', '2999']);
    expect(scan.drain()).toEqual({
      gone: ['0', '2999'],
      differs: [],
      unread: [],
      reached: 3_999,
      over: true,
    });
  });

  it('leaves out what was found in another way', async () => {
    const { idSource } = source(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
      [],
      ['a', 'b'],
    );
    const scan = new ReconcileScan(idSource, null);
    scan.leaveOut(['a']);
    await scan.ended;
    expect(scan.drain().gone).toEqual(['b']);
  });

  it('continues in rounds where not all IDs fit into memory, behind what it has reached', async () => {
    const { idSource } = source(new Map(), [], []);
    const after: (number | null)[] = [];
    const rounds = [
      { times: new Map([['a', 10]]), until: 15 },
      { times: new Map([['b', 20]]), until: null },
    ];
    const known: IdSource['known'] = async (reached) => {
      after.push(reached);
      return rounds.shift() ?? { times: new Map(), until: null };
    };
    const scan = new ReconcileScan({ ...idSource, known }, 5);
    await scan.ended;
    expect(after).toEqual([5, 15]);
    expect(scan.drain()).toMatchObject({ reached: 20, over: true });
  });

  it('does not mind rows that left the search meanwhile, and breaks with everything else', async () => {
    const known = new Map([['a', 10]]);
    const breaking = (error: Error): IdSource => ({
      ...source(known, [], ['a']).idSource,
      // biome-ignore lint/correctness/useYield: it breaks before its first page
      async *pull() {
        throw error;
      },
    });
    const unclean = new ReconcileScan(breaking(new PublisherError('walk-unclean', 'left')), null);
    await unclean.ended;
    expect(unclean.drain()).toEqual({ gone: ['a'], differs: [], unread: [], reached: 10, over: true });
    const error = new PublisherError('api-unreachable', 'no answer');
    const broken = new ReconcileScan(breaking(error), 3);
    await broken.ended;
    expect(broken.failure).toBe(error);
    expect(broken.drain()).toEqual({ gone: [], differs: [], unread: [], reached: 3, over: false });
    const defect = new ReconcileScan(breaking(new TypeError('x')), null);
    await defect.ended;
    expect(defect.failure).toMatchObject({ code: 'internal' });
  });
});
