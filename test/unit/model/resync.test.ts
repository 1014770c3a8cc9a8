import { describe, expect, it } from 'vitest';
import { type Control, withRequest } from '../../../src/model/control.js';
import {
  afterReading,
  beginResync,
  cancelled,
  isUnderway,
  pendingResync,
  resyncAnew,
  resyncStatus,
  resyncText,
  shareOf,
} from '../../../src/model/resync.js';
import { emptyState, type ResyncMark, type TableState } from '../../../src/model/state.js';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const ISO = '2026-11-26T12:00:00.000Z';
const CYCLE = { number: 3, startedAt: ISO, finishedAt: ISO, records: 1, deletes: 0, notShown: 0 };
const READ: TableState = { ...emptyState(), bookmark: 500, cycle: CYCLE };
const asked = (republish = false, since: number | null = null) =>
  withRequest(undefined, { since, republish }, { id: 'a', at: NOW });
const begun = (republish = false, since: number | null = null): ResyncMark =>
  beginResync(required(asked(republish, since)), READ, { now: NOW, ends: republish ? [4, 6] : null });

function required({ resync }: Control): NonNullable<Control['resync']> {
  if (resync === null) throw new Error('no resync was requested');
  return resync;
}

describe('a resync', () => {
  it('is pending until the owner has accepted it, and never again', () => {
    const control = asked();
    expect(pendingResync(undefined, READ)).toBeNull();
    expect(pendingResync(control, READ)).toEqual(control.resync);
    const accepted = { ...READ, resync: begun() };
    expect(pendingResync(control, accepted)).toBeNull();
    expect(pendingResync(control, { ...READ, resync: cancelled(begun(), NOW) })).toBeNull();
    const next = withRequest(control, { since: null, republish: false }, { id: 'b', at: NOW });
    expect(pendingResync(next, accepted)?.revision).toBe(2);
  });

  it('begins with what the table has published until now', () => {
    expect(begun(true, 7)).toEqual({
      revision: 1,
      since: 7,
      republish: true,
      phase: 'reading',
      startedAt: ISO,
      finishedAt: null,
      until: 500,
      reached: null,
      ends: [4, 6],
      offsets: [],
      records: 0,
      deletes: 0,
      republished: 0,
      error: null,
    });
  });

  it('of a table that was never read is over at once', () => {
    const mark = beginResync(required(asked(true)), emptyState(), { now: NOW, ends: [0] });
    expect(mark).toMatchObject({ phase: 'finished', finishedAt: ISO });
    expect(isUnderway(mark)).toBe(false);
  });

  it('republishes behind its reading, where that was requested', () => {
    expect(afterReading(begun(), NOW)).toMatchObject({ phase: 'finished', finishedAt: ISO });
    expect(afterReading(begun(true), NOW)).toMatchObject({ phase: 'republishing', finishedAt: null });
  });

  it('begins anew in another topic, unless it has ended', () => {
    const mark = { ...begun(true), phase: 'republishing', reached: 400, offsets: [1, 2] } as const;
    const anew = { phase: 'reading', until: null, reached: null, ends: null, offsets: [], revision: 1 };
    expect(resyncAnew(mark)).toMatchObject(anew);
    expect(resyncAnew(cancelled(mark, NOW))).toEqual(cancelled(mark, NOW));
    expect(resyncAnew(null)).toBeNull();
  });

  it.each<[string, Partial<ResyncMark>, number | null]>([
    ['not begun', {}, null],
    ['half of its time', { reached: 300 }, 0.5],
    ['half of its time since', { since: 300, reached: 400 }, 0.5],
    ['behind what it compares', { reached: 900 }, 1],
    ['nothing to compare', { until: null, reached: 7 }, null],
    ['republishing', { phase: 'republishing', ends: [4, 6], offsets: [null, 5] }, 0.5],
    ['republishing an empty topic', { phase: 'republishing', ends: [0], offsets: [] }, 1],
    ['republishing a topic that is not known yet', { phase: 'republishing', ends: null }, null],
    ['finished', { phase: 'finished' }, 1],
    ['cancelled', { phase: 'cancelled', reached: 300 }, null],
  ])('knows how much is done: %s', (_, change, share) => {
    expect(shareOf({ ...begun(), ...change }, 100)).toBe(share);
  });

  it('is shown without offsets', () => {
    expect(resyncStatus(null, 0)).toBeNull();
    const shown = resyncStatus({ ...begun(true), reached: 300 }, 100);
    expect(shown).toMatchObject({ revision: 1, phase: 'reading', share: 0.5 });
    expect(shown).not.toHaveProperty('offsets');
    expect(shown).not.toHaveProperty('ends');
  });

  it.each<[Partial<ResyncMark>, string]>([
    [{}, 'reading; 0 rows and 0 tombstones published'],
    [
      { reached: 300, records: 2 },
      'reading, compared up to 1970-01-01T00:05:00Z; 2 rows and 0 tombstones published',
    ],
    [
      { phase: 'republishing', republish: true, republished: 9, deletes: 1 },
      'republishing; 0 rows and 1 tombstones published, 9 published once more',
    ],
    [
      { error: { code: 'api-error', message: 'GET /contacts: 500', at: ISO } },
      'reading; 0 rows and 0 tombstones published; trying again after: GET /contacts: 500',
    ],
    [{ phase: 'cancelled', records: 1 }, 'cancelled; 1 rows and 0 tombstones published'],
  ])('is told as %j', (change, text) => {
    expect(resyncText({ ...begun(), ...change })).toBe(text);
  });
});
