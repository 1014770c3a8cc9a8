import { describe, expect, it } from 'vitest';
import type { RawRow, ShapedRow } from '../../../src/model/row.js';
import { sortOut } from '../../../src/sync/batch.js';
import { EveryRow, type PublishedRows, RecentRows } from '../../../src/sync/published.js';
import type { TableSource } from '../../../src/sync/source.js';
import { NO_RETRY } from './table-model.js';

const NONE = () => false;

/** A table whose rows are `{id, v, t}`: key, content, `updated_at` in epoch seconds. */
function tableOf(
  reads: TableSource['reads'],
  method: TableSource['method'] = 'incremental',
  startDate = 0,
): TableSource {
  const shape = (raw: RawRow, fetchedAt: number): ShapedRow => {
    const { id, v, t } = raw as { id?: string; v: string; t: number | null };
    if (id === undefined) return { ok: false, letter: { key: 'none', reason: 'no id', raw, fetchedAt } };
    const row = {
      op: 'upsert',
      key: id,
      bytes: Buffer.from(JSON.stringify(raw)),
      hash: v,
      updatedAt: t === null ? null : t * 1000,
      fetchedAt,
    } as const;
    return { ok: true, raw, row, redacted: () => raw, leftovers: v.startsWith('odd') ? ['zzz'] : [] };
  };
  const pull = async function* () {};
  return {
    name: 'contacts',
    method,
    reads,
    pull,
    windowsAtOnce: () => 1,
    shape,
    versionTime: (raw) => raw.t as number | null,
    isTooOld: ({ t }) => method === 'incremental' && t !== null && Number(t) < startDate,
    grain: async () => ({ unit: 'second' }),
    deletions: null,
    ids: null,
    retry: NO_RETRY,
    prefetch: async () => undefined,
    prepare: async () => false,
    confirmGone: async (keys) => ({ gone: keys, unread: [] }),
  };
}

const page = (...rows: RawRow[]) => ({ rows, total: null, newest: null, last: true, fetchedAt: 1 });
type Known = [string, string, number | null];
const published = (...rows: Known[]) => filled(new RecentRows(), rows);
const publishedWhole = (...rows: Known[]) => filled(new EveryRow(), rows);
const filled = (known: PublishedRows, rows: readonly Known[]) => {
  for (const [key, hash, t] of rows)
    known.set(key, { hash, updatedAt: t === null ? null : t * 1000, versionTime: t, publishedAfter: 0 });
  return known;
};
const contents = (batch: ReturnType<typeof sortOut>) =>
  batch.versions.map(({ row }) => `${row.key}=${row.hash}`);

describe('sortOut', () => {
  it('publishes what is new or changed, and notes what is unchanged', () => {
    const known = published(['a', 'x', 5], ['b', 'x', 5]);
    const batch = sortOut(
      page({ id: 'a', v: 'x', t: 5 }, { id: 'b', v: 'y', t: 6 }, { id: 'c', v: 'x', t: 7 }),
      tableOf('searched'),
      known,
      NONE,
    );
    expect(contents(batch)).toEqual(['b=y', 'c=x']);
    expect(batch.unchanged).toEqual([{ key: 'a', versionTime: 5 }]);
    expect([...batch.met]).toEqual(['a', 'b', 'c']);
  });

  it('never lets an older version follow a newer one, also within a page', () => {
    const known = published(['a', 'new', 9]);
    const rows = page({ id: 'a', v: 'old', t: 8 }, { id: 'b', v: 'new', t: 9 }, { id: 'b', v: 'old', t: 8 });
    expect(contents(sortOut(rows, tableOf('searched'), known, NONE))).toEqual(['b=new']);
  });

  it('publishes both versions of a row that was updated while it was paged', () => {
    const rows = page({ id: 'a', v: 'one', t: 1 }, { id: 'a', v: 'two', t: 2 });
    expect(contents(sortOut(rows, tableOf('searched'), published(), NONE))).toEqual(['a=one', 'a=two']);
  });

  it('takes the first of two rows that share a key in a whole table, in each reading the same', () => {
    const rows = page({ id: 'k', v: 'one', t: null }, { id: 'k', v: 'two', t: null });
    expect(contents(sortOut(rows, tableOf('whole'), publishedWhole(), NONE))).toEqual(['k=one']);
    expect(contents(sortOut(rows, tableOf('whole'), publishedWhole(['k', 'one', null]), NONE))).toEqual([]);
    expect(
      contents(
        sortOut(
          page({ id: 'k', v: 'two', t: null }),
          tableOf('whole'),
          publishedWhole(['k', 'one', null]),
          (key) => key === 'k',
        ),
      ),
    ).toEqual([]);
  });

  it.each(['whole', 'searched'] as const)(
    'publishes of rows that share a key and a time the same one in any order, and keeps the others (%s)',
    (reads) => {
      const of = reads === 'whole' ? publishedWhole : published;
      const rows = ['one', 'two', 'three'].map((v) => ({ id: 'k', v, t: null }));
      for (const order of [rows, [...rows].reverse(), [rows[1], rows[0], rows[2]] as RawRow[]]) {
        for (const known of [[], [['k', 'two', null]], [['k', 'three', null]]] as Known[][]) {
          const batch = sortOut(page(...order), tableOf(reads), of(...known), NONE);
          expect(contents(batch)).toEqual(['k=one']);
          expect(batch.twins.map(({ key }) => key).sort()).toEqual(['k#three', 'k#two']);
          expect(batch.twins.map(({ raw }) => raw)).toEqual(order.filter(({ v }) => v !== 'one'));
          expect([...batch.met]).toEqual(['k']);
        }
        const again = sortOut(page(...order), tableOf(reads), of(['k', 'one', null]), NONE);
        expect(contents(again)).toEqual([]);
        expect(again.twins.length).toBe(2);
      }
    },
  );

  it('takes a newer row of the same key in a whole table that is read page by page', () => {
    const known = publishedWhole(['k', 'one', 5]);
    expect(
      contents(sortOut(page({ id: 'k', v: 'two', t: 6 }), tableOf('whole'), known, (key) => key === 'k')),
    ).toEqual(['k=two']);
  });

  it('leaves out rows of a whole incremental table from before the start date, but not those without a time', () => {
    const rows = page(
      { id: 'old', v: 'x', t: 99 },
      { id: 'at', v: 'x', t: 100 },
      { id: 'timeless', v: 'x', t: null },
    );
    expect(contents(sortOut(rows, tableOf('whole', 'incremental', 100), publishedWhole(), NONE))).toEqual([
      'at=x',
      'timeless=x',
    ]);
    expect(contents(sortOut(rows, tableOf('whole', 'full_table', 100), publishedWhole(), NONE))).toEqual([
      'old=x',
      'at=x',
      'timeless=x',
    ]);
  });

  describe('a row whose key was met before on a row from before the start date', () => {
    const [tooOld, recent] = [
      { id: 'k', v: 'old', t: 4 },
      { id: 'k', v: 'new', t: 6 },
    ];
    const onOnePage = (table: TableSource, known: PublishedRows) =>
      sortOut(page(tooOld, recent), table, known, NONE);
    const onTwoPages = (table: TableSource, known: PublishedRows) =>
      sortOut(page(recent), table, known, (key) => key === 'k');

    it.each([onOnePage, onTwoPages])(
      'is not published in a whole table: the first row counts (%#)',
      (sort) => {
        const batch = sort(tableOf('whole', 'incremental', 5), publishedWhole());
        expect(contents(batch)).toEqual([]);
        expect(batch.twins).toEqual([]);
        expect([...batch.met]).toEqual(['k']);
      },
    );

    it.each([onOnePage, onTwoPages])('is published in a searched table (%#)', (sort) => {
      expect(contents(sort(tableOf('searched', 'incremental', 5), published()))).toEqual(['k=new']);
    });
  });

  it('keeps rows without a key as dead letters and counts what no schema knows', () => {
    const batch = sortOut(
      page({ v: 'x', t: 1 }, { id: 'a', v: 'odd1', t: 1 }, { id: 'b', v: 'odd2', t: 1 }),
      tableOf('searched'),
      published(),
      NONE,
    );
    expect(batch.letters).toMatchObject([{ reason: 'no id' }]);
    expect([...batch.leftovers]).toEqual([['zzz', 2]]);
  });
});
