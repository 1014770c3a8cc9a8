/** What operators request of a table while instances run: the JSON object behind `{connection}/{table}` in the control topic. */

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
}

/** A change that a command requests. */
export type ControlRequest = 'pause' | 'resume' | 'sync';

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

/** A control as it stands in the topic; null where it is none that this version can read. */
export function parseControl(text: string): Control | null {
  try {
    const json = JSON.parse(text) as Partial<Control> | null;
    if (json === null || json.version !== 1 || !Number.isSafeInteger(json.revision)) return null;
    const { revision = 0, id = '', at = '', paused = false, sync = null } = json;
    return { version: 1, revision, id, at, paused: paused === true, sync };
  } catch {
    return null;
  }
}
