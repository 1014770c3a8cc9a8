/** The order in which connections are opened. Pure. */

import type { ConnectionConfig } from '../config/config.js';
import type { States } from '../kafka/states.js';
import type { TableState } from '../model/state.js';

/**
 * Connections with the oldest data come first. The age of a connection is that of its table that was complete
 * longest ago. Connections without a complete table come last, in their order: consumers have no data of
 * theirs that becomes outdated, and their first reading takes longer than their wait.
 */
export function oldestFirst(
  connections: readonly ConnectionConfig[],
  states: Pick<States, 'get'>,
): readonly ConnectionConfig[] {
  const times = new Map(connections.map((connection) => [connection, oldestTime(connection, states)]));
  const timeOf = (connection: ConnectionConfig) => times.get(connection) ?? Number.POSITIVE_INFINITY;
  return connections.toSorted((a, b) => compare(timeOf(a), timeOf(b)));
}

function oldestTime({ name, tables }: ConnectionConfig, states: Pick<States, 'get'>): number {
  return Math.min(...tables.map((table) => freshAsOf(stateOrNull(states, name, table.name))));
}

/** Epoch milliseconds up to which the table is known to be complete; infinite when it never was. */
function freshAsOf(state: TableState | null): number {
  if (state?.cycle == null) return Number.POSITIVE_INFINITY;
  const { startedAt, finishedAt } = state.cycle;
  if (finishedAt !== null) return Date.parse(startedAt);
  // After a failed or interrupted cycle only the bookmark is certain.
  return state.bookmark === null ? Date.parse(startedAt) : state.bookmark * 1000;
}

/** A state that can't be read is reported by the session that needs it. */
function stateOrNull(states: Pick<States, 'get'>, connection: string, table: string): TableState | null {
  try {
    return states.get(connection, table) ?? null;
  } catch {
    return null;
  }
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
