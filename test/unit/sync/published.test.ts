import { describe, expect, it } from 'vitest';
import { judge, RecentRows } from '../../../src/sync/published.js';

describe('judge', () => {
  const known = { hash: 'a', updatedAt: 2_000, versionTime: 2 };

  it.each([
    ['an unknown row', undefined, { hash: 'a', updatedAt: 1, versionTime: 1 }, 'publish'],
    ['the same content', known, { hash: 'a', updatedAt: 2_000, versionTime: 2 }, 'unchanged'],
    ['the same content read late', known, { hash: 'a', updatedAt: 1_000, versionTime: 1 }, 'unchanged'],
    ['new content', known, { hash: 'b', updatedAt: 3_000, versionTime: 3 }, 'publish'],
    ['new content within the second', known, { hash: 'b', updatedAt: 2_000, versionTime: 2 }, 'publish'],
    ['an older version', known, { hash: 'b', updatedAt: 1_999, versionTime: 2 }, 'stale'],
    [
      'a part of an older reading of its conversation',
      known,
      { hash: 'b', updatedAt: 2_000, versionTime: 1 },
      'stale',
    ],
    [
      'a deleted row as it was before its end',
      { hash: '', updatedAt: 5_000, versionTime: 5, gone: true },
      { hash: 'b', updatedAt: 4_000, versionTime: 4 },
      'stale',
    ],
    [
      'a deleted row that came back',
      { hash: '', updatedAt: 5_000, versionTime: 5, gone: true },
      { hash: 'b', updatedAt: 6_000, versionTime: 6 },
      'publish',
    ],
    ['content without a time', known, { hash: 'b', updatedAt: null, versionTime: null }, 'publish'],
  ] as const)('%s', (_, before, row, verdict) => {
    expect(judge(before, row)).toBe(verdict);
  });

  it.each([
    ['before its tombstone', 4_999, 'stale'],
    ['in the millisecond of its tombstone', 5_000, 'stale'],
    ['after its tombstone', 5_001, 'publish'],
  ] as const)('a deleted row that was asked for by ID %s', (_, askedAt, verdict) => {
    const gone = { hash: '', updatedAt: 5_000, versionTime: 5, gone: true };
    expect(judge(gone, { hash: 'b', updatedAt: 1_000, versionTime: 1 }, askedAt)).toBe(verdict);
    expect(judge(gone, { hash: 'b', updatedAt: null, versionTime: null }, askedAt)).toBe(verdict);
    expect(judge(known, { hash: 'b', updatedAt: 1_999, versionTime: 1 }, askedAt)).toBe('stale');
  });
});

describe('RecentRows', () => {
  it('remembers that a row is gone until no search can show it any more', () => {
    const rows = new RecentRows(true);
    rows.set('a', { hash: 'x', updatedAt: 1_000, versionTime: 1, publishedAfter: 1 });
    rows.deleted('a', 9_000);
    expect(judge(rows.get('a'), { hash: 'x', updatedAt: 1_000, versionTime: 1 })).toBe('stale');
    rows.moveFloor(1);
    expect(rows.restoreFrom()).toBe(9_000);
    rows.moveFloor(10);
    expect(rows.get('a')).toBeUndefined();
  });

  const version = (versionTime: number | null, publishedAfter: number) => ({
    hash: 'x',
    updatedAt: null,
    versionTime,
    publishedAfter,
  });

  it('asks for a row that is shown although it is gone at first, then whenever its tombstone is twice as old', () => {
    const rows = new RecentRows(true);
    rows.deleted('a', 1_000);
    const asked = (until: number) =>
      Array.from({ length: until }, (_, second) => 1_000 * (second + 2)).filter((now) =>
        rows.shouldCheck('a', now),
      );
    expect(asked(40)).toEqual([2_000, 3_000, 5_000, 9_000, 17_000, 33_000]);
    rows.deleted('a', 60_000);
    expect(rows.shouldCheck('a', 60_500)).toBe(true);
    rows.set('a', version(1, 2));
    expect(rows.shouldCheck('a', 90_000)).toBe(false);
    expect(rows.shouldCheck('unknown', 90_000)).toBe(false);
  });

  it('forgets nothing while the topic is read', () => {
    const rows = new RecentRows(true);
    const releases = [rows.hold(), rows.hold()];
    rows.set('a', version(1, 2));
    for (const release of releases) {
      rows.moveFloor(10);
      expect(rows.get('a')).toBeDefined();
      release();
    }
    rows.moveFloor(10);
    expect(rows.get('a')).toBeUndefined();
  });

  it('forgets what lies before the floor, and keeps what has no time or lies at it', () => {
    const rows = new RecentRows(true);
    rows.set('old', version(9, 1));
    rows.set('at', version(10, 2));
    rows.set('timeless', version(null, 3));
    rows.moveFloor(10);
    expect(rows.unmet()).toEqual(['at', 'timeless']);
  });

  it('restores from the oldest publication that is still known', () => {
    const rows = new RecentRows(true);
    expect(rows.restoreFrom()).toBeNull();
    rows.set('future', version(5_000, 100));
    rows.set('today', version(20, 700));
    rows.set('old', version(10, 50));
    expect(rows.restoreFrom()).toBe(50);
    rows.moveFloor(15);
    expect(rows.restoreFrom()).toBe(100);
  });

  it('moves a version that was read again, but not its publication', () => {
    const rows = new RecentRows(true);
    rows.set('row', version(10, 50));
    rows.refresh('row', 30);
    rows.refresh('row', 15);
    rows.moveFloor(20);
    expect(rows.get('row')).toEqual(version(30, 50));
  });
});
