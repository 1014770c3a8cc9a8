/** How far a resync of a table is. Pure. */

import type { Control } from './control.js';
import type { ResyncMark, TableState } from './state.js';

/** What a resync begins with. */
export interface ResyncStart {
  /** Epoch milliseconds. */
  readonly now: number;
  /** By partition of the table's topic: the offset behind the last record; null: not needed. */
  readonly ends: readonly number[] | null;
}

/** Whether the resync is neither complete nor cancelled. */
export function isUnderway<Mark extends Pick<ResyncMark, 'phase'>>(mark: Mark | null): mark is Mark {
  return mark !== null && mark.phase !== 'finished' && mark.phase !== 'cancelled';
}

/** The request that the owner has not accepted yet, or null. */
export function pendingResync(control: Control | undefined, state: TableState): Control['resync'] {
  const requested = control?.resync ?? null;
  return requested !== null && requested.revision > (state.resync?.revision ?? 0) ? requested : null;
}

/**
 * The mark of a resync that begins now. A table that was never read has nothing to compare or to republish: its
 * first cycle reads and publishes everything.
 */
export function beginResync(
  { revision, since, republish }: NonNullable<Control['resync']>,
  state: TableState,
  { now, ends }: ResyncStart,
): ResyncMark {
  const startedAt = new Date(now).toISOString();
  const isRead = state.cycle !== null;
  return {
    revision,
    since,
    republish,
    phase: isRead ? 'reading' : 'finished',
    startedAt,
    finishedAt: isRead ? null : startedAt,
    until: state.bookmark,
    reached: null,
    ends,
    offsets: [],
    records: 0,
    deletes: 0,
    republished: 0,
    error: null,
  };
}

/** The mark behind a reading of the source. `now` in epoch milliseconds. */
export function afterReading(mark: ResyncMark, now: number): ResyncMark {
  return mark.republish ? { ...mark, phase: 'republishing', error: null } : finished(mark, now);
}

/** The mark of a resync that is complete. `now` in epoch milliseconds. */
export function finished(mark: ResyncMark, now: number): ResyncMark {
  return { ...mark, phase: 'finished', finishedAt: new Date(now).toISOString(), error: null };
}

/** The mark of a resync that ends before it is complete. `now` in epoch milliseconds. */
export function cancelled(mark: ResyncMark, now: number): ResyncMark {
  return { ...mark, phase: 'cancelled', finishedAt: new Date(now).toISOString() };
}

/** The mark in the state of a table whose topic is another one: the resync begins anew there. */
export function resyncAnew(mark: ResyncMark | null): ResyncMark | null {
  if (!isUnderway(mark)) return mark;
  return { ...mark, phase: 'reading', until: null, reached: null, ends: null, offsets: [] };
}

/** A resync as `status` and the status page show it. */
export interface ResyncStatus extends Omit<ResyncMark, 'ends' | 'offsets'> {
  /** The part of its present phase that is done, from 0 to 1; null where that is not known. */
  readonly share: number | null;
}

/** `start`: see `shareOf`. */
export function resyncStatus(mark: ResyncMark | null, start: number): ResyncStatus | null {
  if (mark === null) return null;
  const { ends: _, offsets: __, ...shown } = mark;
  return { ...shown, share: shareOf(mark, start) };
}

/**
 * The part of its present phase that is done, from 0 to 1; null where that is not known. `start` in epoch
 * seconds: the start date of the connection.
 */
export function shareOf(mark: ResyncMark, start: number): number | null {
  if (mark.phase === 'finished') return 1;
  if (mark.phase === 'reading') return shareRead(mark, start);
  if (mark.phase === 'cancelled' || mark.ends === null) return null;
  const sum = (offsets: readonly (number | null)[]) =>
    offsets.reduce<number>((total, offset) => total + (offset ?? 0), 0);
  return ratio(sum(mark.offsets), sum(mark.ends));
}

function shareRead({ since, until, reached }: ResyncMark, start: number): number | null {
  const from = Math.max(since ?? start, start);
  if (until === null || reached === null) return null;
  return ratio(reached - from, until - from);
}

function ratio(done: number, all: number): number {
  return all <= 0 ? 1 : Math.min(1, Math.max(0, done / all));
}

/** The resync for people, such as `reading, compared up to 2026-01-02T03:04:05Z; 3 rows published`. */
export function resyncText(mark: Omit<ResyncMark, 'ends' | 'offsets'>): string {
  const { phase, reached, records, deletes, republished, republish, error } = mark;
  const place =
    phase === 'reading' && reached !== null
      ? `, compared up to ${new Date(reached * 1000).toISOString().slice(0, 19)}Z`
      : '';
  const again = republish ? `, ${republished} published once more` : '';
  const failure = error !== null && isUnderway(mark) ? `; trying again after: ${error.message}` : '';
  return `${phase}${place}; ${records} rows and ${deletes} tombstones published${again}${failure}`;
}
