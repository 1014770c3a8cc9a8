/** The arithmetic of windows. Pure: times are epoch seconds, ends are included, nothing reads a clock. */

import type { Window } from '../model/state.js';

/** How finely a window can be split without requesting the same rows twice. */
export type Grain = { readonly unit: 'second' } | { readonly unit: 'day'; readonly timeZone: string };

/**
 * Rows that one window should hold: what a crash repeats, and what is remembered until the window is done.
 */
const WINDOW_ROWS = 1_500;
/** A piece is only split again if it holds more rows than this: each window costs part of a page. */
const MAX_WINDOW_ROWS = 2 * WINDOW_ROWS;
/** Rows count as evenly spaced unless the newest ones are so many times closer than all of them. */
const CLOSER = 2;
/**
 * The most pieces of close rows: as many as are read side by side. With more, many updates of one moment
 * would be mistaken for many rows everywhere.
 */
const MAX_CLOSE_PIECES = 24;

/**
 * The window that a cycle has to read: from the lookback behind the bookmark, never before the start date,
 * with no end.
 */
export function windowToRead(at: { bookmark: number | null; lookback: number; startDate: number }): Window {
  const from = at.bookmark === null ? at.startDate : Math.max(at.startDate, at.bookmark - at.lookback);
  return { from, to: null };
}

/** Whether a window of so many rows should be read in pieces; one that is a piece already may hold more. */
export function isTooLarge(total: number | null, isPiece: boolean): boolean {
  return (total ?? 0) > (isPiece ? MAX_WINDOW_ROWS : WINDOW_ROWS);
}

/**
 * What the first page of a window reports of it: its newest row, the number of rows, and the seconds between
 * them (`Page.pace`).
 */
export interface Found {
  readonly newest: number | null;
  readonly total: number | null;
  readonly pace?: number;
}

/**
 * The window in pieces, oldest first, which together cover it exactly; the window itself when it is small
 * enough or can't be split. An open window ends in an open piece. Each holds about `WINDOW_ROWS` rows where
 * rows are evenly spaced. Where the newest ones are much closer, only those are split by their spacing. The
 * rest is one piece, whose own first page decides how to continue.
 */
export function splitWindow(window: Window, found: Found, grain: Grain): Window[] {
  const end = Math.min(window.to ?? Number.POSITIVE_INFINITY, found.newest ?? Number.POSITIVE_INFINITY);
  const pieces = Math.ceil((found.total ?? 0) / WINDOW_ROWS);
  if (!Number.isFinite(end) || pieces < 2 || end <= window.from) return [window];
  const even = (end - window.from) / pieces;
  const close = (found.pace ?? even / WINDOW_ROWS) * WINDOW_ROWS;
  const isEven = close * CLOSER >= even;
  const [length, most] = isEven ? [even, pieces] : [Math.max(1, close), Math.min(pieces, MAX_CLOSE_PIECES)];
  const starts = new Set<number>();
  for (let piece = 1; piece < most; piece += 1) {
    const start = align(Math.ceil(end - piece * length), grain);
    if (start > window.from && start <= end) starts.add(start);
  }
  // Where clocks go back across midnight a day begins twice, and the later of two times may be aligned to the
  // earlier beginning.
  const ordered = [window.from, ...[...starts].sort((a, b) => a - b)];
  return ordered.map((from, index) => ({ from, to: nextStart(ordered, index, window.to) }));
}

/**
 * Windows of about `WINDOW_ROWS` rows each that together hold all of these times (epoch seconds), oldest
 * first. There is no row between them, and none ends inside a second or a day that another one begins with.
 */
export function windowsOver(times: readonly number[], grain: Grain): (Window & { to: number })[] {
  const ordered = [...times].sort((a, b) => a - b);
  const windows: (Window & { to: number })[] = [];
  for (let first = 0; first < ordered.length; ) {
    const from = ordered[first] ?? 0;
    const end = endOf(ordered[Math.min(first + WINDOW_ROWS, ordered.length) - 1] ?? from, grain);
    let next = Math.min(first + WINDOW_ROWS, ordered.length);
    while (next < ordered.length && (ordered[next] ?? 0) <= end) next += 1;
    windows.push({ from, to: ordered[next - 1] ?? from });
    first = next;
  }
  return windows;
}

/** The last second that the API's filter can't distinguish from this one. */
function endOf(time: number, grain: Grain): number {
  if (grain.unit === 'second') return time;
  return Math.max(time, startOfDay(startOfDay(time, grain.timeZone) + 1.5 * DAY, grain.timeZone) - 1);
}

/**
 * The moment nearest to the middle between two that a window can begin with; null where there is none behind
 * `from`.
 */
export function halfway(from: number, to: number, grain: Grain): number | null {
  const middle = align(Math.ceil((from + to) / 2), grain);
  return middle > from && middle <= to ? middle : null;
}

function nextStart(starts: readonly number[], index: number, end: number | null): number | null {
  const next = starts[index + 1];
  return next === undefined ? end : next - 1;
}

/** The moment itself, or the beginning of a day that is nearest to it. */
function align(time: number, grain: Grain): number {
  return grain.unit === 'second' ? time : startOfDay(time + DAY / 2, grain.timeZone);
}

const DAY = 86_400;

/**
 * The first second of the day that holds `time` in the time zone. Found by bisection over the calendar day,
 * so that it also holds on days of 23 or 25 hours, and where a change of clocks skips midnight.
 */
export function startOfDay(time: number, timeZone: string): number {
  const format = dayFormat(timeZone);
  const day = format.format(time * 1000);
  let after = time;
  let before = time - 2 * DAY;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (format.format(middle * 1000) === day) after = middle;
    else before = middle;
  }
  return after;
}

/**
 * The time zone itself when this machine knows it, else UTC: windows are only aligned by it, never filtered.
 */
export function knownTimeZone(timeZone: string | null): string {
  try {
    dayFormat(timeZone ?? 'UTC');
    return timeZone ?? 'UTC';
  } catch {
    return 'UTC';
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
}
