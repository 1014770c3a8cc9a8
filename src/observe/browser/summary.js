/** A connection in a few words, and which of them come first. */

import { counted } from './format.js';

/** @import { ConnectionStatus } from '../status.js' */

/** How a state looks: the class of its badge. */
export const LOOK = /** @type {Readonly<Record<string, string>>} */ ({
  owned: 'good',
  ok: 'good',
  running: 'busy',
  starting: 'busy',
  failed: 'bad',
  paused: 'held',
});

/** What comes first on the page. */
const ORDER = ['bad', 'held', 'busy', 'good', 'idle'];

/**
 * @param {ConnectionStatus} connection
 * @returns {{ look: string, text: string }}
 */
export function summaryOf({ state, tables }) {
  if (state === 'elsewhere') return { look: 'idle', text: 'served elsewhere' };
  if (state !== 'owned') return { look: LOOK[state] ?? 'idle', text: state };
  const failed = tables.filter((table) => table.state === 'failed').length;
  if (failed > 0) return { look: 'bad', text: `${counted(failed, 'table')} failed` };
  const paused = tables.filter((table) => table.state === 'paused').length;
  if (paused > 0) return { look: 'held', text: `${counted(paused, 'table')} paused` };
  const running = tables.filter((table) => table.state === 'running').length;
  return running > 0 ? { look: 'busy', text: 'running' } : { look: 'good', text: 'ok' };
}

/**
 * The connections that failed first, then by state; those of one state stay in the order of the file.
 *
 * @param {readonly ConnectionStatus[]} connections
 */
export function inOrder(connections) {
  // Cycles come and go: a connection must not move with each of them.
  const rank = (/** @type {ConnectionStatus} */ each) => {
    const { look, text } = summaryOf(each);
    return ORDER.indexOf(text === 'running' ? 'good' : look);
  };
  return connections
    .map((connection) => ({ connection, rank: rank(connection) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ connection }) => connection);
}

/**
 * Whether the words of a search are in the connection's name, its state or an error.
 *
 * @param {ConnectionStatus} connection
 * @param {string} search
 */
export function isFound(connection, search) {
  if (search === '') return true;
  const words = search.toLowerCase().split(/\s+/);
  const errors = connection.tables.map(({ state, error }) => (state === 'failed' ? error : null));
  const texts = [connection.error, ...errors].map((error) =>
    error === null ? '' : `${error.code} ${error.message}`,
  );
  const text = [connection.name, summaryOf(connection).text, ...texts].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * When the oldest table of a connection was fresh; null where there is one that was never read.
 *
 * @param {ConnectionStatus} connection
 * @returns {string | null}
 */
export function oldestOf({ tables }) {
  const times = tables.filter(({ state }) => state !== 'paused').map(({ freshAsOf }) => freshAsOf);
  if (times.length === 0 || times.includes(null)) return null;
  return times.reduce((oldest, time) => ((time ?? '') < (oldest ?? '') ? time : oldest));
}
