/** What an operator reads below a table or a connection: errors with advice, resync, set aside, dead letters. */

import { element, time } from './elements.js';
import { clock, counted, number } from './format.js';

/** @import { ShownError, TableStatus } from '../status.js' */

const MAX_LISTED = 5;
const SHOWN_AFTER_END_MS = 86_400_000;

/**
 * @param {ShownError & { readonly retryAt?: string | null }} error
 * @param {number} now epoch milliseconds
 */
export function errorNote(error, now) {
  const { code, message, at, advice, retryAt = null } = error;
  const when = element('p', 'soft', time(at, 'ago', now));
  if (retryAt !== null) when.append(' · next attempt ', time(retryAt, 'until', now));
  const node = element(
    'div',
    'note bad-note',
    element('p', 'message bad', element('code', '', code), ' ', message),
  );
  if (advice !== null && advice !== undefined) node.append(element('p', 'advice', 'What to do: ', advice));
  node.append(when);
  return node;
}

/**
 * @param {TableStatus} table
 * @param {string} connection
 * @param {number} now epoch milliseconds
 */
export function tableNotes(table, connection, now) {
  return [
    ...(table.error === null ? [] : [errorNote(table.error, now)]),
    ...resyncNote(table, now),
    ...setAsideNote(table, now),
    ...lettersNote(table, connection, now),
  ];
}

/**
 * The progress of a resync, from whatever fields the status has. One that ended more than a day ago is left out.
 *
 * @param {TableStatus} table
 * @param {number} now epoch milliseconds
 */
function resyncNote(table, now) {
  const resync = resyncOf(table);
  const ended = msOf(resync?.finishedAt);
  if (resync === null || (ended !== null && now - ended > SHOWN_AFTER_END_MS)) return [];
  const name = resync.republish === true ? 'resync, republishing' : 'resync';
  const title = element(
    'p',
    '',
    element('strong', '', name),
    ...resyncParts(resync).map((part) => ` · ${part}`),
  );
  const started = msOf(resync.startedAt);
  if (started !== null) title.append(' · started ', time(new Date(started).toISOString(), 'ago', now));
  if (ended !== null) title.append(' · ended ', time(new Date(ended).toISOString(), 'ago', now));
  const { error } = resync;
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  return [element('div', 'note', title, ...(message === '' ? [] : [element('p', 'message bad', message)]))];
}

/** @param {Readonly<Record<string, unknown>>} resync */
function resyncParts({ phase, share, rows, records, republished, since, reached }) {
  const countOf = (/** @type {unknown} */ value) => (typeof value === 'number' ? value : 0);
  const parts = [];
  if (typeof phase === 'string') parts.push(phase);
  if (typeof share === 'number') parts.push(`${Math.floor(100 * share)}%`);
  const published = countOf(rows ?? records) + countOf(republished);
  if (typeof (rows ?? records) === 'number') parts.push(counted(published, 'row'));
  parts.push(`from ${dateText(since) ?? 'the start'}`);
  const reachedText = dateText(reached);
  if (reachedText !== null) parts.push(`reached ${reachedText}`);
  return parts;
}

/**
 * @param {TableStatus} table
 * @returns {Readonly<Record<string, unknown>> | null}
 */
function resyncOf(table) {
  const resync = 'resync' in table ? table.resync : null;
  return typeof resync === 'object' ? /** @type {Record<string, unknown> | null} */ (resync) : null;
}

/**
 * Epoch milliseconds of a time that is ISO 8601 or a number of seconds; null of anything else.
 *
 * @param {unknown} value
 */
function msOf(value) {
  const ms =
    typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Math.abs(ms) <= 8.64e15 ? ms : null;
}

/** @param {unknown} value */
function dateText(value) {
  const ms = msOf(value);
  return ms === null ? null : `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * @param {TableStatus} table
 * @param {number} now epoch milliseconds
 */
function setAsideNote({ setAside }, now) {
  if (setAside.length === 0) return [];
  const entries = setAside.slice(0, MAX_LISTED).map((entry) => {
    const tries = ` · ${number(entry.tries)} tries, first `;
    const next = ` · next at ${clock(Date.parse(entry.nextAt))}`;
    const text = element('span', 'message', element('code', '', subject(entry)), ' ', entry.message);
    return element('li', '', text, element('span', 'soft', tries, time(entry.firstAt, 'ago', now), next));
  });
  const rest = setAside.slice(MAX_LISTED);
  if (rest.length > 0)
    entries.push(element('li', 'soft', `and ${number(rest.length)} more: ${rest.map(subject).join(', ')}`));
  return [listed(`${number(setAside.length)} set aside`, entries)];
}

/** @param {TableStatus['setAside'][number]} entry */
function subject(entry) {
  const text = (/** @type {number} */ seconds) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;
  return entry.id === null
    ? `updated_at ${text(entry.window.from)} to ${text(entry.window.to)}`
    : `ID ${entry.id}`;
}

/**
 * @param {TableStatus} table
 * @param {string} connection
 * @param {number} now epoch milliseconds
 */
function lettersNote({ letters, deadLetters }, connection, now) {
  if (deadLetters === 0) return [];
  const entries = letters.slice(0, MAX_LISTED).map(({ key, reason, at }) => {
    const text = element('span', 'message', element('code', '', key), ' ', reason);
    return element('li', '', text, element('span', 'soft', ' · ', time(at, 'ago', now)));
  });
  const where = letters.length === 0 ? 'none was written since this instance started' : 'newest first';
  const all = ` · ${where}; the topic ….${connection}.dead_letters has all of them`;
  return [listed(`${counted(deadLetters, 'dead letter')} written`, entries, all)];
}

/**
 * @param {string} title
 * @param {readonly Node[]} entries
 * @param {string} [remark]
 */
function listed(title, entries, remark = '') {
  const head = element('p', '', element('strong', '', title), element('span', 'soft', remark));
  return element('div', 'note', head, element('ul', '', ...entries));
}
