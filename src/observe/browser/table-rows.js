/** The tables of a connection. */

import { chart, peakText } from './chart.js';
import { badge, element, time } from './elements.js';
import { duration, number } from './format.js';
import { lastHour, lastMinute } from './last-hour.js';
import { tableNotes } from './notes.js';
import { LOOK } from './summary.js';

/** @import { ConnectionStatus, TableStatus } from '../status.js' */

const COLUMNS = /** @type {const} */ ([
  ['table', ''],
  ['state', ''],
  ['fresh as of', ''],
  ['next poll', ''],
  ['rows', 'number'],
  ['deletes', 'number'],
  ['dead letters', 'number'],
  ['per minute', 'number'],
  ['last hour', 'wide'],
]);

/**
 * @param {ConnectionStatus} connection
 * @param {number} now epoch milliseconds
 */
export function tableOf(connection, now) {
  const headings = COLUMNS.map(([name, look]) => {
    const heading = element('th', look, name);
    heading.setAttribute('scope', 'col');
    return heading;
  });
  const rows = connection.tables.flatMap((table) => rowsOf(table, connection, now));
  return element(
    'table',
    '',
    element('thead', '', element('tr', '', ...headings)),
    element('tbody', '', ...rows),
  );
}

/**
 * @param {TableStatus} table
 * @param {ConnectionStatus} connection
 * @param {number} now epoch milliseconds
 */
function rowsOf(table, connection, now) {
  const hour = lastHour(table.history, now);
  const rate = [number(lastMinute(table.history, now))];
  const peak = element('span', 'soft peak-text', peakText(hour));
  const isServed = connection.state === 'owned';
  const contents = [
    [table.name],
    [stateOf(table, isServed)],
    [freshness(table, now)],
    [isServed ? nextPoll(table, now) : '–'],
    [number(table.records)],
    [number(table.deletes)],
    [element('span', table.deadLetters > 0 ? 'held' : '', number(table.deadLetters))],
    hour.peak === 0 ? rate : [...rate, peak],
    hour.peak === 0 ? [peak] : [chart(hour, { noun: 'published', size: 'small' })],
  ];
  const row = element('tr', '', ...contents.map((content, index) => cell(index, content)));
  const notes = tableNotes(table, connection.name, now);
  return notes.length === 0 ? [row] : [row, notesRow(notes)];
}

/**
 * @param {number} column
 * @param {readonly (Node | string)[]} content
 */
function cell(column, content) {
  const [name, look] = COLUMNS[column] ?? ['', ''];
  const node = element('td', look, element('div', 'value', ...content));
  node.dataset.label = name;
  return node;
}

/** @param {readonly Node[]} notes */
function notesRow(notes) {
  const node = document.createElement('td');
  node.colSpan = COLUMNS.length;
  node.append(...notes);
  return element('tr', 'reason', node);
}

/**
 * @param {TableStatus} table
 * @param {boolean} isServed otherwise the state is the last one known
 */
function stateOf(table, isServed) {
  const look = LOOK[table.state] ?? 'idle';
  const node = element('span', '', badge(isServed || look === 'bad' ? look : 'idle', table.state));
  const progress = progressText(table);
  if (progress !== '') node.append(element('span', 'soft below', progress));
  return node;
}

/** @param {TableStatus} table */
function progressText({ progress }) {
  if (progress === null || progress === undefined) return '';
  const { rows, rowsExpected, covered, toCover } = progress;
  if (toCover > 0) return `${share(covered, toCover)} of ${duration(toCover)}`;
  return rowsExpected ? `${share(rows, rowsExpected)} of ${number(rowsExpected)}` : `${number(rows)} read`;
}

/**
 * @param {number} part
 * @param {number} whole
 */
function share(part, whole) {
  return `${Math.min(100, Math.floor((100 * part) / whole))}%`;
}

/**
 * @param {TableStatus} table
 * @param {number} now epoch milliseconds
 */
function freshness({ freshAsOf, bookmark }, now) {
  if (freshAsOf === null) return element('span', 'soft', 'never');
  const node = time(freshAsOf, 'ago', now);
  const place = bookmark === null ? '' : `, bookmark ${bookmark}`;
  node.title = `The last complete cycle started at ${freshAsOf}${place}`;
  return node;
}

/**
 * @param {TableStatus} table
 * @param {number} now epoch milliseconds
 */
function nextPoll({ state, schedule, nextPollAt }, now) {
  if (state === 'paused') return element('span', 'soft', 'when resumed');
  if (schedule === null) return element('span', 'soft', 'back to back');
  if (nextPollAt === null || nextPollAt === undefined) return element('span', 'soft', '–');
  const node = time(nextPollAt, 'until', now);
  node.title = `${schedule} (UTC)`;
  return node;
}
