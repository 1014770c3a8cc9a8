/** What operators request of a table while instances run: the JSON object behind `{connection}/{table}` in the control topic. */

import type { TableState } from './state.js';

/** All requests that count for a table now. */
export interface Control {
  readonly version: 1;
  /** Rises by one with each request. */
  readonly revision: number;
  /** Names the command that wrote this revision. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Whether polls and notifications are paused. */
  readonly paused: boolean;
  /** The revision of the last `sync`; null: none. */
  readonly sync: number | null;
}

/** A change that a command requests. */
export type ControlRequest = 'pause' | 'resume' | 'sync';

/**
 * The requests of a table until now: those of its record, or where the topic has none, what its owner follows.
 * The next revision is one that the owner has not answered, also when the topic was created again.
 */
export function requestsUntilNow(
  record: Control | undefined,
  state: Pick<TableState, 'paused' | 'controlRevision' | 'syncRevision'> | undefined,
): Control | undefined {
  const { paused = false, controlRevision = 0, syncRevision = 0 } = state ?? {};
  const revision = Math.max(record?.revision ?? 0, controlRevision, syncRevision);
  if (revision === 0) return undefined;
  const none: Control = { version: 1, revision, id: '', at: '', paused, sync: null };
  return { ...(record ?? none), revision };
}

/** The requests of a table with one more. `at` in epoch milliseconds. */
export function withRequest(
  before: Control | undefined,
  request: ControlRequest,
  { id, at }: { readonly id: string; readonly at: number },
): Control {
  const revision = (before?.revision ?? 0) + 1;
  return {
    version: 1,
    revision,
    id,
    at: new Date(at).toISOString(),
    paused: request === 'sync' ? (before?.paused ?? false) : request === 'pause',
    sync: request === 'sync' ? revision : (before?.sync ?? null),
  };
}

/** A control as it stands in the topic: `newer` where a newer version wrote it, null where it is none. */
export function parseControl(text: string): Control | 'newer' | null {
  try {
    const json = JSON.parse(text) as (Partial<Control> & { readonly version?: number }) | null;
    if (json !== null && Number.isSafeInteger(json.version) && (json.version ?? 0) > 1) return 'newer';
    if (json === null || json.version !== 1 || !Number.isSafeInteger(json.revision)) return null;
    const { revision = 0, id = '', at = '', paused = false, sync = null } = json;
    return { version: 1, revision, id, at, paused: paused === true, sync };
  } catch {
    return null;
  }
}
