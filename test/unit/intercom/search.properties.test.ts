/**
 * Pages through one window, while a script changes rows between its pages, and through replies that make no
 * sense.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageNewestFirst } from '../../../src/intercom/search.js';
import type { Requester } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';
import type { RawRow } from '../../../src/model/row.js';
import type { Window } from '../../../src/model/state.js';
import type { Page } from '../../../src/model/table.js';
import { runs } from '../../support/runs.js';
import { type ModelRow, SearchModel, type World, world } from './search-model.js';

const DAY = 86_400;
const SEARCH = { path: '/contacts/search', list: 'data', isOrdered: true } as const;

interface Outcome {
  readonly pages: readonly Page[];
  readonly rows: readonly ModelRow[];
  /** What ended the paging early, or null. */
  readonly failure: PublisherError | null;
}

async function readPages(requester: Requester, window: Window, isOrdered = true): Promise<Outcome> {
  const pages: Page[] = [];
  let failure: PublisherError | null = null;
  try {
    for await (const page of pageNewestFirst(requester, { ...SEARCH, isOrdered }, window)) pages.push(page);
  } catch (error) {
    if (!(error instanceof PublisherError)) throw error;
    failure = error;
  }
  const rows = pages.flatMap((page) => page.rows) as unknown as readonly ModelRow[];
  return { pages, rows, failure };
}

/** An API that gives these replies, one after another. */
function answering(replies: readonly Record<string, unknown>[]): Requester {
  const left = [...replies];
  return { request: async () => ({ json: left.shift() ?? {}, receivedAt: 0, serverNow: 9 }) };
}

/** A workspace whose search shows changes at once, and a window over some of its days. */
const windowed = world(0).chain((of) =>
  fc
    .record({ behind: fc.oneof(fc.nat(10), fc.nat(7 * DAY)), length: fc.option(fc.nat(8 * DAY)) })
    .map(({ behind, length }) => {
      const from = of.now - behind;
      return { of, window: { from, to: length === null ? null : from + length } };
    }),
);

const isIn = (row: ModelRow, { from, to }: Window) =>
  row.updated_at >= from && (to === null || row.updated_at <= to);
const sorted = (rows: readonly ModelRow[]) => [...rows].sort((a, b) => a.version - b.version);
const quiet = (of: World): World => ({ ...of, turns: [] });

it('brings each row of the window once and no other, when nothing changes meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(windowed, async ({ of, window }) => {
      const model = new SearchModel(quiet(of));
      const { pages, rows, failure } = await readPages(model, window);
      expect(failure).toBeNull();
      expect(sorted(rows)).toEqual(sorted(model.rows.filter((row) => isIn(row, window))));
      expect(pages.map(({ last }) => last)).toEqual(pages.map((_, index) => index === pages.length - 1));
      if (of.rules.sorts && rows.length === 0 && window.to === null) expect(model.requests).toBe(1);
    }),
    { numRuns: 300 },
  );
});

it('brings every row that stood in the window all the time, or says that it may not have', async () => {
  await fc.assert(
    fc.asyncProperty(windowed, async ({ of, window }) => {
      const model = new SearchModel(of);
      const before = model.shown;
      const { pages, rows, failure } = await readPages(model, window, of.rules.sorts);
      const left = before.filter((row) => !model.shown.includes(row));
      for (const row of rows) expect(isIn(row, window)).toBe(true);
      for (const { newest } of pages) expect(newest ?? 0).toBeLessThanOrEqual(model.now + 1);
      expect(pages.filter(({ last }) => last).length).toBe(failure === null ? 1 : 0);
      if (failure?.code === 'walk-unclean') expect(model.left).toBeGreaterThan(0);
      if (failure !== null) return;
      const unread = pages.flatMap((page) => page.unread ?? []);
      const isUnread = (row: ModelRow) =>
        unread.some((each) => each.window !== null && isIn(row, each.window));
      const stood = before.filter((row) => isIn(row, window) && !left.includes(row) && !isUnread(row));
      for (const row of stood) expect(rows).toContainEqual(row);
    }),
    { numRuns: runs(300) },
  );
});

it('comes to an end and fails by its own errors only, whatever the replies hold', async () => {
  const replyOf = (data: fc.Arbitrary<unknown>, next: fc.Arbitrary<unknown>) =>
    fc.record({ data: fc.array(data, { minLength: 1 }), total_count: fc.anything(), pages: next });
  const turning = fc.constantFrom('a', 'b', 'c').map((each) => ({ next: { starting_after: each } }));
  const row = fc.record({ updated_at: fc.oneof(fc.anything(), fc.nat()) });
  const reply = fc.oneof(
    replyOf(fc.anything(), fc.oneof(fc.anything(), turning)),
    fc.dictionary(fc.constantFrom('data', 'pages', 'total_count'), fc.anything()),
  );
  const replies = fc.oneof(
    fc.array(reply, { minLength: 1 }),
    fc.array(replyOf(row, turning), { minLength: 1 }),
  );
  const windows = fc.record({ from: fc.nat(), to: fc.option(fc.nat()) });
  await fc.assert(
    fc.asyncProperty(replies, windows, async (given, window) => {
      let requests = 0;
      const requester: Requester = {
        request: async () => {
          requests += 1;
          if (requests > 100) throw new Error('paging would never end');
          return { json: given[requests % given.length] ?? {}, receivedAt: 0, serverNow: 0 };
        },
      };
      const { pages } = await readPages(requester, window);
      for (const row of pages.flatMap(({ rows }) => rows)) expect(typeof row).toBe('object');
    }),
    { numRuns: 500 },
  );
});

it('reads on behind a row from before the window, where rows do not come in their order', async () => {
  const replies = [[5, 9, 2], [8]].map((times, page) => ({
    data: times.map((updated_at) => ({ updated_at })),
    pages: page === 0 ? { next: { starting_after: '1' } } : {},
  }));
  const { rows } = await readPages(answering(replies), { from: 4, to: null });
  expect(rows.map(({ updated_at }) => updated_at)).toEqual([5, 9, 8]);
});

it('reports that a row was created and deleted while the search was paged', async () => {
  const turns = (['create', 'delete'] as const).map((kind) => ({
    seconds: 0,
    changes: [{ kind, pick: 1, lag: 0, ahead: 0 }],
    fails: false,
  }));
  const now = Date.UTC(2011, 11, 31) / 1000;
  const rules = {
    daysIn: null,
    isInclusive: false,
    cursors: 'keyset',
    sorts: false,
    perPage: 1,
    weight: 1,
  } as const;
  const { failure } = await readPages(new SearchModel({ rules, now, ages: [0], turns }), {
    from: now,
    to: null,
  });
  expect(failure?.code).toBe('walk-unclean');
});

it('notices a smaller count also behind a page without one', async () => {
  const replies = [3, null, 2].map((total_count, page) => ({
    data: [{ updated_at: 9 - page }],
    total_count,
    pages: page === 2 ? {} : { next: { starting_after: String(page) } },
  }));
  const { failure } = await readPages(answering(replies), { from: 0, to: null });
  expect(failure?.code).toBe('walk-unclean');
});

it('ends where the window begins now, when its older end has moved meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(windowed, fc.nat(3), fc.nat(8 * DAY), async ({ of, window }, after, by) => {
      fc.pre(of.rules.sorts);
      const model = new SearchModel(quiet(of));
      const moving: { from: number; to: number | null } = { ...window };
      const rows: RawRow[] = [];
      let pages = 0;
      for await (const page of pageNewestFirst(model, SEARCH, moving)) {
        rows.push(...page.rows);
        if (pages === after) moving.from = Math.min(window.from + by, window.to ?? Number.POSITIVE_INFINITY);
        pages += 1;
      }
      const brought = sorted(rows as unknown as ModelRow[]);
      const stay = model.rows.filter((row) => isIn(row, moving));
      expect(brought).toEqual(expect.arrayContaining(stay));
      for (const row of brought) expect(isIn(row, window)).toBe(true);
      // Rows on pages that were not requested yet stay there.
      const older = model.rows.filter((row) => row.updated_at < moving.from).length;
      if (pages > after + 1)
        expect(model.requests * of.rules.perPage).toBeLessThan(
          model.rows.length - older + 2 * of.rules.perPage + (after + 1) * of.rules.perPage,
        );
    }),
    { numRuns: 300 },
  );
});

it('reports the pace of a page whose rows are in order', async () => {
  const rows = (...times: unknown[]) => times.map((updated_at, id) => ({ id, updated_at }));
  const next = (after: string) => ({ pages: { next: { starting_after: after } } });
  const { pages } = await readPages(
    answering([
      { data: rows(900, 880, null, 860), ...next('a') },
      { data: rows(850), ...next('b') },
      { data: rows(840, 850), ...next('c') },
      { data: rows(830, 820) },
    ]),
    { from: 0, to: null },
  );
  expect(pages.map(({ pace }) => pace)).toEqual([20, undefined, undefined, undefined]);
  const unsure = pageNewestFirst(
    answering([{ data: rows(900, 880) }]),
    { ...SEARCH, isOrdered: false },
    { from: 0, to: null },
  );
  expect((await unsure.next()).value).not.toHaveProperty('pace');
});
