/** One connection: a line, and its charts and tables when it is open. */

import { chart, peakText, sparkline } from './chart.js';
import { badge, element, time } from './elements.js';
import { counted, number, shortened } from './format.js';
import { lastHour, lastMinute } from './last-hour.js';
import { errorNote } from './notes.js';
import { oldestOf, summaryOf } from './summary.js';
import { tableOf } from './table-rows.js';

/** @import { ConnectionStatus } from '../status.js' */

/** A budget that was used longer ago than this is free again: windows take some ten seconds. */
const WINDOW_MS = 20_000;
const MAX_REASON = 240;

export class Card {
  /** @type {HTMLDetailsElement} */
  node = document.createElement('details');
  #head = document.createElement('summary');
  #body = element('div', 'body');
  /** @type {() => void} */
  #drawBody = () => undefined;

  /** @param {boolean} isOpen */
  constructor(isOpen) {
    this.node.className = 'card';
    this.node.open = isOpen;
    this.node.append(this.#head, this.#body);
    this.node.addEventListener('toggle', () => this.#drawBody());
  }

  /**
   * @param {ConnectionStatus} connection
   * @param {number} now epoch milliseconds
   */
  draw(connection, now) {
    // What is being selected is not drawn again.
    if (isSelecting(this.node)) return;
    this.#head.replaceChildren(...headOf(connection, now));
    this.#drawBody = () =>
      this.node.open ? this.#body.replaceChildren(...bodyOf(connection, now)) : this.#body.replaceChildren();
    this.#drawBody();
  }
}

/** @param {Node} node */
function isSelecting(node) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && node.contains(selection.anchorNode);
}

/**
 * @param {ConnectionStatus} connection
 * @param {number} now epoch milliseconds
 */
function headOf(connection, now) {
  const { look, text } = summaryOf(connection);
  const head = element('span', 'head', element('h2', '', connection.name), badge(look, text));
  if (connection.state === 'elsewhere') return [head];
  const oldest = oldestOf(connection);
  const fresh = oldest === null ? ['not complete yet'] : ['fresh as of ', time(oldest, 'ago', now)];
  const hour = lastHour(connection.history, now);
  head.append(
    element('span', 'soft', ...fresh),
    element('span', 'soft', `${number(lastMinute(connection.history, now))} per minute`),
    ...troubles(connection),
  );
  if (hour.peak > 0) head.append(sparkline(hour, 'published'));
  const reason = reasonOf(connection);
  return reason === null ? [head] : [head, element('span', 'reason bad', shortened(reason, MAX_REASON))];
}

/**
 * What a closed connection holds that an operator may want to read.
 *
 * @param {ConnectionStatus} connection
 */
function troubles({ tables }) {
  const setAside = tables.reduce((sum, table) => sum + table.setAside.length, 0);
  const letters = tables.reduce((sum, table) => sum + table.letters.length, 0);
  const texts = [];
  if (setAside > 0) texts.push(`${number(setAside)} set aside`);
  if (letters > 0) texts.push(counted(letters, 'new dead letter'));
  return texts.map((text) => element('span', 'held', text));
}

/**
 * Why a closed connection needs attention, or null.
 *
 * @param {ConnectionStatus} connection
 */
function reasonOf({ error, tables, state }) {
  if (state !== 'owned') return error?.message ?? null;
  const failed = tables.find((table) => table.state === 'failed');
  return failed?.error ? `${failed.name}: ${failed.error.message}` : null;
}

/**
 * @param {ConnectionStatus} connection
 * @param {number} now epoch milliseconds
 */
function bodyOf(connection, now) {
  if (connection.state === 'elsewhere')
    return [element('p', 'soft', 'Another instance serves this connection, or none does.')];
  const error = connection.error === null ? [] : [errorNote(connection.error, now)];
  return [...error, chartsOf(connection, now), tableOf(connection, now)];
}

/**
 * @param {ConnectionStatus} connection
 * @param {number} now epoch milliseconds
 */
function chartsOf({ history, budget }, now) {
  const figures = [publishedFigure(history, now)];
  if (budget !== null) figures.push(budgetFigure(budget, now));
  return element('div', 'charts', ...figures);
}

/**
 * @param {ConnectionStatus['history']} history
 * @param {number} now epoch milliseconds
 */
function publishedFigure(history, now) {
  const hour = lastHour(history, now);
  const drawn = hour.peak === 0 ? [] : [chart(hour, { noun: 'published', size: 'large' })];
  return figure('rows and tombstones per minute', peakText(hour), ...drawn);
}

/**
 * @param {NonNullable<ConnectionStatus['budget']>} budget
 * @param {number} now epoch milliseconds
 */
function budgetFigure({ used, limit, at, history }, now) {
  const hour = lastHour(history, now);
  const current = now - Date.parse(at) > WINDOW_MS ? 0 : used;
  const of = limit === null ? '' : ` of ${number(limit)}`;
  const end = limit === null ? {} : { end: limit };
  const drawn = chart(hour, { noun: `requests in one window${of}`, size: 'large', ...end });
  return figure(
    'requests per window of the budget',
    `now ${number(current)}${of} · ${peakText(hour)}`,
    drawn,
  );
}

/**
 * @param {string} title
 * @param {string} remark
 * @param {...Node} drawn
 */
function figure(title, remark, ...drawn) {
  const caption = element('figcaption', '', element('strong', '', title), element('span', 'soft', remark));
  return element('figure', '', caption, ...drawn);
}
