/**
 * When a state without records is written.
 *
 * Everything that the next owner needs is written at once. That a cycle found nothing, or failed as the one
 * before it, is written once a minute: a state per poll would be most of what the state topic holds, and
 * every start reads that topic.
 */

import { isDeepStrictEqual } from 'node:util';
import type { TableState } from '../model/state.js';

/** The state that Kafka holds. */
export interface WrittenState {
  /** Null: none. */
  readonly state: TableState | null;
  /** Epoch milliseconds at which it was passed for publishing. */
  readonly at: number;
}

/** A state that differs in nothing but its last cycle waits at most so long for the next one. */
export const IDLE_STATE_MS = 60_000;

/** How far the table is: what a restart builds on. */
const PROGRESS = [
  'bookmark',
  'windows',
  'restoreFrom',
  'deletions',
  'reconcile',
  'resetAt',
  'hintedAt',
  'setAside',
  'records',
  'deletes',
  'deadLetters',
  'paused',
  'controlRevision',
  'syncRevision',
  'resync',
] as const satisfies readonly (keyof TableState)[];

/** The state that a table was restored with; undefined: it has none. */
export function restoredState(state: TableState | undefined): WrittenState {
  return state === undefined ? { state: null, at: 0 } : { state, at: Date.parse(state.updatedAt) };
}

/** Whether `next` is to be written now (epoch milliseconds), given what was written last. */
export function isStateDue({ state, at }: WrittenState, next: TableState, now: number): boolean {
  if (state === null || hasProgress(state, next)) return true;
  // A clock that was set back must not keep states from being written.
  return now - at >= IDLE_STATE_MS || now < at;
}

function hasProgress(written: TableState, next: TableState): boolean {
  return (
    PROGRESS.some((field) => !isDeepStrictEqual(written[field], next[field])) ||
    // Messages may name a request or a time; the code says whether it is the same failure.
    written.error?.code !== next.error?.code ||
    // To readers of the state topic, a cycle without an end is one that is running.
    isRunning(written) !== isRunning(next)
  );
}

function isRunning({ cycle, error }: TableState): boolean {
  return error === null && cycle !== null && cycle.finishedAt === null;
}
