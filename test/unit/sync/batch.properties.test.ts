/** What of any page is published: pages with rows twice, rows without a key, and versions in any order. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RawRow, ShapedRow } from '../../../src/model/row.js';
import { type Batch, sortOut } from '../../../src/sync/batch.js';
import { EveryRow, judge, type PublishedRows, RecentRows } from '../../../src/sync/published.js';
import type { TableSource } from '../../../src/sync/source.js';
import { twinKey } from '../../../src/sync/twins.js';
import { NO_RETRY } from './table-model.js';

interface Row {
  /** Null: a row without a usable key. */
  readonly id: string | null;
  readonly content: number;
  /** Epoch seconds. */
  readonly time: number | null;
}

/** Of a timed key each time has one content, as `updated_at` promises; other keys have contents alone. */
const timed = fc
  .record({ id: fc.constantFrom('a', 'b', 'c', 'd'), time: fc.nat(8) })
  .map(({ id, time }): Row => ({ id, time, content: time }));
const timeless = fc.record({ id: fc.constantFrom('x', 'y'), content: fc.nat(3), time: fc.constant(null) });
const keyless = fc.record({ id: fc.constant(null), content: fc.nat(3), time: fc.constant(null) });
const row: fc.Arbitrary<Row> = fc.oneof(
  { weight: 6, arbitrary: timed },
  { weight: 3, arbitrary: timeless },
  { weight: 1, arbitrary: keyless },
);
const pagesOf = (of: fc.Arbitrary<Row>) =>
  fc.array(fc.array(of, { maxLength: 8 }), { minLength: 1, maxLength: 5 });
const pages = pagesOf(row);
/** Pages of a table whose rows may share a key, and a time with it. */
const sharing = pagesOf(
  fc.record({ id: fc.constantFrom('a', 'b', 'c'), content: fc.nat(3), time: fc.option(fc.nat(3)) }),
);
const tables = fc.record({
  reads: fc.constantFrom('whole' as const, 'searched' as const),
  method: fc.constantFrom('incremental' as const, 'full_table' as const),
});

function sourceOf({ reads, method }: Pick<TableSource, 'reads' | 'method'>): TableSource {
  return {
    name: 'contacts',
    method,
    reads,
    shape,
    versionTime: (raw) => raw.time as number | null,
    isTooOld: () => false,
    pull: async function* () {},
    windowsAtOnce: () => 1,
    grain: async () => ({ unit: 'second' }),
    deletions: null,
    ids: null,
    retry: NO_RETRY,
    prefetch: async () => undefined,
    prepare: async () => false,
    confirmGone: async (keys) => ({ gone: keys, unread: [] }),
  };
}

/** The time is part of a row's content. */
const hashOf = (content: number, time: number | null) => `${content} at ${time}`;

function shape(raw: RawRow, fetchedAt: number): ShapedRow {
  const { id, content, time } = raw as unknown as Row;
  if (id === null) return { ok: false, letter: { key: 'none', reason: 'no key', raw, fetchedAt } };
  const updatedAt = time === null ? null : time * 1000;
  const made = {
    op: 'upsert',
    key: id,
    bytes: Buffer.from(JSON.stringify(raw)),
    hash: hashOf(content, time),
    updatedAt,
    fetchedAt,
  } as const;
  return { ok: true, raw, redacted: () => raw, row: made, leftovers: [] };
}

const rowsOf = ({ reads }: Pick<TableSource, 'reads'>) =>
  reads === 'whole' ? new EveryRow() : new RecentRows();

const pageOf = (rows: readonly Row[]) => ({
  rows: rows as unknown as readonly RawRow[],
  total: null,
  newest: null,
  last: true,
  fetchedAt: 1,
});

/** Remembers what a batch publishes, as a commit does. */
function remember(published: PublishedRows, { versions }: Batch): void {
  for (const { row: made, versionTime } of versions) {
    const { hash, updatedAt } = made;
    published.set(made.key, { hash, updatedAt, versionTime, publishedAfter: 0 });
  }
}

/** Reads the pages once, and returns their batches. */
function readAll(of: TableSource, published: PublishedRows, all: readonly (readonly Row[])[]): Batch[] {
  const met = new Set<string>();
  return all.map((rows) => {
    const batch = sortOut(pageOf(rows), of, published, (key) => of.reads === 'whole' && met.has(key));
    for (const key of batch.met) met.add(key);
    remember(published, batch);
    return batch;
  });
}

it('publishes of each key only versions that follow each other, over pages and readings', () => {
  fc.assert(
    fc.property(tables, fc.array(pages), (table, readings) => {
      const published = rowsOf(table);
      const last = new Map<string, Batch['versions'][number]>();
      for (const all of readings) {
        for (const { versions } of readAll(sourceOf(table), published, all)) {
          for (const version of versions) {
            const before = last.get(version.row.key)?.row;
            expect(version.row.hash).not.toBe(before?.hash);
            expect(version.row.updatedAt ?? 0).toBeGreaterThanOrEqual(before?.updatedAt ?? 0);
            last.set(version.row.key, version);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

it('publishes of one key in a reading of a whole table one version, and more only when they are newer', () => {
  fc.assert(
    fc.property(tables, sharing, ({ method }, all) => {
      const times = new Map<string, number | null>();
      const batches = readAll(sourceOf({ method, reads: 'whole' }), new EveryRow(), all);
      for (const { row: made } of batches.flatMap(({ versions }) => versions)) {
        const before = times.get(made.key);
        if (before !== undefined)
          expect(made.updatedAt ?? -1).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
        times.set(made.key, made.updatedAt);
      }
    }),
    { numRuns: 300 },
  );
});

it('publishes nothing when the pages of a whole table are read again, even where rows share a key', () => {
  fc.assert(
    fc.property(tables, sharing, ({ method }, all) => {
      const source = sourceOf({ method, reads: 'whole' });
      const published = new EveryRow();
      readAll(source, published, all);
      const again = readAll(source, published, all);
      expect(again.flatMap(({ versions }) => versions)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('accounts for every row: published, unchanged, outdated, without a key, or another of its key', () => {
  fc.assert(
    fc.property(tables, pages, fc.array(row), (table, before, rows) => {
      const source = sourceOf(table);
      const published = rowsOf(table);
      readAll(source, published, before);
      const { versions, letters, twins, met, unchanged } = sortOut(
        pageOf(rows),
        source,
        published,
        () => false,
      );
      expect(letters.length).toBe(rows.filter(({ id }) => id === null).length);
      expect([...met]).toEqual([...new Set(rows.map(({ id }) => id ?? 'none'))]);
      for (const { id, content, time } of rows) {
        if (id === null) continue;
        const version = {
          hash: hashOf(content, time),
          updatedAt: time === null ? null : time * 1000,
          versionTime: time,
        };
        const isPublished = versions.some(({ row: made }) => made.key === id && made.hash === version.hash);
        const isUnchanged = unchanged.some(({ key }) => key === id);
        const stands = versions.findLast(({ row: made }) => made.key === id)?.row ?? published.get(id);
        const isOutdated =
          stands !== undefined && judge({ ...stands, versionTime: null }, version) === 'stale';
        const isKept = twins.some(({ key }) => key === twinKey(id, version.hash));
        const isAnother =
          isKept || (table.reads === 'whole' && rows.filter((each) => each.id === id).length > 1);
        expect(isPublished || isUnchanged || isOutdated || isAnother).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
