/** The numbers of the last hour, one for each minute, and the axis to draw them by. */

export const MINUTES = 60;

/** @import { Minutes } from '../history.js' */

/**
 * @typedef {object} Hour
 * @property {number} from epoch seconds of the first minute
 * @property {number[]} values of each minute, the running one last
 * @property {number} total
 * @property {number} peak the highest value
 * @property {number} peakAt its index; -1 without any
 */

/**
 * @param {Minutes} minutes
 * @param {number} now epoch milliseconds
 * @returns {Hour}
 */
export function lastHour(minutes, now) {
  const from = (Math.floor(now / 60_000) - MINUTES + 1) * 60;
  const before = (minutes.from - from) / 60;
  /** @type {number[]} */
  const values = [];
  for (let index = 0; index < MINUTES; index += 1) values.push(minutes.values[index - before] ?? 0);
  const total = values.reduce((sum, value) => sum + value, 0);
  const peak = Math.max(...values);
  return { from, values, total, peak, peakAt: peak === 0 ? -1 : values.indexOf(peak) };
}

/**
 * The end of an axis that has room for `value`: 1, 2 or 5 times a power of ten.
 *
 * @param {number} value
 */
export function axisEnd(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  const steps = [1, 2, 5, 10].map((step) => step * power);
  return steps.find((step) => step >= value) ?? 10 * power;
}

/**
 * The last hour of what was known and what is newer. The number of a minute only rises.
 *
 * @param {Minutes} known
 * @param {Minutes} newer
 * @param {number} now epoch milliseconds
 * @returns {Minutes}
 */
export function mergeMinutes(known, newer, now) {
  const { from, values } = lastHour(known, now);
  const { values: more } = lastHour(newer, now);
  return { from, values: values.map((value, index) => Math.max(value, more[index] ?? 0)) };
}

/**
 * The number of the last whole minute.
 *
 * @param {Minutes} minutes
 * @param {number} now epoch milliseconds
 */
export function lastMinute({ from, values }, now) {
  return values[Math.floor(now / 60_000) - 1 - from / 60] ?? 0;
}
