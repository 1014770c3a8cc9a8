/** Versions of one row, read in any order and any number of times: the newest stands in the end. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, type PublishedVersion, RecentRows } from '../../../src/sync/published.js';

const optional = (time: fc.Arbitrary<number>) => fc.option(time, { freq: 5 });
const version = fc.record({
  hash: fc.constantFrom('a', 'b', 'c', 'd'),
  updatedAt: optional(fc.nat(9)),
  versionTime: optional(fc.nat(9)),
});

describe('judge', () => {
  it('calls a version unchanged against itself, and never both of two versions stale', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(judge(a, a)).toBe('unchanged');
        const verdicts = [judge(a, b), judge(b, a)];
        if (a.hash === b.hash) expect(verdicts).toEqual(['unchanged', 'unchanged']);
        else expect(verdicts).toContain('publish');
      }),
    );
  });

  it('publishes no version over a newer one, and none of a row that is gone from before its end', () => {
    fc.assert(
      fc.property(version, version, fc.nat(9), (known, read, goneAt) => {
        const isOlder =
          known.updatedAt !== null && read.updatedAt !== null && read.updatedAt < known.updatedAt;
        if (isOlder) expect(judge(known, read)).not.toBe('publish');
        const grave = { hash: '', updatedAt: goneAt, versionTime: goneAt, gone: true };
        const isBack = read.updatedAt !== null && read.updatedAt > goneAt;
        expect(judge(grave, read)).toBe(isBack ? 'publish' : 'stale');
      }),
    );
  });

  it('comes to the newest version, in whatever order and however often they are read', () => {
    const versions = fc.uniqueArray(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, selector: String });
    const readings = versions
      .map((all) => all.map(([at, by]) => ({ hash: `${at}.${by}`, updatedAt: at, versionTime: by })))
      .chain((all) =>
        fc.record({
          all: fc.constant(all),
          order: fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
        }),
      );
    fc.assert(
      fc.property(readings, ({ all, order }) => {
        const stands = order.reduce<(typeof all)[number] | undefined>(
          (known, read) => (judge(known, read) === 'publish' ? read : known),
          undefined,
        );
        const newest = [...all]
          .sort((a, b) => a.updatedAt - b.updatedAt || a.versionTime - b.versionTime)
          .at(-1);
        expect(stands).toEqual(newest);
      }),
    );
  });
});

describe('RecentRows', () => {
  interface Step {
    readonly kind: 'set' | 'move' | 'bury' | 'delete' | 'forget';
    readonly key: string;
    readonly time: number | null;
    readonly publishedAfter: number;
  }

  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'move', 'bury', 'delete', 'forget'),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    time: optional(fc.nat(9)),
    publishedAfter: fc.nat(9_000),
  });

  /** What is remembered after a step, told in the plainest way. */
  function after(known: Map<string, PublishedVersion>, { kind, key, time, publishedAfter }: Step) {
    const entry = known.get(key);
    if (kind === 'forget')
      return new Map([...known].filter(([, each]) => (each.versionTime ?? Infinity) >= (time ?? 0)));
    if (kind === 'set')
      return new Map(known).set(key, { hash: key, updatedAt: null, versionTime: time, publishedAfter });
    if (kind === 'move') {
      const isBack = (time ?? Infinity) < (entry?.versionTime ?? -Infinity);
      return entry && !isBack ? new Map(known).set(key, { ...entry, versionTime: time }) : known;
    }
    if (kind === 'delete') return new Map([...known].filter(([each]) => each !== key));
    const at = publishedAfter;
    return new Map(known).set(key, {
      hash: '',
      updatedAt: at,
      versionTime: at / 1000,
      publishedAfter: at,
      gone: true,
    });
  }

  function take(rows: RecentRows, { kind, key, time, publishedAfter }: Step): void {
    if (kind === 'set') rows.set(key, { hash: key, updatedAt: null, versionTime: time, publishedAfter });
    else if (kind === 'move') rows.refresh(key, time);
    else if (kind === 'bury') rows.deleted(key, publishedAfter);
    else if (kind === 'delete') rows.delete(key);
    else rows.moveFloor(time ?? 0);
  }

  it('remembers what the next windows may bring again, and from when a restore finds all of it', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const rows = new RecentRows(true);
        let model = new Map<string, PublishedVersion>();
        for (const each of steps) {
          take(rows, each);
          model = after(model, each);
          expect(new Map(rows.unmet().map((key) => [key, rows.get(key)]))).toEqual(model);
          expect(rows.size).toBe(model.size);
          const oldest = Math.min(...[...model.values()].map(({ publishedAfter }) => publishedAfter));
          expect(rows.restoreFrom() ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(oldest);
          if (each.kind === 'forget')
            expect(rows.restoreFrom()).toBe(Number.isFinite(oldest) ? oldest : null);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('holds thousands of rows, whatever their keys and hashes, and tells which of them a reading has met', () => {
    const keys = fc.oneof(
      fc.nat(400).map(String),
      fc.constantFrom('ключ', '\u0000', '__proto__', '', 'k'.repeat(70)),
    );
    const hashes = fc.oneof(
      fc.constantFrom('', 'odd', 'F'.repeat(32), '0'.repeat(32), 'f'.repeat(32)),
      fc.nat().map((seed) => seed.toString(16).padStart(32, '0')),
    );
    const steps = fc.array(
      fc.record({
        kind: fc.constantFrom('set', 'set', 'set', 'delete', 'meet', 'meet', 'begin'),
        key: keys,
        version: fc.record({
          hash: hashes,
          updatedAt: optional(fc.integer()),
          versionTime: optional(fc.double({ noNaN: true })),
          publishedAfter: fc.nat(),
        }),
      }),
      { size: 'max', maxLength: 3_000 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const rows = new RecentRows(true);
        const model = new Map<string, PublishedVersion>();
        const met = new Set<string>();
        for (const [index, { kind, key, version }] of all.entries()) {
          // A reading begins now and then only, so that others have many rows.
          if (kind === 'begin' && index % 10 === 0) {
            rows.beginReading();
            met.clear();
          } else if (kind === 'meet') {
            rows.meet(key);
            met.add(key);
          } else if (kind === 'delete') {
            rows.delete(key);
            model.delete(key);
          } else if (kind === 'set') {
            rows.set(key, version);
            model.set(key, version);
          }
          expect(rows.get(key)).toEqual(model.get(key));
          expect(rows.size).toBe(model.size);
          if (model.has(key)) expect(rows.isMet(key)).toBe(met.has(key));
        }
        expect(rows.unmet().sort()).toEqual([...model.keys()].filter((key) => !met.has(key)).sort());
        for (const [key, version] of model) expect(rows.get(key)).toEqual(version);
      }),
      { numRuns: 60 },
    );
  });
});
