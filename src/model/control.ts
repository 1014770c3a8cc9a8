/** What operators request of a table while instances run: the JSON object behind `{connection}/{table}` in the control topic. */

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
  /** Names the command that wrote this revision: of two that wrote the same one, the later one counts. */
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

/** A control as it stands in the topic; null where it is none that this version can read. */
export function parseControl(text: string): Control | null {
  try {
    const json = JSON.parse(text) as Partial<Control> | null;
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
