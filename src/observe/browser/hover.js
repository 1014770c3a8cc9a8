/** The number of the minute under the pointer. */

import { shownBy } from './chart.js';
import { clock, number } from './format.js';
import { MINUTES } from './last-hour.js';

const GAP = 12;

/**
 * Shows the text in `tip` while the pointer is on a chart. Call the returned function when charts were drawn
 * again.
 *
 * @param {HTMLElement} tip
 */
export function showNumbers(tip) {
  /** @type {{ x: number, y: number } | null} */
  let pointer = null;
  /** @type {Element | null} */
  let marked = null;
  const refresh = () => {
    marked?.setAttribute('visibility', 'hidden');
    const found = pointer === null ? null : minuteAt(pointer.x, pointer.y);
    tip.hidden = found === null;
    if (found === null || pointer === null) return;
    marked = found.plot.querySelector('.mark');
    marked?.setAttribute('x', String(found.index));
    marked?.setAttribute('visibility', 'visible');
    tip.textContent = found.text;
    place(tip, pointer.x, pointer.y);
  };
  const follow = (/** @type {PointerEvent} */ { clientX: x, clientY: y }) => {
    pointer = { x, y };
    refresh();
  };
  document.addEventListener('pointermove', follow);
  document.addEventListener('pointerdown', follow);
  document.addEventListener('scroll', () => {
    pointer = null;
    refresh();
  });
  document.documentElement.addEventListener('pointerleave', () => {
    pointer = null;
    refresh();
  });
  return refresh;
}

/**
 * @param {number} x
 * @param {number} y
 */
function minuteAt(x, y) {
  const plot = document.elementFromPoint(x, y)?.closest('.plot') ?? null;
  const shown = plot === null ? undefined : shownBy(plot);
  if (plot === null || shown === undefined) return null;
  const { left, width } = plot.getBoundingClientRect();
  const index = Math.min(MINUTES - 1, Math.max(0, Math.floor(((x - left) / width) * MINUTES)));
  const { from, values } = shown.hour;
  return {
    plot,
    index,
    text: `${clock((from + index * 60) * 1_000)}: ${number(values[index] ?? 0)} ${shown.noun}`,
  };
}

/**
 * Beside the pointer, and within the window.
 *
 * @param {HTMLElement} tip
 * @param {number} x
 * @param {number} y
 */
function place(tip, x, y) {
  const { width, height } = tip.getBoundingClientRect();
  const left = x + GAP + width > innerWidth ? x - GAP - width : x + GAP;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, y - GAP - height)}px`;
}
