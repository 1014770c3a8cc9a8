/** What one cycle publishes, keeps and tells, step by step. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import type { Window } from '../../../src/model/state.js';
import type { Page } from '../../../src/model/table.js';
import { ReplacedIds } from '../../../src/sync/replaced.js';
import type { TableSettings, TableSource } from '../../../src/sync/source.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { NO_RETRY, page, row, TableModel } from './table-model.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const ISO = new Date(NOW).toISOString();
const AT = { connection: 'acme', table: 'contacts' };

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW }));
afterEach(() => void vi.useRealTimers());

const run = (model: TableModel, awaitReconcile = false) =>
  new TableCycle(model, model.events).run(awaitReconcile);

describe('a cycle of a searched table', () => {
  it('publishes its pages with what they bring the table to', async () => {
    const model = new TableModel();
    model.readings = [
      [
        page([row('b', 300, { unknown: ['x'] }), row('a', 200)], {
          last: false,
          newest: 300,
          total: 3,
          notShown: 4,
        }),
        page([row('c', 150, { unknown: ['x', 'y'] })], { newest: 300, total: 3 }),
      ],
    ];
    const summary = await run(model);

    expect(model.pulled).toEqual([{ from: 100, to: null }]);
    expect(model.commits.map(({ records }) => records)).toEqual([
      ['rows b there', 'rows a there'],
      ['rows c there'],
    ]);
    const [first, last] = model.commits.map(({ state }) => state);
    const cycle = { number: 1, startedAt: ISO, deletes: 0, notShown: 4 };
    expect(first).toMatchObject({
      bookmark: null,
      windows: [],
      records: 2,
      deletes: 0,
      deadLetters: 0,
      unknownFields: 1,
      updatedAt: ISO,
      cycle: { ...cycle, finishedAt: null, records: 2 },
      freshAsOf: null,
    });
    expect(last).toMatchObject({
      bookmark: 300,
      restoreFrom: NOW,
      records: 3,
      unknownFields: 3,
      error: null,
      cycle: { ...cycle, finishedAt: ISO, records: 3 },
      freshAsOf: ISO,
    });
    expect(summary).toEqual({ ...cycle, finishedAt: ISO, records: 3 });
    expect(model.ledger.state).toEqual(last);
    const none = { deletes: 0, deadLetters: 0, late: 0 };
    expect(model.told.map(({ name }) => name)).toEqual([
      'table:started',
      'transaction:committed',
      'page:committed',
      'transaction:committed',
      'page:committed',
      'table:finished',
    ]);
    expect(model.of('table:started')).toEqual([AT]);
    expect(model.of('page:committed')).toEqual([
      {
        ...AT,
        ...none,
        records: 2,
        notShown: 4,
        unknownFields: new Map([['x', 1]]),
        bookmark: null,
        progress: { rows: 2, rowsExpected: 3, covered: 100, toCover: 200 },
      },
      {
        ...AT,
        ...none,
        records: 1,
        notShown: 0,
        unknownFields: new Map([
          ['x', 1],
          ['y', 1],
        ]),
        bookmark: 300,
        progress: { rows: 3, rowsExpected: 3, covered: 200, toCover: 200 },
      },
    ]);
    const bytes = (records: number) => model.of('transaction:committed')[records]?.bytes;
    expect([bytes(0), bytes(1)]).toEqual([
      2 + JSON.stringify(row('b', 300, { unknown: ['x'] })).length + JSON.stringify(row('a', 200)).length,
      1 + JSON.stringify(row('c', 150, { unknown: ['x', 'y'] })).length,
    ]);
    expect(model.of('transaction:committed')).toMatchObject([
      { ...AT, records: 2, ms: 0 },
      { ...AT, records: 1, ms: 0 },
    ]);
    expect(model.of('table:finished')).toEqual([{ ...AT, summary, bookmark: 300, ms: 0, rowsRead: 3 }]);
  });

  it('reads again behind the bookmark, publishes what changed there, and counts it as late', async () => {
    const model = new TableModel();
    model.readings = [
      [page([row('a', 300)])],
      [page([row('b', 290), row('a', 300)])],
      [page([row('a', 300)])],
    ];
    await run(model);
    await run(model);
    await run(model);
    expect(model.pulled.map(({ from }) => from)).toEqual([100, 240, 240]);
    expect(model.records).toEqual(['rows a there', 'rows b there']);
    expect(model.of('page:committed').map(({ late }) => late)).toEqual([0, 1, 0]);
    expect(model.ledger.state).toMatchObject({ bookmark: 300, records: 2, cycle: { number: 3, records: 0 } });
  });

  it('never moves its bookmark back, nor its start before the start date', async () => {
    const model = new TableModel({}, { startDate: 280 });
    model.readings = [[page([row('a', 300)])], [page([row('b', 290)], { newest: 290 })]];
    await run(model);
    await run(model);
    expect(model.pulled.map(({ from }) => from)).toEqual([280, 280]);
    expect(model.ledger.state.bookmark).toBe(300);
  });

  it('keeps what can’t be published as dead letters, once each, until a later version can', async () => {
    const model = new TableModel();
    model.readings = [
      [page([row('a', 300, { tooLarge: true }), row('b', 290, { keyless: true })])],
      [page([row('a', 300, { tooLarge: true }), row('b', 290, { keyless: true })])],
      [page([row('a', 310)])],
    ];
    await run(model);
    await run(model);
    await run(model);
    expect(model.records).toEqual([
      'letters letter-b no key',
      'letters a too large',
      'rows a there',
      'letters a gone',
    ]);
    expect(model.ledger.state).toMatchObject({ deadLetters: 2, records: 1 });
    expect(model.of('page:committed').map(({ deadLetters, records }) => [deadLetters, records])).toEqual([
      [2, 0],
      [0, 0],
      [0, 1],
    ]);
  });

  it('asks for what its first rows will need while they are on their way, and never again', async () => {
    const steps: string[] = [];
    const model = new TableModel();
    const { pull, shape } = model.source;
    model.source = {
      ...model.source,
      pull: (window) => {
        steps.push('pulls');
        return pull(window);
      },
      prefetch: async () => {
        steps.push('asks');
        await new Promise(setImmediate);
        steps.push('knows');
      },
      shape: (raw, fetchedAt) => {
        steps.push('shapes');
        return shape(raw, fetchedAt);
      },
    };
    model.readings = [[page([row('a', 300)])], [page([row('b', 400)])]];
    await run(model);
    expect(steps.slice(0, 2).sort()).toEqual(['asks', 'pulls']);
    expect(steps.slice(2)).toEqual(['knows', 'shapes']);
    await run(model);
    expect(steps.slice(4)).toEqual(['pulls', 'shapes']);
  });

  it('goes on where what it will need can not be had yet', async () => {
    const prefetch = () => Promise.reject(new PublisherError('api-unreachable', 'not now'));
    const model = new TableModel({ prefetch });
    model.readings = [[page([row('a', 300)])]];
    await run(model);
    expect(model.records).toEqual(['rows a there']);
  });

  it('shapes rows again when getting ready for them changed the schema', async () => {
    const asked: unknown[] = [];
    let shaped = 0;
    const model = new TableModel();
    const { shape } = model.source;
    model.source = {
      ...model.source,
      shape: (raw, fetchedAt) => {
        shaped += 1;
        return shape(raw, fetchedAt);
      },
      prepare: async (rows) => {
        asked.push(rows);
        return asked.length === 2;
      },
    };
    model.readings = [[page([row('a', 300)])]];
    await run(model);
    expect(asked).toEqual([[], [row('a', 300)], []]);
    expect(shaped).toBe(2);
    expect(model.records).toEqual(['rows a there']);
  });

  it('publishes a tombstone that a retry has found once the registry accepts the schema', async () => {
    const model = new TableModel({ retry: { ...NO_RETRY, read: async () => null } });
    model.openRejected(new PublisherError('schema-rejected', 'rejected'));
    model.older.push({ key: 'a', row: {} });
    model.ledger.setAside([{ id: 'a', window: null, error: new PublisherError('api-error', 'failed') }]);
    const due = model.ledger.state.setAside.map((each) => ({ ...each, nextAt: new Date(0).toISOString() }));
    model.ledger.change({ setAside: due });
    for (let cycle = 0; cycle < 3; cycle += 1) {
      model.readings = [[page([])]];
      await expect(run(model)).rejects.toMatchObject({ code: 'schema-rejected' });
      await model.tasks.recovery?.ended;
    }
    expect(model.ledger.state.setAside).toMatchObject([{ id: 'a' }]);
    model.registryError = null;
    for (let cycle = 0; cycle < 2; cycle += 1) {
      model.readings = [[page([])]];
      await run(model);
      await model.tasks.recovery?.ended;
    }
    expect(model.records).toEqual(['rows a gone']);
    expect(model.ledger.state.setAside).toEqual([]);
  });

  it('publishes the tombstones of a whole table once the registry accepts its schema', async () => {
    const model = new TableModel({ name: 'companies', reads: 'whole' });
    model.readings = [[page([row('a', 300), row('b', 300)])]];
    await run(model);
    model.openRejected(new PublisherError('schema-rejected', 'rejected'));
    for (let cycle = 0; cycle < 2; cycle += 1) {
      model.readings = [[page([row('a', 300)])]];
      await expect(run(model)).rejects.toMatchObject({ code: 'schema-rejected' });
    }
    model.registryError = null;
    model.readings = [[page([row('a', 300)])]];
    await run(model);
    expect(model.records).toEqual(['rows a there', 'rows b there', 'rows b gone']);
  });

  it('reads a window again that rows left meanwhile, and gives up in the end', async () => {
    const unclean = new PublisherError('walk-unclean', 'rows left');
    const model = new TableModel();
    model.readings = [[unclean], [unclean], [page([row('a', 300)])]];
    await run(model);
    const window = { from: 100, to: null };
    expect(model.of('window:repeated')).toEqual([
      { ...AT, window, attempt: 1 },
      { ...AT, window, attempt: 2 },
    ]);
    model.readings = Array.from({ length: 9 }, () => [unclean]);
    await expect(run(model)).rejects.toBe(unclean);
    expect(model.readings).toHaveLength(1);
    expect(model.of('window:repeated')).toHaveLength(2 + 7);
  });

  it('leaves a large window to its pieces, each of which is read to its end', async () => {
    const model = new TableModel();
    const large = { total: 3_000, newest: 400, last: false };
    model.readings = [
      [page([row('z', 400)], large), new Error('not asked for')],
      [page([row('a', 150)], { newest: 150 })],
      [page([row('z', 400)], { newest: 400 })],
    ];
    await run(model);
    expect(model.pulled).toEqual<Window[]>([
      { from: 100, to: null },
      { from: 100, to: 249 },
      { from: 250, to: null },
    ]);
    expect(model.records.sort()).toEqual(['rows a there', 'rows z there']);
    expect(model.ledger.state).toMatchObject({ bookmark: 400, windows: [] });
  });

  it('ends with the first failure, and keeps what was committed', async () => {
    const broken = new PublisherError('api-unreachable', 'no answer');
    const model = new TableModel();
    model.readings = [[page([row('a', 300)], { last: false }), broken]];
    await expect(run(model)).rejects.toBe(broken);
    expect(model.records).toEqual(['rows a there']);
    expect(model.ledger.state).toMatchObject({ bookmark: null, records: 1 });
    expect(model.of('table:finished')).toEqual([]);
  });

  it('ends when a commit fails', async () => {
    const model = new TableModel();
    model.commitError = new PublisherError('fenced', 'somebody else');
    model.readings = [[page([row('a', 300)], { last: false }), page([row('b', 200)])]];
    await expect(run(model)).rejects.toBe(model.commitError);
    expect(model.commits).toEqual([]);
    expect(model.of('page:committed')).toEqual([]);
  });
});

describe('a cycle of a table that is read whole', () => {
  const whole = (more: Partial<TableSource> = {}, settings: Partial<TableSettings> = {}) =>
    new TableModel({ name: 'companies', reads: 'whole', ...more }, settings);

  it('makes tombstones of what a complete reading has not met', async () => {
    const model = whole();
    model.readings = [
      [page([row('a', 300), row('b', 200), row('c', null)])],
      [page([row('a', 300)], { last: false }), page([row('d', 310)], { newest: 310 })],
    ];
    await run(model);
    expect(model.ledger.state).toMatchObject({ bookmark: 300, restoreFrom: null, windows: [] });
    await run(model);
    expect(model.commits.map(({ records }) => records)).toEqual([
      ['rows a there', 'rows b there', 'rows c there'],
      ['rows d there', 'rows b gone', 'rows c gone'],
    ]);
    expect(model.ledger.state).toMatchObject({
      bookmark: 310,
      deletes: 2,
      cycle: { deletes: 2, records: 1 },
    });
    expect(model.of('page:committed')).toMatchObject([
      { records: 3, deletes: 0, progress: { rows: 3, rowsExpected: null, covered: 0, toCover: 0 } },
      { records: 0, deletes: 0, progress: { rows: 1, rowsExpected: 3 } },
      { records: 1, deletes: 2, progress: { rows: 2, rowsExpected: 3 } },
    ]);
  });

  it('has no bookmark where it is a full table', async () => {
    const model = whole({ method: 'full_table' });
    model.readings = [[page([row('a', 50)])]];
    await run(model);
    expect(model.records).toEqual(['rows a there']);
    expect(model.ledger.state.bookmark).toBeNull();
  });

  it('leaves out rows from before the start date where it is incremental', async () => {
    const model = whole();
    model.readings = [[page([row('a', 99), row('b', 100), row('c', null)])]];
    await run(model);
    expect(model.records).toEqual(['rows b there', 'rows c there']);
  });

  it('calls nothing deleted that the source still has', async () => {
    const model = whole({
      confirmGone: async (keys) => ({ gone: keys.filter((key) => key !== 'b'), unread: [] }),
    });
    model.readings = [[page([row('a', 300), row('b', 200)])], [page([])]];
    await run(model);
    await run(model);
    expect(model.records.slice(2)).toEqual(['rows a gone']);
  });

  it('takes back the dead letter of a row that is gone', async () => {
    const model = whole();
    const large = row('a', 300, { tooLarge: true });
    model.readings = [
      [page([large, row('b', 200)])],
      [page([large, row('b', 200)])],
      [page([row('b', 200)])],
    ];
    await run(model);
    await run(model);
    await run(model);
    expect(model.records).toEqual(['rows b there', 'letters a too large', 'letters a gone']);
  });

  it('takes nothing for gone when the reading breaks, or ends before its last page', async () => {
    const model = whole();
    const broken = new PublisherError('api-unreachable', 'no answer');
    model.readings = [
      [page([row('a', 300), row('b', 200)])],
      [page([row('a', 300)], { last: false }), broken],
      [page([row('a', 300)], { last: false })],
      [page([row('b', 200)])],
    ];
    await run(model);
    await expect(run(model)).rejects.toBe(broken);
    await expect(run(model)).rejects.toThrow('companies: the reading ended before its last page');
    expect(model.records).toHaveLength(2);
    await run(model);
    expect(model.records.slice(2)).toEqual(['rows a gone']);
  });
});

describe('deletions that the API lists', () => {
  it('become tombstones, and the mark moves with them', async () => {
    const asked: number[] = [];
    const at = NOW / 1000;
    const model = new TableModel({
      deletions: async (since) => {
        asked.push(since);
        return asked.length === 1 ? [] : [{ id: 'a', at: at - 1 }];
      },
    });
    model.readings = [
      [page([row('a', 300), row('b', 290)])],
      [page([row('b', 290)])],
      [page([row('b', 290)])],
    ];
    await run(model);
    await run(model);
    await run(model);
    expect(asked[0]).toBe(at - 60);
    expect(model.records).toEqual(['rows a there', 'rows b there', 'rows a gone']);
    expect(model.of('deletions:committed')).toEqual([{ ...AT, deletes: 1 }]);
    expect(model.ledger.state).toMatchObject({ deletes: 1, deletions: { at: at - 1, ids: ['a'] } });
    expect(model.ledger.state.cycle).toMatchObject({ number: 3, deletes: 0 });
    expect(model.commits.find(({ state }) => state.deletes === 1)?.state.cycle).toMatchObject({ deletes: 1 });
  });
});

describe('reconcile', () => {
  const KNOWN = new Map([
    ['a', 300],
    ['b', 290],
  ]);
  const reconciling = (more: object = {}, pulled: () => Page = () => page([row('b', 290)])) =>
    new TableModel(
      {
        ids: {
          known: async () => ({ times: KNOWN, until: null }),
          async *pull() {
            yield pulled();
          },
          isGone: async (id) => id === 'a',
          grain: async () => ({ unit: 'second' }),
          ...more,
        },
      },
      { reconcile: '0 3 * * *' },
    );
  /** A cycle, and another one after reconcile has become due. */
  async function twoNights(model: TableModel): Promise<void> {
    model.readings = [[page([row('a', 300), row('b', 290)])], [page([])], [page([])]];
    await run(model, true);
    vi.setSystemTime(NOW + 86_400_000);
    await run(model, true);
  }

  it('runs when it is due, and what it finds gone becomes a tombstone', async () => {
    const model = reconciling();
    await twoNights(model);
    expect(model.records).toEqual(['rows a there', 'rows b there', 'rows a gone']);
    expect(model.of('table:reconciled')).toEqual([{ ...AT, deletes: 1 }]);
    expect(model.tasks.reconcile).toBeNull();
    const dueAt = new Date(Date.UTC(2026, 0, 4, 3)).toISOString();
    expect(model.ledger.state.reconcile).toEqual({ dueAt, walk: null });
  });

  it('does not run before it is due', async () => {
    const model = reconciling();
    model.readings = [[page([row('a', 300), row('b', 290)])], [page([])]];
    await run(model, true);
    expect(model.ledger.state.reconcile).toEqual({
      dueAt: new Date(Date.UTC(2026, 0, 3, 3)).toISOString(),
      walk: null,
    });
    await run(model, true);
    expect(model.of('table:reconciled')).toEqual([]);
    expect(model.records).toHaveLength(2);
  });

  it('is resumed where it failed', async () => {
    const after: (number | null)[] = [];
    let breaks = true;
    const broken = new PublisherError('api-unreachable', 'no answer');
    const model = reconciling({
      known: async (reached: number | null) => {
        after.push(reached);
        if (reached === null) return { times: new Map([['a', 300]]), until: 300 };
        if (breaks) throw broken;
        return { times: new Map(), until: null };
      },
    });
    await expect(twoNights(model)).rejects.toBe(broken);
    expect(model.tasks.reconcile).toBeNull();
    expect(model.ledger.state).toMatchObject({ reconcile: { walk: { reached: 300 } } });
    expect(model.records.at(-1)).toBe('rows a gone');
    breaks = false;
    await run(model, true);
    expect(after).toEqual([null, 300, 300]);
    expect(model.ledger.state.reconcile?.walk).toBeNull();
    expect(model.of('table:reconciled')).toEqual([{ ...AT, deletes: 0 }]);
  });

  it('loses nothing that it found where a cycle can’t publish it', async () => {
    const refused = new PublisherError('credentials-refused', 'no');
    let isRefused = true;
    const model = reconciling({
      known: async () => ({ times: new Map([['b', 290]]), hashes: new Map(), until: null }),
      async *pull() {
        yield page([row('b', 290)]);
      },
      hashOf: async () => 'another',
      find: async () => {
        if (isRefused) throw refused;
        return { rows: [row('b', 290, { text: 'changed' })], fetchedAt: 7 };
      },
    });
    await expect(twoNights(model)).rejects.toBe(refused);
    isRefused = false;
    model.readings = [[page([])]];
    await run(model, true);
    expect(model.records).toEqual(['rows a there', 'rows b there', 'rows b there']);
    expect(model.tasks.reconcile).toBeNull();
  });

  it('continues beside the cycles unless they wait for it', async () => {
    let answer = (_: boolean) => {};
    const model = reconciling({ isGone: () => new Promise<boolean>((resolve) => (answer = resolve)) });
    model.readings = [[page([row('a', 300), row('b', 290)])], [page([])], [page([])]];
    await run(model);
    vi.setSystemTime(NOW + 86_400_000);
    await run(model);
    expect(model.tasks.reconcile).not.toBeNull();
    expect(model.records).toHaveLength(2);
    answer(true);
    await model.tasks.reconcile?.ended;
    await run(model);
    expect(model.records.at(-1)).toBe('rows a gone');
    expect(model.tasks.reconcile).toBeNull();
  });

  it('counts the tombstones of all its parts', async () => {
    let answer = () => {};
    const model = reconciling({
      known: async (reached: number | null) => {
        if (reached === null) return { times: new Map([['a', 300]]), until: 300 };
        await new Promise<void>((resolve) => (answer = resolve));
        return { times: new Map(), until: null };
      },
    });
    const another = async () => {
      model.readings = [[page([])]];
      await run(model);
    };
    model.readings = [[page([row('a', 300), row('b', 290)])]];
    await run(model);
    vi.setSystemTime(NOW + 86_400_000);
    for (let cycle = 1; cycle <= 50 && model.records.length < 3; cycle += 1) await another();
    expect(model.records.at(-1)).toBe('rows a gone');
    expect(model.of('table:reconciled')).toEqual([]);
    answer();
    await model.tasks.reconcile?.ended;
    await another();
    expect(model.of('table:reconciled')).toEqual([{ ...AT, deletes: 1 }]);
  });

  it('leaves out what a list of deletions reported meanwhile', async () => {
    const model = reconciling();
    model.source = {
      ...model.source,
      deletions: async () => (Date.now() === NOW ? [] : [{ id: 'a', at: Date.now() / 1000 }]),
    };
    model.readings = [[page([row('a', 300), row('b', 290)])], [page([])]];
    await run(model, true);
    vi.setSystemTime(NOW + 86_400_000);
    await run(model, true);
    expect(model.records.filter((record) => record === 'rows a gone')).toHaveLength(1);
    expect(model.of('table:reconciled')).toEqual([{ ...AT, deletes: 0 }]);
  });
});

describe('rows that others have replaced', () => {
  it('are asked for where the topic has them, and one reading of it tells of all', async () => {
    const asked: string[] = [];
    const ids = Array.from({ length: 200 }, (_, index) => `source-${index}`);
    const model = new TableModel({
      replaced: new ReplacedIds(() => ids.map((id) => ({ id, at: null }))),
      find: async (id) => {
        asked.push(id);
        return null;
      },
    });
    const published = ids.slice(0, 120);
    model.older.push(...published.map((key) => ({ key, row: {} })));
    model.readings = [[page([row('a', 300)])]];
    await run(model);
    expect(asked).toEqual(published);
    expect(model.records).toEqual(['rows a there', ...published.map((key) => `rows ${key} gone`)]);
    // Which of them are there, and what a tombstone would bury.
    expect(model.lookedFor.filter((keys) => keys.some((key) => key.startsWith('source')))).toHaveLength(2);
  });
});

describe('a failure', () => {
  it('is kept as the reason in the state, and told', async () => {
    const model = new TableModel();
    const cycle = new TableCycle(model, model.events);
    const error = new PublisherError('api-unreachable', 'no answer');
    await cycle.fail(error);
    expect(cycle.table).toBe('contacts');
    expect(model.of('table:failed')).toEqual([{ ...AT, error }]);
    expect(model.ledger.state).toMatchObject({
      updatedAt: ISO,
      error: { code: 'api-unreachable', message: 'no answer', at: ISO },
      cycle: { number: 1, finishedAt: null },
    });
    model.readings = [[page([row('a', 300)])]];
    await run(model);
    expect(model.ledger.state).toMatchObject({ error: null, cycle: { number: 2 } });
  });

  it('leaves the table fresh as of its last complete cycle, also where it follows the last page', async () => {
    const model = new TableModel();
    model.readings = [[page([row('a', 300)])], [page([row('b', 310)])], [page([row('c', 320)])]];
    await run(model);
    vi.setSystemTime(NOW + 60_000);
    const unreachable = new PublisherError('api-unreachable', 'no answer');
    model.source = { ...model.source, deletions: () => Promise.reject(unreachable) };
    const broken = new TableCycle(model, model.events);
    await expect(broken.run(false)).rejects.toBe(unreachable);
    await broken.fail(unreachable);
    expect(model.records).toContain('rows b there');
    expect(model.ledger.state).toMatchObject({ freshAsOf: ISO, cycle: { finishedAt: null } });
    vi.setSystemTime(NOW + 120_000);
    model.source = { ...model.source, deletions: null };
    await run(model);
    expect(model.ledger.state.freshAsOf).toBe(new Date(NOW + 120_000).toISOString());
  });
});
