/** What operators request of a table while instances run: the JSON object behind `{connection}/{table}` in the control topic. */

import { isUnderway } from './resync.js';
import type { ResyncMark, TableState } from './state.js';
/** A table is to be read again beside its polls. */
export interface ResyncRequest {
  /** Epoch seconds of `updated_at`: older rows are left as they are; null: all rows are read. */
  readonly since: number | null;
  /** Whether each row is published once more, also where nothing has changed. */
  readonly republish: boolean;
}

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
  /** The last `resync` with its revision; null: none, or it was cancelled. */
  readonly resync: (ResyncRequest & { readonly revision: number }) | null;
}

/** A change that a command requests; `cancel` ends a resync. */
export type ControlRequest = 'pause' | 'resume' | 'sync' | 'cancel' | ResyncRequest;

/**
 * The requests of a table until now: those of its record, or where the topic has none, what its owner follows.
 * The next revision is one that the owner has not answered, also when the topic was created again.
 */
export function requestsUntilNow(
  record: Control | undefined,
  state: Pick<TableState, 'paused' | 'controlRevision' | 'syncRevision' | 'resync'> | undefined,
): Control | undefined {
  const { paused = false, controlRevision = 0, syncRevision = 0, resync = null } = state ?? {};
  const answered = Math.max(controlRevision, syncRevision, resync?.revision ?? 0);
  const revision = Math.max(record?.revision ?? 0, answered);
  if (revision === 0) return undefined;
  const none: Control = {
    version: 1,
    revision,
    id: '',
    at: '',
    paused,
    sync: null,
    resync: resyncOf(resync),
  };
  return { ...(record ?? none), revision };
}

/** The request of a resync that is under way. */
function resyncOf(mark: ResyncMark | null): Control['resync'] {
  if (!isUnderway(mark)) return null;
  const { revision, since, republish } = mark;
  return { revision, since, republish };
}

/** The requests of a table with one more. `at` in epoch milliseconds. */
export function withRequest(
  before: Control | undefined,
  request: ControlRequest,
  { id, at }: { readonly id: string; readonly at: number },
): Control {
  const revision = (before?.revision ?? 0) + 1;
  const { paused = false, sync = null, resync = null } = before ?? {};
  const kept = { version: 1, revision, id, at: new Date(at).toISOString(), paused, sync, resync } as const;
  if (typeof request === 'object') return { ...kept, resync: { revision, ...request } };
  if (request === 'cancel') return { ...kept, resync: null };
  return request === 'sync' ? { ...kept, sync: revision } : { ...kept, paused: request === 'pause' };
}

/** A control as it stands in the topic: `newer` where a newer version wrote it, null where it is none. */
export function parseControl(text: string): Control | 'newer' | null {
  try {
    const json = JSON.parse(text) as (Partial<Control> & { readonly version?: number }) | null;
    if (json !== null && Number.isSafeInteger(json.version) && (json.version ?? 0) > 1) return 'newer';
    if (json === null || json.version !== 1 || !Number.isSafeInteger(json.revision)) return null;
    const { revision = 0, id = '', at = '', paused = false, sync = null } = json;
    return { version: 1, revision, id, at, paused: paused === true, sync, resync: resyncIn(json) };
  } catch {
    return null;
  }
}

function resyncIn({ resync }: Partial<Control>): Control['resync'] {
  if (!Number.isSafeInteger(resync?.revision)) return null;
  const { revision = 0, since = null, republish = false } = resync ?? {};
  return { revision, since, republish };
}
