/** The state topic: one JSON object per connection and table, the newest one counts. */

import { PublisherError } from '../model/errors.js';
import type { OutgoingRecord } from '../model/row.js';
import { emptyState, type TableState } from '../model/state.js';
import { NewestByKey } from './newest.js';
import type { TopicReader } from './reader.js';

/**
 * The states in the topic. Each state is parsed when it is requested: an unreadable state fails only its own
 * connection.
 */
export class States {
  readonly #values = new Map<string, Buffer>();

  /** Throws `state-unreadable` when this version can't read the state. */
  get(connection: string, table: string): TableState | undefined {
    const key = stateKey(connection, table);
    const value = this.#values.get(key);
    return value === undefined ? undefined : parseState(key, value);
  }

  /** Null deletes. */
  set(key: string, value: Buffer | null): void {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }
}

export function stateKey(connection: string, table: string): string {
  return `${connection}/${table}`;
}

/**
 * Reads the whole state topic; `written` for an owner, which must see every commit, `stable` for commands
 * that only report.
 */
export async function readStates(
  reader: TopicReader,
  topic: string,
  { until, signal }: { until: 'written' | 'stable'; signal?: AbortSignal },
): Promise<States> {
  const states = new States();
  const newest = new NewestByKey(await reader.partitions(topic, signal));
  for await (const records of reader.read(topic, { from: 'earliest', until, signal })) {
    for (const record of records)
      if (newest.isNewest(record)) states.set(record.key?.toString('utf8') ?? '', record.value);
  }
  return states;
}

export function stateRecord(
  topic: string,
  connection: string,
  table: string,
  state: TableState,
): OutgoingRecord {
  return { topic, key: Buffer.from(stateKey(connection, table)), value: Buffer.from(JSON.stringify(state)) };
}

function parseState(name: string, value: Buffer): TableState {
  let json: unknown;
  try {
    json = JSON.parse(value.toString('utf8'));
  } catch (cause) {
    throw unreadable(name, 'it is not JSON', cause);
  }
  if (typeof json !== 'object' || json === null || !('version' in json))
    throw unreadable(name, 'it has no version');
  if (json.version !== 1) {
    throw unreadable(
      name,
      `its version is ${String(json.version)}, this program reads 1: it was written by a newer one`,
    );
  }
  const state = { ...emptyState(), ...(json as Partial<TableState>) };
  return { ...state, freshAsOf: state.freshAsOf ?? completeSince(state) };
}

/** The last complete cycle in a state of version 0.1.0: null while another cycle runs. */
function completeSince({ cycle }: TableState): string | null {
  return cycle === null || cycle.finishedAt === null ? null : cycle.startedAt;
}

function unreadable(name: string, why: string, cause?: unknown): PublisherError {
  return new PublisherError(
    'state-unreadable',
    `the state of ${name} can't be read: ${why}; nothing is published over it. Repair the record in the state topic, or use another state.topic`,
    { cause },
  );
}
