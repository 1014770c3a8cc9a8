/** What a table sets aside: how far a failure reaches, what the state remembers, and how it ends. */

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import {
  afterRetry,
  dueForRetry,
  FailureCount,
  idsIn,
  intervalsIn,
  isolate,
  MAX_SET_ASIDE,
  type SetAside,
  subjectText,
  type Unread,
  withUnread,
} from '../../../src/model/set-aside.js';
import type { Window } from '../../../src/model/state.js';
import { publishNotified } from '../../../src/sync/notified.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { NO_RETRY, page, row, TableModel } from './table-model.js';

const broken = new PublisherError('api-error', 'GET /conversations/7: 500 server_error');
const unread = (id: string, error = broken): Unread => ({ id, window: null, error });
const gap = (from: number, to: number): Unread => ({ id: null, window: { from, to }, error: broken });
const DUE = new Date(0).toISOString();
const makeDue = ({ ledger }: TableModel) => {
  const setAside = ledger.state.setAside.map((each) => ({ ...each, nextAt: DUE }));
  ledger.change({ setAside });
};
const run = (model: TableModel) => new TableCycle(model, model.events).run(true);

describe('the list of what is set aside', () => {
  it('counts the tries of an entry, and waits twice as long after each, up to a limit', () => {
    let list = withUnread([], [unread('7')], 0);
    const waits = [];
    for (let tries = 1; tries < 12; tries += 1) {
      const [entry] = list as [SetAside];
      expect(entry).toMatchObject({
        id: '7',
        tries,
        firstAt: DUE,
        code: 'api-error',
        message: broken.message,
      });
      const next = Date.parse(entry.nextAt);
      waits.push((next - Date.parse(entry.lastAt)) / 1000);
      expect(dueForRetry(list, next - 1)).toEqual([]);
      expect(dueForRetry(list, next)).toEqual(list);
      list = afterRetry(list, entry, [unread('7')], next);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  });

  it('holds each subject once, and ends an entry of which nothing is left', () => {
    const list = withUnread(withUnread([], [unread('7'), gap(5, 9)], 0), [unread('7'), unread('8')], 1);
    expect(list.map(({ id, window, tries }) => [id ?? window, tries])).toEqual([
      ['7', 2],
      [{ from: 5, to: 9 }, 1],
      ['8', 1],
    ]);
    expect([...idsIn(list)]).toEqual(['7', '8']);
    const [, window] = list as [SetAside, SetAside];
    const narrowed = afterRetry(list, window, [gap(7, 7)], 2);
    expect(narrowed.at(-1)).toMatchObject({ window: { from: 7, to: 7 }, tries: 2, firstAt: DUE });
    expect(afterRetry(list, window, [], 2).map(({ id }) => id)).toEqual(['7', '8']);
  });

  it('is bounded in number and size: what does not fit fails the table', () => {
    const many = Array.from({ length: MAX_SET_ASIDE }, (_, index) => unread(`c${index}`));
    const long = new PublisherError('api-error', 'x'.repeat(5_000));
    const list = withUnread([], [...many.slice(1), unread('long', long)], 0);
    expect(list.at(-1)?.message.length).toBeLessThan(500);
    expect(() => withUnread(list, [unread('more')], 0)).toThrow(broken);
    expect(() => withUnread(list, [unread('c5')], 0)).not.toThrow();
  });

  it('merges intervals that overlap', () => {
    const list = withUnread([], [gap(50, 60), gap(1, 9), gap(5, 20), unread('7')], 0);
    expect(intervalsIn(list)).toEqual([
      { from: 1, to: 20 },
      { from: 50, to: 60 },
    ]);
  });

  it('is called by ID or by time', () => {
    expect(subjectText({ id: '7', window: null })).toBe('ID 7');
    expect(subjectText({ id: null, window: { from: 0, to: 60 } })).toBe(
      'updated_at 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z',
    );
  });
});

describe('FailureCount', () => {
  const fails = (kind: 'row' | 'window', ...asked: readonly (readonly [number, number])[]) => {
    const count = new FailureCount();
    try {
      for (const [all, failed] of asked)
        count.add(
          kind,
          all,
          Array.from({ length: failed }, () => broken),
        );
      return false;
    } catch (error) {
      expect(error).toBe(broken);
      return true;
    }
  };

  it.each([
    ['the only row', 'row', [[1, 1]], false],
    ['a handful of few', 'row', [[12, 10]], false],
    ['more than a handful of few', 'row', [[12, 11]], true],
    [
      'a small share of many',
      'row',
      [
        [200, 10],
        [100, 20],
      ],
      false,
    ],
    [
      'a large share of many',
      'row',
      [
        [200, 10],
        [100, 21],
      ],
      true,
    ],
    ['a window of few', 'window', [[2, 1]], false],
    ['more than three of few', 'window', [[24, 4]], true],
    ['more than three of many', 'window', [[60, 4]], false],
  ] as const)('%s', (_, kind, asked, isOutage) => expect(fails(kind, ...asked)).toBe(isOutage));
});

describe('isolate', () => {
  it('keeps what is answered, in its order, and asks for no more at once than it may', async () => {
    let [under, most] = [0, 0];
    const ask = async (id: string) => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
      if (id === 'b') throw broken;
      return id.toUpperCase();
    };
    const { answers, unread: failed } = await isolate(['a', 'b', 'c', 'd'], (id) => id, ask, 2);
    expect(answers.map(({ answer }) => answer)).toEqual(['A', 'C', 'D']);
    expect(failed).toEqual([unread('b')]);
    expect(most).toBe(2);
  });

  it.each(['credentials-refused', 'stopped', 'fenced', 'internal'] as const)('throws %s', async (code) => {
    const error = new PublisherError(code, 'no');
    await expect(isolate(['a'], String, () => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('a cycle', () => {
  it('moves the bookmark past what is set aside, keeps it in the same commit, and publishes it when it is read', async () => {
    let isBroken = true;
    const model = new TableModel({
      retry: {
        read: async () => (isBroken ? Promise.reject(broken) : [row('b', 200)]),
        pull: () => expect.fail('no window is set aside'),
      },
    });
    model.readings = [[page([row('c', 300)], { unread: [unread('b')], asked: 2 })], [], [], []];
    await run(model);
    expect(model.commits.at(-1)?.state).toMatchObject({ bookmark: 300, setAside: [{ id: 'b', tries: 1 }] });
    makeDue(model);
    model.readings = [[page([row('c', 300)])]];
    await run(model);
    expect(model.commits.at(-1)?.state.setAside).toMatchObject([{ id: 'b', tries: 2 }]);
    isBroken = false;
    makeDue(model);
    model.readings = [[page([row('c', 300)])]];
    await run(model);
    expect(model.records).toEqual(['rows c there', 'rows b there']);
    expect(model.commits.at(-1)?.state.setAside).toEqual([]);
    expect(model.of('set-aside:added').map(({ entry }) => entry.id)).toEqual(['b']);
    expect(model.of('set-aside:recovered').map(({ entry }) => entry.id)).toEqual(['b']);
  });

  it('publishes nothing again that the topic holds already', async () => {
    const model = new TableModel({
      retry: {
        read: async () => [row('b', 200)],
        pull: () => expect.fail('no window is set aside'),
      },
    });
    model.older.push({ key: 'b', row: row('b', 200) });
    model.readings = [[page([row('c', 300)], { unread: [unread('b')], asked: 1 })]];
    await run(model);
    makeDue(model);
    model.readings = [[page([row('c', 300)])]];
    await run(model);
    expect(model.records).toEqual(['rows c there']);
    expect(model.ledger.state.setAside).toEqual([]);
  });

  it('gives a tombstone to what a retry finds gone, and none to an ID that was never published', async () => {
    const model = new TableModel({ retry: { ...NO_RETRY, read: async () => null } });
    model.older.push({ key: 'b', row: row('b', 200) }, { key: 'd', row: {} }, { key: 'd', row: null });
    const failed = ['b', 'd', 'never-known'].map((id) => unread(id));
    model.readings = [[page([row('c', 300)], { unread: failed, asked: 3 })], [page([row('c', 300)])]];
    await run(model);
    makeDue(model);
    await run(model);
    expect(model.records).toEqual(['rows c there', 'rows b gone']);
    expect(model.ledger.state).toMatchObject({ deletes: 1, setAside: [] });
  });

  it('sets an ID in doubt aside that can’t be fetched, and publishes it when it is there, whatever its time', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const asked: string[] = [];
    const find = (id: string) => {
      asked.push(id);
      return Promise.reject(broken);
    };
    const read = async () => [row('a', 300)];
    const model = new TableModel({ find, retry: { ...NO_RETRY, read } });
    model.readings = [
      [page([row('a', 300)])],
      [page([row('a', 300)])],
      [page([row('a', 300), row('b', 310)])],
    ];
    await run(model);
    await publishNotified(model.ledger, model.events, { rows: [], gone: ['a'], fetchedAt: 9 }, null);
    vi.setSystemTime(Date.now() + 1_000);
    await run(model);
    expect(asked).toEqual(['a']);
    expect(model.commits.at(-1)?.state).toMatchObject({ setAside: [{ id: 'a', tries: 1 }], error: null });
    makeDue(model);
    // It is shown once more, and would be asked for again if it were not left to the retries.
    vi.setSystemTime(Date.now() + 10_000);
    await run(model);
    expect(asked).toEqual(['a']);
    expect(model.records.toSorted()).toEqual(['rows a gone', 'rows a there', 'rows a there', 'rows b there']);
    expect(model.records.indexOf('rows a gone')).toBe(1);
    expect(model.ledger.state.setAside).toEqual([]);
  });

  it('forgets nothing before a retry that has looked into the topic is published', async () => {
    const model = new TableModel({ retry: { ...NO_RETRY, read: async () => [row('b', 200)] } });
    model.readings = [[page([row('c', 300)], { unread: [unread('b')], asked: 1 })]];
    await run(model);
    makeDue(model);
    const { standing } = model;
    model.standing = async (keys) => {
      const found = await standing.call(model, keys);
      const newer = { rows: [row('b', 305, { text: 'newer' })], gone: [], fetchedAt: 9 };
      await publishNotified(model.ledger, model.events, newer, null);
      return found;
    };
    model.source = {
      ...model.source,
      // The bookmark passes it in between.
      async *pull() {
        await model.tasks.recovery?.ended;
        yield page([row('y', 900)]);
      },
    };
    await run(model);
    expect(model.ledger.state).toMatchObject({ bookmark: 900, setAside: [] });
    expect(model.records.filter((line) => line === 'rows b there')).toHaveLength(1);
    model.source = {
      ...model.source,
      pull: async function* () {
        yield page([row('z', 1_000)]);
      },
    };
    await run(model);
    expect(model.ledger.known('b')).toBeUndefined();
  });

  it('fails, with its bookmark where it was, when too much can’t be read', async () => {
    const model = new TableModel();
    const many = Array.from({ length: 11 }, (_, index) => unread(`c${index}`));
    model.readings = [[page([row('a', 300)], { unread: many, asked: 25 })]];
    await expect(run(model)).rejects.toBe(broken);
    expect(model.ledger.state).toMatchObject({ bookmark: null, setAside: [] });
  });

  it('reads the other windows when one of them can’t be had, and that one later', async () => {
    let isBroken = true;
    const pulled: Window[] = [];
    const pull = async function* (window: Window) {
      pulled.push({ ...window });
      const { from, to } = window;
      if (to === null && from === 100) {
        yield page([row('z', 10_000)], { total: 6_000, last: false });
        return;
      }
      if (isBroken && from === 100) throw broken;
      const end = to ?? 10_000;
      yield page([row(`r${end}`, end)], { total: 1, newest: end });
    };
    const model = new TableModel({
      pull,
      retry: { read: () => expect.fail('no row is set aside'), pull },
    });
    await run(model);
    const [entry] = model.ledger.state.setAside;
    expect(model.ledger.state).toMatchObject({ bookmark: 10_000, windows: [], error: null });
    expect(entry).toMatchObject({ id: null, window: { from: 100 } });
    expect(entry?.message).toContain('updated_at 1970-01-01T00:01:40Z to');
    const missing = `r${entry?.window?.to}`;
    expect(model.records.filter((record) => record.startsWith('rows r'))).toHaveLength(3);
    expect(model.records).not.toContain(`rows ${missing} there`);
    isBroken = false;
    makeDue(model);
    await run(model);
    expect(model.records).toContain(`rows ${missing} there`);
    expect(model.ledger.state.setAside).toEqual([]);
  });
});
