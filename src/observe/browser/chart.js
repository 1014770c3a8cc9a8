/** Charts of the last hour: a bar for each minute. The hover text is in `hover.js`. */

import { drawing, element } from './elements.js';
import { clock, number, shortNumber } from './format.js';
import { axisEnd, MINUTES } from './last-hour.js';

/** @import { Hour } from './last-hour.js' */

/** Height of the plot in its own units; the style stretches it. */
const HEIGHT = 100;
/** A bar that can be seen, however small its number is. */
const MIN_BAR = 4;

/**
 * @typedef {object} ChartOptions
 * @property {string} noun what is counted, in the plural
 * @property {number} [end] the end of the axis; left out: chosen by the peak
 * @property {'large' | 'small'} size
 */

/** @type {WeakMap<Element, { hour: Hour, noun: string }>} */
const plots = new WeakMap();

/**
 * What a plot shows; undefined for other elements.
 *
 * @param {Element} plot
 */
export function shownBy(plot) {
  return plots.get(plot);
}

/**
 * A chart with its axes.
 *
 * @param {Hour} hour
 * @param {ChartOptions} options
 */
export function chart(hour, { noun, end = axisEnd(hour.peak), size }) {
  const svg = plot(hour, Math.max(end, hour.peak));
  plots.set(svg, { hour, noun });
  const node = element('div', `chart ${size}`, yAxis(Math.max(end, hour.peak), size), svg, xAxis(hour, size));
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', described(hour, noun));
  return node;
}

/**
 * Bars without axes.
 *
 * @param {Hour} hour
 * @param {string} noun
 */
export function sparkline(hour, noun) {
  const svg = plot(hour, Math.max(1, hour.peak));
  plots.set(svg, { hour, noun });
  const node = element('span', 'sparkline', svg);
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', described(hour, noun));
  return node;
}

/** @param {Hour} hour */
export function peakText({ from, peak, peakAt }) {
  return peakAt < 0
    ? 'none in the last hour'
    : `peak ${number(peak)} at ${clock((from + peakAt * 60) * 1_000)}`;
}

/**
 * @param {Hour} hour
 * @param {string} noun
 */
function described(hour, noun) {
  return `${noun} in the last hour, by the minute: ${peakText(hour)}`;
}

/**
 * @param {Hour} hour
 * @param {number} end
 */
function plot({ values, peakAt }, end) {
  const box = { viewBox: `0 0 ${MINUTES} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'plot' };
  const lines = [0, HEIGHT / 2, HEIGHT].map((y) =>
    drawing('path', { d: `M0 ${y}H${MINUTES}`, class: 'line', 'vector-effect': 'non-scaling-stroke' }),
  );
  const mark = drawing('rect', { x: 0, y: 0, width: 1, height: HEIGHT, class: 'mark', visibility: 'hidden' });
  const bar = (/** @type {number} */ value, /** @type {number} */ index) => barPath(index, value / end);
  // One element for all bars: a page has hundreds of charts.
  const bars = drawing('path', { d: values.map(bar).join(''), class: 'bar' });
  const peak = drawing('path', { d: bar(values[peakAt] ?? 0, peakAt), class: 'bar peak' });
  return drawing('svg', box, ...lines, mark, bars, peak);
}

/**
 * @param {number} index
 * @param {number} share of the plot's height
 */
function barPath(index, share) {
  if (share === 0) return '';
  const height = Math.max(MIN_BAR, share * HEIGHT);
  return `M${index + 0.1} ${HEIGHT}v${-height.toFixed(1)}h.8V${HEIGHT}z`;
}

/**
 * @param {number} end
 * @param {ChartOptions['size']} size
 */
function yAxis(end, size) {
  const labels = size === 'large' && end % 2 === 0 ? [end, end / 2, 0] : [end, 0];
  return element('div', 'y', ...labels.map((value) => element('span', '', shortNumber(value))));
}

/**
 * @param {Hour} hour
 * @param {ChartOptions['size']} size
 */
function xAxis({ from }, size) {
  const minutes = size === 'large' ? [0, 15, 30, 45] : [0, 30];
  const labels = minutes.map((minute) => clock((from + minute * 60) * 1_000));
  return element('div', 'x', ...[...labels, 'now'].map((label) => element('span', '', label)));
}
