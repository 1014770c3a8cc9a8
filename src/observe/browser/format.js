/** Numbers and times for people. */

const UNITS = /** @type {const} */ ([
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
]);

// One of each: to create a format takes longer than to draw a connection.
const NUMBER = new Intl.NumberFormat('en');
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' });
const DATE = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'medium' });

/** @param {number} value */
export function number(value) {
  return NUMBER.format(value);
}

/**
 * At most four digits: 950, 12.3k, 4.5M.
 *
 * @param {number} value
 */
export function shortNumber(value) {
  return value < 10_000 ? number(value) : SHORT.format(value);
}

/**
 * The number with its noun: 1 row, 2 rows.
 *
 * @param {number} value
 * @param {string} noun
 */
export function counted(value, noun) {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/**
 * The two largest units of a time in seconds; from two minutes on without seconds.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  const parts = [];
  const whole = Math.max(0, Math.round(seconds));
  let rest = whole < 120 ? whole : whole - (whole % 60);
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

/**
 * @param {number} ms epoch milliseconds
 * @param {number} now epoch milliseconds
 */
export function ago(ms, now) {
  return `${duration((now - ms) / 1_000)} ago`;
}

/**
 * @param {number} ms epoch milliseconds
 * @param {number} now epoch milliseconds
 */
export function until(ms, now) {
  return ms <= now ? 'due' : `in ${duration((ms - now) / 1_000)}`;
}

/**
 * The time of day as the browser's user writes it: 14:05.
 *
 * @param {number} ms epoch milliseconds
 */
export function clock(ms) {
  return CLOCK.format(ms);
}

/**
 * Date and time as the browser's user writes them.
 *
 * @param {number} ms epoch milliseconds
 */
export function dateAndTime(ms) {
  return DATE.format(ms);
}

/**
 * @param {string} text
 * @param {number} length
 */
export function shortened(text, length) {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
