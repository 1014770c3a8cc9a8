/** Readings of a searched table that show two rows of one key, on whichever pages. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawRow, ShapedRow } from '../../../src/model/row.js';
import { sortOut } from '../../../src/sync/batch.js';
import { RecentRows } from '../../../src/sync/published.js';
import type { TableSource } from '../../../src/sync/source.js';
import { twinKey } from '../../../src/sync/twins.js';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const C = 'c'.repeat(32);

interface Row {
  readonly hash: string;
  readonly time?: number;
}

/** Rows of one key, with a content hash and a time. */
const SOURCE = {
  method: 'incremental',
  reads: 'searched',
  isTooOld: () => false,
  versionTime: (raw: RawRow) => (raw as unknown as Row).time ?? 5,
  shape: (raw: RawRow): ShapedRow => {
    const { hash, time = 5 } = raw as unknown as Row;
    const row = {
      op: 'upsert',
      key: 'k',
      bytes: Buffer.alloc(0),
      hash,
      updatedAt: time * 1000,
      fetchedAt: 1,
    } as const;
    return { ok: true, raw, redacted: () => raw, row, leftovers: [] };
  },
} as unknown as TableSource;

/** A table that is read again and again. */
class Topic {
  readonly published = new RecentRows();
  readonly letters = new Set<string>();
  #clock = 0;

  /** Reads pages, and returns the hashes of what is published. */
  read(...pages: readonly (readonly (Row | string)[])[]): string[] {
    this.#clock += 1;
    this.published.twins.beginReading(this.#clock);
    return pages.flatMap((each) => {
      const rows = each.map((row) => (typeof row === 'string' ? { hash: row } : row)) as unknown as RawRow[];
      const page = { rows, total: null, newest: null, last: true, fetchedAt: 1 };
      const { versions, twins } = sortOut(page, SOURCE, this.published, () => false);
      for (const { key } of twins) this.letters.add(key);
      for (const { row, versionTime } of versions) {
        this.letters.delete(twinKey('k', row.hash));
        const { hash, updatedAt } = row;
        this.published.set('k', { hash, updatedAt, versionTime, publishedAfter: this.#clock });
      }
      return versions.map(({ row }) => row.hash);
    });
  }
}

describe('two rows of one key and one time', () => {
  it('on one page: one is published, once', () => {
    const topic = new Topic();
    expect([topic.read([B, A]), topic.read([A, B]), topic.read([B], [A])]).toEqual([[A], [], []]);
    expect([...topic.letters]).toEqual([twinKey('k', B)]);
  });

  it('on two pages: from the third reading on nothing is published any more', () => {
    const topic = new Topic();
    expect([topic.read([A], [B]), topic.read([A], [B])]).toEqual([[A, B], [A]]);
    expect([topic.read([A], [B]), topic.read([B], [A]), topic.read([B, A])]).toEqual([[], [], []]);
    expect([...topic.letters]).toEqual([twinKey('k', B)]);
  });

  it('are remembered over a restart by the dead letter', () => {
    const topic = new Topic();
    topic.published.set('k', { hash: A, updatedAt: 5000, versionTime: 5, publishedAfter: 0 });
    topic.published.twins.restore(['x', 'k', twinKey('k', B)]);
    expect([topic.read([B], [A]), topic.read([A], [B])]).toEqual([[], []]);
  });

  it('end when the published one is gone: the other one is published, and its dead letter ends', () => {
    const topic = new Topic();
    topic.read([A, B]);
    expect([topic.read([B]), topic.read([B]), topic.read([B])]).toEqual([[], [B], []]);
    expect([...topic.letters]).toEqual([]);
  });

  it('give way to a newer version', () => {
    const topic = new Topic();
    topic.read([A, B]);
    expect(topic.read([{ hash: B, time: 6 }], [A])).toEqual([B]);
  });
});

it('a row whose content changes while its time stays is published in the reading that shows it', () => {
  const topic = new Topic();
  expect([topic.read([A]), topic.read([C]), topic.read([B], [C]), topic.read([C])]).toEqual([
    [A],
    [C],
    [B, C],
    [],
  ]);
});

it('publishes one version of each key in the end, wherever and in whichever order two rows come', () => {
  const pages = fc.constantFrom([[A, B]], [[B, A]], [[A], [B]], [[B], [A]], [[C], [B, A]], [[A, C], [B]]);
  fc.assert(
    fc.property(fc.array(pages, { minLength: 1, maxLength: 4 }), pages, (before, last) => {
      const topic = new Topic();
      for (const each of before) topic.read(...each);
      // Four readings that show the same rows are enough, whatever was before.
      for (let reading = 0; reading < 4; reading += 1) topic.read(...last);
      expect([topic.read(...last), topic.read(...last)]).toEqual([[], []]);
    }),
    { numRuns: 500 },
  );
});
