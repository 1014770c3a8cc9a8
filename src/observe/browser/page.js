/** The page: requests what changed every two seconds, and shows it. */

import { withAnswer } from './answers.js';
import { Card } from './card.js';
import { badge, element, time, updateTimes } from './elements.js';
import { counted, number, shortened } from './format.js';
import { showNumbers } from './hover.js';
import { lastMinute } from './last-hour.js';
import { inOrder, isFound, summaryOf } from './summary.js';

/** @import { Status } from '../status.js' */

const EVERY_MS = 2_000;
const LIMIT_MS = 10_000;
/** With more connections than this they begin closed, and there is a search box. */
const FEW = 3;
const MAX_REASONS = 600;

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const search = /** @type {HTMLInputElement} */ (byId('search'));
const refreshHover = showNumbers(byId('tip'));

/** @type {Status | null} */
let status = null;
/** @type {Map<string, Card>} */
const cards = new Map();
/** The publisher's clock less the browser's, in milliseconds. */
let skew = 0;
let drawnMinute = 0;

const nowMs = () => Date.now() + skew;

/**
 * Brings the page up to date; `changed` null: all connections.
 *
 * @param {Status} shown
 * @param {ReadonlySet<string> | null} changed
 */
function draw(shown, changed) {
  const now = nowMs();
  drawHeader(shown, now);
  const minute = Math.floor(now / 60_000);
  // All charts move on with each minute.
  drawCards(shown, minute === drawnMinute ? changed : null, now);
  drawnMinute = minute;
  arrange(shown);
  updateTimes(document, now);
  refreshHover();
}

/**
 * @param {Status} shown
 * @param {number} now epoch milliseconds
 */
function drawHeader({ ready, reasons, notes, version, startedAt, connections }, now) {
  const state = byId('ready');
  const why = shortened((ready ? notes : reasons).join(', '), MAX_REASONS);
  state.className = `badge ${ready ? 'good' : 'bad'}`;
  state.textContent = (ready ? 'ready' : 'not ready') + (why === '' ? '' : `: ${why}`);
  byId('about').replaceChildren(`${version} · started `, time(startedAt, 'ago', now));
  const perMinute = connections.reduce((sum, { history }) => sum + lastMinute(history, now), 0);
  byId('tools').hidden = connections.length <= FEW;
  byId('totals').replaceChildren(
    element('span', 'soft', `${counted(connections.length, 'connection')} · ${number(perMinute)} per minute`),
    ...chips(connections),
  );
}

/**
 * Buttons that find the connections of a state.
 *
 * @param {Status['connections']} connections
 */
function chips(connections) {
  const words = /** @type {const} */ (['failed', 'paused', 'starting', 'elsewhere']);
  const summaries = connections.map(summaryOf);
  return words.flatMap((word) => {
    const found = summaries.filter(({ text }) => text.endsWith(word));
    if (found.length === 0) return [];
    const button = element(
      'button',
      'chip',
      badge(found[0]?.look ?? 'idle', `${number(found.length)} ${word}`),
    );
    button.addEventListener('click', () => {
      search.value = search.value === word ? '' : word;
      if (status !== null) arrange(status);
    });
    return [button];
  });
}

/**
 * @param {Status} shown
 * @param {ReadonlySet<string> | null} changed
 * @param {number} now epoch milliseconds
 */
function drawCards({ connections }, changed, now) {
  for (const connection of connections) {
    const { name } = connection;
    const known = cards.get(name);
    const card = known ?? new Card(connections.length <= FEW);
    cards.set(name, card);
    if (known === undefined || changed === null || changed.has(name)) card.draw(connection, now);
  }
}

/**
 * Puts the connections that are found into their order.
 *
 * @param {Status} shown
 */
function arrange({ connections }) {
  const main = byId('connections');
  const found = inOrder(connections).filter((each) => isFound(each, search.value.trim()));
  const nodes = found.flatMap(({ name }) => cards.get(name)?.node ?? []);
  if (nodes.length !== main.children.length || nodes.some((node, index) => main.children[index] !== node))
    main.replaceChildren(...nodes);
  byId('nothing').hidden = nodes.length > 0;
  byId('nothing').textContent =
    connections.length === 0 ? 'No connections are configured.' : 'No connection matches.';
}

async function refresh() {
  const since = status === null ? '' : `?since=${encodeURIComponent(status.revision)}`;
  const response = await fetch(`api/status${since}`, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  /** @type {Status} */
  const answer = await response.json();
  if (status !== null && status.version !== answer.version) location.reload();
  skew = Date.parse(answer.now) - Date.now();
  const { status: shown, changed } = withAnswer(status, answer);
  status = shown;
  if (changed === null) forgetOthers(shown);
  draw(shown, changed);
}

/** @param {Status} shown */
function forgetOthers({ connections }) {
  const names = new Set(connections.map(({ name }) => name));
  for (const name of cards.keys()) if (!names.has(name)) cards.delete(name);
}

async function keepFresh() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    byId('ready').className = 'badge bad';
    byId('ready').textContent = 'no answer: what is shown here may be old';
  }
  setTimeout(keepFresh, EVERY_MS);
}

search.addEventListener('input', () => {
  if (status !== null) arrange(status);
});
setInterval(() => updateTimes(document, nowMs()), 1_000);
void keepFresh();
