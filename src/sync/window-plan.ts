/**
 * Splits the interval that a cycle reads into windows that are read side by side, and knows how far the table
 * is complete. Pure.
 *
 * The windows cover the interval exactly, without gap or overlap. The bookmark moves past windows that are
 * read, up to the first unread one. Windows read ahead of it are recorded, so that a crash does not repeat
 * them.
 */

import type { Window } from '../model/state.js';
import { type Grain, halfway } from './windows.js';

/** A window with an end. */
export type ClosedWindow = Window & { readonly to: number };

/** How far the table is complete, as the state records it. */
export interface Reached {
  /** Epoch seconds, or null where nothing is certain yet. */
  readonly bookmark: number | null;
  /** Windows read ahead of the bookmark, oldest first, none adjacent to another. */
  readonly ahead: readonly ClosedWindow[];
  /** Whether everything was read. */
  readonly complete: boolean;
}

interface Part {
  /** The reader of the window holds this object. Its older end moves when another reader gets that part. */
  readonly window: { from: number; readonly to: number | null };
  state: 'waiting' | 'reading' | 'read';
  /** Windows are read from their newest row down: how far, in epoch seconds. */
  down: number | null;
  /** Seconds from one row to the next there, or null where that is unknown. */
  pace: number | null;
}

/**
 * Windows that may be read ahead of the oldest unread one: what they published is remembered until that one
 * is read.
 */
const MAX_WINDOWS_AHEAD = 64;
/**
 * Rows from which it pays to read the second half of a window beside the first: each additional window costs
 * part of a page.
 */
const MIN_SHARED_ROWS = 600;

export class WindowPlan {
  readonly #whole: Window;
  readonly #lookback: number;
  readonly #before: readonly ClosedWindow[];
  #parts: Part[];
  /** The newest row of the interval when it began to be read; until that is known, of the windows in it. */
  #newest: number | null = null;
  #isNewestKnown = false;
  /** How the interval was split, once it was found too large for one window. */
  #grain: Grain | null = null;

  /**
   * `whole` is the interval, `ahead` what earlier cycles read of it already, `lookback` in seconds.
   * `setAside` is retried elsewhere: it counts as read, oldest first.
   */
  constructor(
    whole: Window,
    ahead: readonly ClosedWindow[],
    lookback: number,
    setAside: readonly ClosedWindow[] = [],
  ) {
    this.#whole = whole;
    this.#lookback = lookback;
    this.#before = ahead;
    this.#parts = without(whole, setAside);
  }

  /** Whether the interval was found too large for one window. */
  get isSplit(): boolean {
    return this.#grain !== null;
  }

  /**
   * Returns the oldest window without a reader, or else the older half of what a reader has not read yet;
   * null when there is neither for now. The second case shortens a window that is being read, at its older
   * end: its reader checks that end with each page.
   */
  next(): Window | null {
    const oldest = this.#parts.findIndex(({ state }) => state !== 'read');
    const waits = this.#parts
      .slice(oldest, oldest + MAX_WINDOWS_AHEAD)
      .find(({ state }) => state === 'waiting');
    const part = waits ?? this.#share();
    if (oldest < 0 || part === null) return null;
    part.state = 'reading';
    return part.window;
  }

  /**
   * The window is too large: its pieces are to be read in its place. `newest` is the newest row in it (epoch
   * seconds).
   */
  split(window: Window, pieces: readonly Window[], newest: number | null, grain: Grain): void {
    this.#meet(window, newest);
    const parts = this.isSplit
      ? pieces.map(waiting)
      : pieces.flatMap((piece) => without(piece, this.#before));
    this.#grain = grain;
    this.#parts.splice(this.#indexOf(window), 1, ...parts);
  }

  /**
   * The window is read down to a time (epoch seconds), with so many seconds (`Page.pace`) from row to row.
   * `newest` is the newest row in it.
   */
  reach(window: Window, down: number, newest: number | null, pace: number | null): void {
    this.#meet(window, newest);
    const part = this.#parts[this.#indexOf(window)];
    if (part === undefined) return;
    part.down = Math.max(down, window.from);
    part.pace = pace;
  }

  /** The window is read. `newest` is the newest row in it (epoch seconds). */
  read(window: Window, newest: number | null): Reached {
    this.#meet(window, newest);
    const part = this.#parts[this.#indexOf(window)];
    if (part !== undefined) part.state = 'read';
    return this.#reached();
  }

  /** Seconds of the interval that are read, and that there are to read. */
  get progress(): { readonly covered: number; readonly toCover: number } {
    const end = this.#newest ?? this.#whole.from;
    const covered = this.#parts.reduce((sum, { window, state, down }) => {
      const to = window.to ?? Math.max(end, window.from);
      return sum + (state === 'read' ? to - window.from : Math.max(0, to - (down ?? to)));
    }, 0);
    return { covered, toCover: Math.max(covered, end - this.#whole.from) };
  }

  /**
   * A late row may belong to a window that was read long before the last one. So the lookback counts from the
   * time when the first window was read: that of the newest row at that time.
   */
  #reached(): Reached {
    const missing = this.#parts.findIndex(({ state }) => state !== 'read');
    if (missing < 0) return { bookmark: this.#newest, ahead: [], complete: true };
    const before = this.#parts[missing - 1]?.window.to ?? null;
    const certain = (this.#newest ?? this.#whole.from) - this.#lookback;
    const ahead: ClosedWindow[] = [];
    for (const { window, state } of this.#parts.slice(missing)) {
      const to = Math.min(window.to ?? certain, certain);
      if (state !== 'read' || to < window.from) continue;
      const last = ahead.at(-1);
      if (last !== undefined && last.to + 1 === window.from)
        ahead[ahead.length - 1] = { from: last.from, to };
      else ahead.push({ from: window.from, to });
    }
    const bookmark = before === null ? null : Math.min(before, this.#newest ?? before);
    return { bookmark, ahead, complete: false };
  }

  /**
   * Splits off the older half of the longest interval that a reader has not read yet, as a part of its own.
   */
  #share(): Part | null {
    if (this.#grain === null) return null;
    const rows = this.#parts.map(rowsBefore);
    const most = Math.max(...rows);
    const at = rows.indexOf(most);
    const longest = this.#parts[at];
    if (longest === undefined || longest.down === null || most < MIN_SHARED_ROWS) return null;
    const { from } = longest.window;
    const middle = halfway(from, longest.down, this.#grain);
    if (middle === null) return null;
    const half = waiting({ from, to: middle - 1 });
    longest.window.from = middle;
    this.#parts.splice(at, 0, half);
    return half;
  }

  /**
   * The window that ends where the interval does shows the newest row; until then the others' newest counts.
   */
  #meet({ to }: Window, newest: number | null): void {
    if (this.#isNewestKnown || newest === null) return;
    this.#isNewestKnown = to === this.#whole.to;
    this.#newest = this.#isNewestKnown ? newest : Math.max(newest, this.#newest ?? newest);
  }

  #indexOf(window: Window): number {
    const index = this.#parts.findIndex((part) => part.window === window);
    if (index < 0) throw new Error('the window is none of this reading');
    return index;
  }
}

/** A window as parts; the intervals in `done` (oldest first) are read. */
function without(piece: Window, done: readonly ClosedWindow[]): Part[] {
  const parts: Part[] = [];
  let from = piece.from;
  for (const each of done) {
    if (each.to < from || (piece.to !== null && each.from > piece.to)) continue;
    if (each.from > from) parts.push(waiting({ from, to: each.from - 1 }));
    const to = piece.to === null ? each.to : Math.min(each.to, piece.to);
    parts.push({ ...waiting({ from: Math.max(from, each.from), to }), state: 'read' });
    from = to + 1;
  }
  if (piece.to === null || from <= piece.to) parts.push(waiting({ from, to: piece.to }));
  return parts;
}

function waiting({ from, to }: Window): Part {
  return { window: { from, to }, state: 'waiting', down: null, pace: null };
}

/** The rows that a reader has not read yet, estimated from its pace so far. */
function rowsBefore({ window, state, down, pace }: Part): number {
  if (state !== 'reading' || down === null || pace === null || pace <= 0) return 0;
  return (down - window.from) / pace;
}
