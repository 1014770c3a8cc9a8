/**
 * The walk over all IDs: finds published rows that the source no longer has, where no reading and no list tells of them (deleted and
 * merged contacts).
 *
 * It runs beside the cycles, one request at a time and behind everybody else's, and publishes nothing itself: the next cycle of
 * the table takes what was found, so that there is one writer per table and no version overtakes another. The published rows are compared
 * window by window with what the API shows; a row that is missing there is asked for by its ID, and only the answer that there is
 * none makes it a delete. So a page that was lost, a search that lags or a row that moved costs a request and never a row.
 */

import { asPublisherError, PublisherError } from '../model/errors.js';
import { idOf } from '../model/row.js';
import { FailureCount, isolate, type Unread } from '../model/set-aside.js';
import type { TableState, Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import { type Grain, windowsOver } from './windows.js';

/** IDs of published rows with their `updated_at` in epoch seconds, as far as they fit into memory. */
export interface KnownIds {
  readonly times: ReadonlyMap<string, number>;
  /** Every row up to this time (epoch seconds) is in it; null: every row is. */
  readonly until: number | null;
}

/** What a walk works with. */
export interface IdSource {
  /** The published IDs whose time (epoch seconds) lies behind `after`. */
  known(after: number | null): Promise<KnownIds>;
  /** The IDs that the API shows in a window. */
  pull(window: Window): AsyncIterable<Page>;
  /** Whether the API has no row of this ID any more. */
  isGone(id: string): Promise<boolean>;
  grain(): Promise<Grain>;
}

/** What a walk has found since it was last asked. */
export interface Findings {
  readonly gone: readonly string[];
  /** IDs that can't be checked; the comparison continues without them. */
  readonly unread: readonly Unread[];
  /** Epoch seconds up to which everything has been compared, or null. */
  readonly reached: number | null;
  /** Whether the walk has come to its end. */
  readonly over: boolean;
}

/** IDs asked for at once; the budget lets one of them through at a time. */
const ASKED_AT_ONCE = 10;

export class IdWalk {
  readonly #source: IdSource;
  readonly #setAside: () => ReadonlySet<string>;
  readonly #failures = new FailureCount();
  #gone: string[] = [];
  #unread: Unread[] = [];
  readonly #leftOut = new Set<string>();
  #reached: number | null;
  #over = false;
  #failure: PublisherError | null = null;
  /** Resolves when the walk has ended, whichever way. */
  readonly ended: Promise<void>;

  /** Starts at once, behind `reached` (epoch seconds); null: from the oldest row. `setAside` gives the IDs that are retried elsewhere. */
  constructor(
    source: IdSource,
    reached: number | null,
    setAside: () => ReadonlySet<string> = () => new Set(),
  ) {
    this.#source = source;
    this.#setAside = setAside;
    this.#reached = reached;
    this.ended = this.#run().then(
      () => {
        this.#over = true;
      },
      (error: unknown) => {
        this.#failure = asPublisherError(error);
      },
    );
  }

  /** What broke the walk, or null. What it found before that is still to be taken. */
  get failure(): PublisherError | null {
    return this.#failure;
  }

  /** What was found since the last call. */
  take(): Findings {
    const gone = this.#gone.filter((id) => !this.#leftOut.has(id));
    const unread = this.#unread;
    this.#gone = [];
    this.#unread = [];
    return { gone, unread, reached: this.#reached, over: this.#over };
  }

  /** Rows that were found to be gone in another way since the walk began. */
  leaveOut(ids: readonly string[]): void {
    for (const id of ids) this.#leftOut.add(id);
  }

  async #run(): Promise<void> {
    for (;;) {
      const { times, until } = await this.#source.known(this.#reached);
      for (const window of windowsOver([...times.values()], await this.#source.grain()))
        await this.#compare(window, times);
      if (until === null) return;
      this.#reached = until;
    }
  }

  async #compare(window: Window & { to: number }, times: ReadonlyMap<string, number>): Promise<void> {
    const shown = await this.#shownIn(window);
    const missing = [...times]
      .filter(([id, time]) => time >= window.from && time <= window.to && !shown.has(id))
      .map(([id]) => id)
      .filter((id) => !this.#setAside().has(id));
    const isGone = (id: string) => this.#source.isGone(id);
    const { answers, unread } = await isolate(missing, (id) => id, isGone, ASKED_AT_ONCE);
    this.#failures.add(
      'row',
      missing.length,
      unread.map(({ error }) => error),
    );
    this.#gone.push(...answers.filter(({ answer }) => answer).map(({ item }) => item));
    this.#unread.push(...unread);
    this.#reached = window.to;
  }

  /** The IDs in a window. Whether rows left it meanwhile does not matter here: they are asked for one by one. */
  async #shownIn(window: Window): Promise<Set<string>> {
    const shown = new Set<string>();
    try {
      for await (const { rows } of this.#source.pull(window)) for (const row of rows) shown.add(idOf(row));
    } catch (error) {
      if (!(error instanceof PublisherError) || error.code !== 'walk-unclean') throw error;
    }
    return shown;
  }
}

/**
 * The IDs of rows on their way through a log, kept within bounds: when there are too many, those with the latest times are left for the next
 * round. Feed it every version of every row, oldest first.
 */
export class KnownIdCollector {
  readonly #after: number | null;
  readonly #limit: number;
  readonly #times = new Map<string, number>();
  #until: number | null = null;

  /** Keeps IDs whose time lies behind `after` (epoch seconds), at least `limit` of them when there are as many. */
  constructor(after: number | null, limit: number) {
    this.#after = after;
    this.#limit = limit;
  }

  /** A version of the row with this time (epoch seconds); whole seconds count. */
  set(id: string, time: number): void {
    const second = Math.floor(time);
    const isEarlier = this.#after !== null && second <= this.#after;
    const isLater = this.#until !== null && second > this.#until;
    if (isEarlier || isLater) this.#times.delete(id);
    else this.#times.set(id, second);
    if (this.#times.size > 2 * this.#limit) this.#prune();
  }

  /** The same for a row of which several records tell: the latest of their times counts. */
  raise(id: string, time: number): void {
    this.set(id, Math.max(time, this.#times.get(id) ?? time));
  }

  delete(id: string): void {
    this.#times.delete(id);
  }

  get known(): KnownIds {
    return { times: this.#times, until: this.#until };
  }

  /** Rows that share a second stay together, however many they are. */
  #prune(): void {
    const ordered = [...this.#times.values()].sort((a, b) => a - b);
    const cut = ordered[this.#limit - 1] ?? 0;
    if (cut === ordered.at(-1)) return;
    this.#until = cut;
    for (const [id, time] of this.#times) if (time > cut) this.#times.delete(id);
  }
}

/**
 * The mark with the next due time brought up to date, and whether a walk must run now: one that was cut short, or one that is due. `next` is the
 * time of the schedule that follows `now` (both epoch milliseconds); `isFirst`: nothing was published yet that could be gone.
 */
export function planWalk(
  mark: TableState['reconcile'],
  at: { readonly now: number; readonly next: number; readonly isFirst: boolean },
): { readonly mark: NonNullable<TableState['reconcile']>; readonly start: boolean } {
  const next = new Date(at.next).toISOString();
  if (mark === null && at.isFirst) return { mark: { dueAt: next, walk: null }, start: false };
  if (mark?.walk) return { mark, start: true };
  if (mark === null || Date.parse(mark.dueAt) <= at.now)
    return { mark: { dueAt: next, walk: { reached: null } }, start: true };
  return { mark: { dueAt: next < mark.dueAt ? next : mark.dueAt, walk: null }, start: false };
}
