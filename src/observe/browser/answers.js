/** What the page knows: the first complete answer, with the changes of later ones. */

import { mergeMinutes } from './last-hour.js';

/** @import { ConnectionStatus, Status, TableStatus } from '../status.js' */

/**
 * What is shown after an answer, and the names of the connections that it changed; null: all of them.
 *
 * @param {Status | null} known
 * @param {Status} answer
 * @returns {{ status: Status, changed: ReadonlySet<string> | null }}
 */
export function withAnswer(known, answer) {
  if (known === null || answer.complete !== false) return { status: answer, changed: null };
  const now = Date.parse(answer.now);
  const newer = new Map(answer.connections.map((each) => [each.name, each]));
  const connections = known.connections.map((each) => withChanges(each, newer.get(each.name), now));
  return { status: { ...answer, connections }, changed: new Set(newer.keys()) };
}

/**
 * @param {ConnectionStatus} known
 * @param {ConnectionStatus | undefined} newer
 * @param {number} now epoch milliseconds
 * @returns {ConnectionStatus}
 */
function withChanges(known, newer, now) {
  if (newer === undefined || newer.complete) return newer ?? known;
  const tables = new Map(newer.tables.map((table) => [table.name, table]));
  return {
    ...newer,
    budget: withHistory(known.budget, newer.budget, now),
    history: mergeMinutes(known.history, newer.history, now),
    tables: known.tables.map((table) => withHistory(table, tables.get(table.name) ?? table, now)),
  };
}

/**
 * @template {{ readonly history: TableStatus['history'] } | null} T
 * @param {T} known
 * @param {T} newer
 * @param {number} now epoch milliseconds
 * @returns {T}
 */
function withHistory(known, newer, now) {
  if (known === null || newer === null || known === newer) return newer;
  return { ...newer, history: mergeMinutes(known.history, newer.history, now) };
}
