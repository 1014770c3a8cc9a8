/**
 * The script in the browser: fetches `/api/status` every two seconds and shows the answer.
 *
 * Data is inserted as text nodes, never as markup.
 */

export const PAGE_SCRIPT = `
'use strict';
(() => {
  const EVERY_MS = 2000;
  const SVG = 'http://www.w3.org/2000/svg';
  const main = document.querySelector('main');
  const ready = document.getElementById('ready');
  const about = document.getElementById('about');
  const KIND = { owned: 'good', ok: 'good', running: 'busy', starting: 'busy', failed: 'bad' };

  function element(name, className, ...children) {
    const node = document.createElement(name);
    if (className) node.className = className;
    node.append(...children);
    return node;
  }

  function drawing(name, attributes) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
    return node;
  }

  const number = (value) => value.toLocaleString('en');

  function duration(seconds) {
    if (seconds === null) return '–';
    const units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
    let rest = Math.round(seconds);
    const parts = [];
    for (const [unit, size] of units) {
      const amount = Math.floor(rest / size);
      rest -= amount * size;
      if (amount > 0) parts.push(amount + unit);
    }
    return parts.slice(0, 2).join(' ') || '0s';
  }

  const since = (time, now) => duration(Math.max(0, (Date.parse(now) - Date.parse(time)) / 1000)) + ' ago';

  function badge(state) {
    return element('span', 'badge ' + (KIND[state] || 'idle'), state);
  }

  function sparkline(values, width, height) {
    const most = Math.max(1, ...values);
    const step = width / values.length;
    const title = number(values.reduce((sum, value) => sum + value, 0)) + ' published in the last 10 minutes';
    const svg = drawing('svg', { viewBox: '0 0 ' + width + ' ' + height, width, height, role: 'img', 'aria-label': title });
    const hint = drawing('title', {});
    hint.textContent = title;
    svg.append(hint, drawing('rect', { x: 0, y: height - 1, width, height: 1, fill: 'currentColor', opacity: 0.3 }));
    values.forEach((value, index) => {
      if (value === 0) return;
      const tall = Math.max(2, (value / most) * height);
      svg.append(drawing('rect', { x: index * step, y: height - tall, width: Math.max(1, step - 0.5), height: tall, fill: 'currentColor' }));
    });
    return svg;
  }

  function budget(use) {
    if (use === null || use.limit === null) return '';
    const share = Math.min(1, use.used / use.limit);
    const svg = drawing('svg', { viewBox: '0 0 60 8', width: 60, height: 8, 'aria-hidden': 'true' });
    svg.append(
      drawing('rect', { x: 0, y: 0, width: 60, height: 8, rx: 3, fill: 'currentColor', opacity: 0.2 }),
      drawing('rect', { x: 0, y: 0, width: 60 * share, height: 8, rx: 3, fill: 'currentColor' }),
    );
    return element('span', 'meter soft', 'budget', svg, number(use.used) + ' of ' + number(use.limit));
  }

  function problem(error, now) {
    const retry = error.retryAt ? ' · next attempt at ' + new Date(error.retryAt).toLocaleTimeString() : '';
    return element('p', 'error', error.message + ' (' + since(error.at, now) + retry + ')');
  }

  function subject(entry) {
    const time = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19) + 'Z';
    return entry.id === null ? 'updated_at ' + time(entry.window.from) + ' to ' + time(entry.window.to) : 'ID ' + entry.id;
  }

  function aside(entry, now) {
    const what = subject(entry);
    const tries = ' (' + number(entry.tries) + ' tries, first ' + since(entry.firstAt, now) + ')';
    return element('p', 'error', 'set aside: ' + what + ': ' + entry.message + tries);
  }

  function progress(table) {
    const { progress: at } = table;
    if (at === null) return '';
    if (at.toCover > 0) return ' ' + Math.floor((100 * at.covered) / at.toCover) + '%';
    return at.rowsExpected ? ' ' + Math.min(100, Math.floor((100 * at.rows) / at.rowsExpected)) + '%' : '';
  }

  function freshness(table, now) {
    if (table.freshAsOf === null) return '–';
    const node = element('span', '', since(table.freshAsOf, now));
    const bookmark = table.bookmark === null ? '' : ', bookmark ' + table.bookmark;
    node.title = 'The last complete cycle started at ' + table.freshAsOf + bookmark;
    return node;
  }

  function cell(label, content, className) {
    const node = element('td', className, content);
    node.dataset.label = label;
    return node;
  }

  function tableRows(table, now) {
    const state = badge(table.state);
    state.append(progress(table));
    const row = element('tr', '',
      element('td', '', table.name),
      element('td', '', state),
      cell('fresh as of', freshness(table, now), 'number'),
      cell('rows', number(table.records), 'number'),
      cell('deletes', number(table.deletes), 'number'),
      cell('dead letters', number(table.deadLetters), 'number' + (table.deadLetters > 0 ? ' bad' : '')),
      cell('per minute', number(table.perMinute), 'number'),
      cell('activity', sparkline(table.activity, 90, 18)),
    );
    const notes = table.setAside.slice(0, 5).map((each) => aside(each, now));
    const more = table.setAside.slice(5);
    if (more.length > 0) notes.push(element('p', 'soft', 'and ' + number(more.length) + ' more set aside: ' + more.map(subject).join(', ')));
    if (table.error !== null) notes.unshift(problem(table.error, now));
    if (notes.length === 0) return [row];
    const reason = element('td', '', ...notes);
    reason.colSpan = 8;
    return [row, element('tr', 'reason', reason)];
  }

  function headings() {
    const row = element('tr');
    const names = ['table', 'state', 'fresh as of', 'rows', 'deletes', 'dead letters', 'per minute', 'activity'];
    names.forEach((name, index) => {
      const heading = element('th', index > 1 && index < 7 ? 'number' : '', name);
      heading.scope = 'col';
      row.append(heading);
    });
    return element('thead', '', row);
  }

  function card(connection, now) {
    const head = element('div', 'head',
      element('h2', '', connection.name),
      badge(connection.state === 'elsewhere' ? 'served elsewhere' : connection.state),
      element('span', 'soft', number(connection.perMinute) + ' per minute'),
      budget(connection.budget),
      element('span', 'spread', sparkline(connection.activity, 180, 28)),
    );
    const node = element('section', 'card', head);
    if (connection.error !== null) node.append(problem(connection.error, now));
    if (connection.state === 'elsewhere') return node;
    const body = element('tbody', '', ...connection.tables.flatMap((table) => tableRows(table, now)));
    node.append(element('table', '', headings(), body));
    return node;
  }

  function draw(status) {
    ready.className = 'badge ' + (status.ready ? 'good' : 'bad');
    const why = status.ready ? status.notes : status.reasons;
    ready.textContent = (status.ready ? 'ready' : 'not ready') + (why.length === 0 ? '' : ': ' + why.join(', '));
    about.textContent = status.version + ' · started ' + since(status.startedAt, status.now);
    main.replaceChildren(...status.connections.map((connection) => card(connection, status.now)));
  }

  async function refresh() {
    try {
      const response = await fetch('api/status', { signal: AbortSignal.timeout(10000) });
      if (!response.ok) throw new Error('status ' + response.status);
      draw(await response.json());
    } catch {
      ready.className = 'badge bad';
      ready.textContent = 'no answer: what is shown here may be old';
    }
    setTimeout(refresh, EVERY_MS);
  }
  refresh();
})();
`;
