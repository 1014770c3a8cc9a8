/**
 * Polls of a searched table, over a workspace that changes while it is read: nothing is lost, and nothing
 * comes twice.
 */

import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { pageNewestFirst } from '../../../src/intercom/search.js';
import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import type { RawRow, ShapedRow } from '../../../src/model/row.js';
import { emptyState } from '../../../src/model/state.js';
import { type PublishedVersion, RecentRows } from '../../../src/sync/published.js';
import type { TableSource, TableTasks } from '../../../src/sync/source.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { TableLedger } from '../../../src/sync/table-ledger.js';
import { runs } from '../../support/runs.js';
import { type ModelRow, SearchModel, type World, world } from '../intercom/search-model.js';
import { TopicModel } from './topic-model.js';

// Many runs, on machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const DAY = 86_400;
const SEARCH = { path: '/contacts/search', list: 'data' } as const;

function sourceOf(model: SearchModel, { rules: { daysIn } }: World): TableSource {
  return {
    name: 'contacts',
    method: 'incremental',
    reads: 'searched',
    pull: (window) => pageNewestFirst(model, SEARCH, window),
    windowsAtOnce: () => 3,
    shape,
    prefetch: async () => undefined,
    prepare: async () => false,
    versionTime: (raw: RawRow) => Number(raw.updated_at),
    isTooOld: () => false,
    grain: async () => (daysIn === null ? { unit: 'second' } : { unit: 'day', timeZone: daysIn }),
    confirmGone: async (keys) => ({ gone: keys, unread: [] }),
    deletions: null,
    ids: null,
    retry: {
      read: async () => [],
      pull: (window) => pageNewestFirst(model, SEARCH, window),
    },
  };
}

function shape(raw: RawRow, fetchedAt: number): ShapedRow {
  const { id, version, updated_at } = raw as unknown as ModelRow;
  const updatedAt = updated_at * 1000;
  const row = {
    op: 'upsert',
    key: String(id),
    bytes: Buffer.from(JSON.stringify(raw)),
    hash: String(version),
    updatedAt,
    fetchedAt,
  } as const;
  return { ok: true, raw, redacted: () => raw, row, leftovers: [] };
}

class TopicOfRows extends TopicModel<ModelRow> {
  override async standing(keys: readonly string[]): Promise<ReadonlyMap<string, PublishedVersion>> {
    const standing = this.rows;
    return new Map(
      keys.flatMap((key): [string, PublishedVersion][] => {
        const row = standing.get(key);
        if (row === undefined) return [];
        const { version, updated_at: time } = row;
        const of = { hash: String(version), updatedAt: time * 1000, versionTime: null, publishedAfter: 0 };
        return [[key, of]];
      }),
    );
  }
}

/** A search that is given up, and a request that fails, end a cycle; the next one continues. */
const EXPECTED = new Set(['walk-unclean', 'api-unreachable', 'api-error']);

/** Polls a workspace until its script has come to its end, and once more when all changes can be found. */
async function replicate(
  of: World,
  at: { lookback: number; startDate: number },
  broken: ReadonlySet<number> = new Set(),
) {
  const model = new SearchModel(of);
  model.broken = broken;
  const topic = new TopicOfRows();
  const settings = { connection: 'acme', reconcile: null, ...at };
  const source = sourceOf(model, of);
  const tasks: TableTasks = { reconcile: null, recovery: null, resync: null };
  const ledger = new TableLedger(
    { source, sink: topic, settings, events: new Events() },
    { state: emptyState(), written: { state: null, at: 0 }, rows: new RecentRows() },
  );
  const poll = async () => {
    try {
      await new TableCycle({ ledger, tasks }, new Events()).run(false);
    } catch (error) {
      if (!(error instanceof PublisherError && EXPECTED.has(error.code))) throw error;
    }
  };
  do await poll();
  while (model.isBusy);
  model.rest(at.lookback);
  model.broken = new Set();
  // What was set aside recovers now, and everything else is read once more.
  for (let tries = 0; tries === 0 || ledger.state.setAside.length > 0; tries += 1) {
    expect(tries).toBeLessThan(20);
    const due = ledger.state.setAside.map((each) => ({ ...each, nextAt: new Date(0).toISOString() }));
    ledger.change({ setAside: due });
    await tasks.recovery?.ended;
    await poll();
    await tasks.recovery?.ended;
    await poll();
  }
  return { model, topic };
}

const polled = fc
  .integer({ min: 1, max: 1_000 })
  .chain((lookback) => fc.record({ lookback: fc.constant(lookback), of: world(lookback) }));
const age = fc.oneof(fc.nat(1_000), fc.nat(7 * DAY));

it('publishes every version that is there in the end, whatever changed while it was read', async () => {
  await fc.assert(
    fc.asyncProperty(polled, age, async ({ lookback, of }, seconds) => {
      const startDate = of.now - seconds;
      const { model, topic } = await replicate(of, { lookback, startDate });
      const { rows } = topic;
      for (const row of model.rows)
        if (row.updated_at >= startDate) expect(rows.get(String(row.id))).toEqual(row);
    }),
    { numRuns: runs(200) },
  );
});

it('publishes no version twice, none behind a newer one, and none from before the start date', async () => {
  await fc.assert(
    fc.asyncProperty(polled, age, async ({ lookback, of }, seconds) => {
      const startDate = of.now - seconds;
      const { topic } = await replicate(of, { lookback, startDate });
      const newest = new Map<string, number>();
      for (const { key, row } of topic.log) {
        expect(row?.updated_at).toBeGreaterThanOrEqual(startDate);
        expect(row?.version).toBeGreaterThan(newest.get(key) ?? -1);
        newest.set(key, row?.version ?? -1);
      }
    }),
    { numRuns: runs(200) },
  );
});

/**
 * The rows that are met before the one that breaks come newest first by chance, and those behind it lie above
 * it.
 */
const UNSORTED = [
  {
    lookback: 297,
    of: {
      rules: { daysIn: null, isInclusive: false, cursors: 'keyset', sorts: false, perPage: 1, weight: 1 },
      now: 1_325_030_400,
      ages: [0, 0, 0, 1],
      turns: [{ seconds: 297, changes: [{ kind: 'create', pick: 0, ahead: 0, lag: 0 }], fails: true }],
    },
  },
  1,
  new Set([3]),
] satisfies [{ lookback: number; of: World }, number, Set<number>];

const broken = fc.uniqueArray(fc.nat(25), { maxLength: 3 }).map((ids) => new Set(ids));

it('publishes every version once, whatever rows break the pages that hold them, when these can be had again', async () => {
  await fc.assert(
    fc.asyncProperty(polled, age, broken, async ({ lookback, of }, seconds, ids) => {
      const startDate = of.now - seconds;
      const { model, topic } = await replicate(of, { lookback, startDate }, ids);
      const published = new Map<string, number>();
      for (const { key, row } of topic.log) {
        expect(row?.version).toBeGreaterThan(published.get(key) ?? -1);
        published.set(key, row?.version ?? -1);
      }
      for (const row of model.rows)
        if (row.updated_at >= startDate) expect(topic.rows.get(String(row.id))).toEqual(row);
    }),
    { numRuns: runs(60), examples: [UNSORTED] },
  );
});

const QUIET = { seconds: 0, changes: [], fails: false };
const RULES = {
  daysIn: null,
  isInclusive: false,
  cursors: 'keyset',
  sorts: true,
  perPage: 1,
  weight: 3_000,
} as const;

it('finds a row that shows late, also where a window in pieces takes longer than the lookback', async () => {
  const created = (lag: number) => ({ kind: 'create', pick: 0, lag, ahead: 0 }) as const;
  const ages = [900, 800, 700, 600, 500, 400, 300, 200, 100];
  for (let requests = 1; requests < 40; requests += 1) {
    const turns = [
      { ...QUIET, changes: [created(100)], fails: true },
      { ...QUIET, changes: [created(0)], seconds: 60 },
      ...Array.from({ length: requests }, () => QUIET),
      { ...QUIET, changes: [created(0)], seconds: 1_000 },
    ];
    const of = { rules: RULES, now: 1_700_000_000, ages, turns };
    const { model, topic } = await replicate(of, { lookback: 100, startDate: of.now - 1_000 });
    const ids = [...topic.rows.keys()].map(Number).sort((a, b) => a - b);
    expect(ids, `after ${requests} requests`).toEqual(model.rows.map(({ id }) => id));
  }
});

it('gives up a window whose rows keep leaving it, and reads nothing again that is behind the bookmark', async () => {
  const leaving = { kind: 'delete', pick: 0, lag: 0, ahead: 0 } as const;
  const turns = [
    // The first page of all, and the older piece.
    ...Array.from({ length: 6 }, () => QUIET),
    ...Array.from({ length: 60 }, () => ({ ...QUIET, changes: [leaving] })),
  ];
  const newer = Array.from({ length: 45 }, (_, index) => 10 + index);
  const older = Array.from({ length: 25 }, (_, index) => 800 + index);
  const rules = { ...RULES, perPage: 5, weight: 25 };
  const of = { rules, now: 1_700_000_000, ages: [...newer, ...older], turns };
  const { topic } = await replicate(of, { lookback: 100, startDate: of.now - 1_000 });
  const versions = topic.log.map(({ row }) => row?.version);
  expect(versions.length).toBe(new Set(versions).size);
});
