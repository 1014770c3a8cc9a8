/**
 * Reconcile: compares all IDs of a table with its topic. It finds published rows that the source no longer
 * has or shows differently, and source rows that the topic lacks, where no reading and no list reports them
 * (deleted contacts, a change that moves no `updated_at`).
 *
 * It runs beside the cycles, one request at a time and behind all other requests. It publishes nothing
 * itself: the next cycle of the table publishes its findings. So a table has one writer, and no version
 * overtakes another. Published rows are compared window by window with what the API shows. A row that is
 * missing there is requested by its ID, and only the answer that it does not exist makes it a delete. A row
 * that differs is requested by its ID, too, by the cycle. So a lost page, a search that lags or a row that
 * moved costs a request and never a row.
 */

import { asPublisherError, PublisherError } from '../model/errors.js';
import { idOf, isNoRow, type RawRow } from '../model/row.js';
import { FailureCount, isolate, type Unread } from '../model/set-aside.js';
import type { TableState, Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import { epochSeconds } from '../model/time.js';
import type { FoundRows } from './source.js';
import { type Grain, windowsOver } from './windows.js';

/** IDs of published rows with their `updated_at` in epoch seconds, as far as they fit into memory. */
export interface KnownIds {
  readonly times: ReadonlyMap<string, number>;
  /** Every row up to this time (epoch seconds) is in it; null: every row is. */
  readonly until: number | null;
  /** The content hashes of these rows, where they are to be compared. */
  readonly hashes?: ReadonlyMap<string, string>;
}

/** What reconcile reads from. */
export interface IdSource {
  /** The published IDs whose time is later than `after` (epoch seconds). */
  known(after: number | null): Promise<KnownIds>;
  /** The IDs that the API shows in a window. */
  pull(window: Window): AsyncIterable<Page>;
  /** Whether the API has no row of this ID any more. */
  isGone(id: string): Promise<boolean>;
  grain(): Promise<Grain>;
  /**
   * Epoch seconds: earlier rows are not replicated. Left out: rows that the topic lacks are not searched for.
   */
  readonly start?: number;
  /**
   * The content hash that the row would be published with, or null where it has none. Left out: contents are
   * not compared.
   */
  hashOf?(row: RawRow, fetchedAt: number): Promise<string | null>;
  /** Aborts at the end of the session. */
  readonly signal?: AbortSignal;
  /** Requests the rows of an ID that differs. */
  find?(id: string): Promise<FoundRows | null>;
}

/** What a scan compares; left out: as a reconcile does. */
export interface ScanRange {
  /** Epoch seconds from which rows are searched that the topic lacks; left out: as the source says. */
  readonly start?: number;
  /** Epoch seconds up to which it finds rows that the topic lacks; left out: up to the newest published row. */
  readonly until?: number;
  /** Whether each row that the API shows up to then counts as different. */
  readonly isEveryRow?: boolean;
  /** How often a window is read whose rows leave it meanwhile; left out: once. */
  readonly readings?: number;
  /** Ends the scan with `stopped`. */
  readonly signal?: AbortSignal;
}

/** What a scan has found since the last `drain`. */
export interface Findings {
  readonly gone: readonly string[];
  /** IDs of rows whose content is not what the topic has. */
  readonly differs: readonly string[];
  /** IDs that can't be checked; the comparison continues without them. */
  readonly unread: readonly Unread[];
  /** Epoch seconds up to which everything has been compared, or null. */
  readonly reached: number | null;
  /** Whether the scan is complete. */
  readonly over: boolean;
}

/** IDs requested at once; the budget lets one of them through at a time. */
const ASKED_AT_ONCE = 10;
/** IDs that may be queued; from so many on the scan pauses until they are drained. */
const MAX_QUEUED = 1_000;

export class ReconcileScan {
  readonly #source: IdSource;
  readonly #setAside: () => ReadonlySet<string>;
  readonly #range: ScanRange;
  readonly #failures = new FailureCount();
  #gone: string[] = [];
  #unread: Unread[] = [];
  #differs: string[] = [];
  /** Resumes a paused scan once its findings are drained. */
  #resume: (() => void) | null = null;
  #whenFull: () => void = () => undefined;
  #full: Promise<void>;
  readonly #leftOut = new Set<string>();
  #reached: number | null;
  #over = false;
  #failure: PublisherError | null = null;
  /** The number of tombstones that were published for it; its reader counts them. */
  deletes = 0;
  /** Resolves when the scan has ended, complete or failed. */
  readonly ended: Promise<void>;

  /**
   * Starts at once, behind `reached` (epoch seconds); null: from the oldest row. `setAside` gives the IDs
   * that are retried elsewhere.
   */
  constructor(
    source: IdSource,
    reached: number | null,
    setAside: () => ReadonlySet<string> = () => new Set(),
    range: ScanRange = {},
  ) {
    this.#source = source;
    this.#setAside = setAside;
    this.#range = range;
    this.#reached = reached;
    this.#full = this.#nextFull();
    this.ended = this.#run().then(
      () => {
        this.#over = true;
      },
      (error: unknown) => {
        this.#failure = asPublisherError(error);
      },
    );
  }

  /** What ended the scan early, or null. Its findings up to then are still to be drained. */
  get failure(): PublisherError | null {
    return this.#failure;
  }

  /** What was found since the last call. */
  drain(): Findings {
    const gone = this.#gone.filter((id) => !this.#leftOut.has(id));
    const differs = this.#differs;
    const unread = this.#unread;
    this.#gone = [];
    this.#differs = [];
    this.#unread = [];
    this.#full = this.#nextFull();
    this.#resume?.();
    return { gone, differs, unread, reached: this.#reached, over: this.#over };
  }

  /** Puts findings back that could not be published. */
  putBack({ gone, differs, unread }: Findings): void {
    this.#gone.unshift(...gone);
    this.#differs.unshift(...differs);
    this.#unread.unshift(...unread);
  }

  /** Resolves when it has ended, or pauses until its findings are drained. */
  isReady(): Promise<void> {
    return Promise.race([this.ended, this.#full]);
  }

  /** Leaves out rows that were found to be gone in another way since the scan began. */
  leaveOut(ids: readonly string[]): void {
    for (const id of ids) this.#leftOut.add(id);
  }

  async #run(): Promise<void> {
    const { start = this.#source.start } = this.#range;
    for (;;) {
      const known = await this.#source.known(this.#reached);
      for (const { from, to } of await this.#windows(known)) {
        // Rows that the topic lacks may be between those that it has.
        const begin = this.#reached === null ? start : this.#reached + 1;
        await this.#compare({ from: start === undefined ? from : Math.min(begin ?? from, from), to }, known);
      }
      if (known.until === null) return;
      this.#reached = known.until;
    }
  }

  /** The windows that hold the known rows, and behind them one up to the end of the range. */
  async #windows({ times, until }: KnownIds): Promise<(Window & { to: number })[]> {
    const windows = windowsOver([...times.values()], await this.#source.grain());
    const { until: end } = this.#range;
    const last = windows.at(-1)?.to ?? this.#reached;
    const isBehind = end !== undefined && until === null && (last === null || last < end);
    return isBehind ? [...windows, { from: end, to: end }] : windows;
  }

  async #compare(window: Window & { to: number }, known: KnownIds): Promise<void> {
    this.#endIfStopped();
    const { shown, differs } = await this.#shownIn(window, known);
    const missing = [...known.times]
      .filter(([id, time]) => time >= window.from && time <= window.to && !shown.has(id))
      .map(([id]) => id);
    const gone = await this.#isolate(
      missing,
      (id) => id,
      (id) => this.#source.isGone(id),
    );
    this.#gone.push(...gone);
    this.#differs.push(...differs);
    this.#reached = window.to;
    if (this.#differs.length >= MAX_QUEUED) await this.#pause();
  }

  /**
   * The IDs of the items for which `check` returns true. An item that can't be checked delays no other. Items
   * that are set aside are not checked.
   */
  async #isolate<T>(
    items: readonly T[],
    idOfItem: (item: T) => string,
    check: (item: T) => Promise<boolean>,
  ): Promise<string[]> {
    const setAside = this.#setAside();
    const asked = items.filter((item) => !setAside.has(idOfItem(item)));
    const { answers, unread } = await isolate(asked, idOfItem, check, ASKED_AT_ONCE);
    this.#failures.add(
      'row',
      asked.length,
      unread.map(({ error }) => error),
    );
    this.#unread.push(...unread);
    return answers.filter(({ answer }) => answer).map(({ item }) => idOfItem(item));
  }

  /**
   * The IDs that the API shows in a window. Rows that left it meanwhile do not matter here: each missing row
   * is requested by its ID.
   */
  async #shownIn(
    window: Window,
    known: KnownIds,
  ): Promise<{ readonly shown: ReadonlySet<string>; readonly differs: ReadonlySet<string> }> {
    const shown = new Set<string>();
    const differs = new Set<string>();
    const { readings = 1 } = this.#range;
    for (let reading = 1; reading <= readings; reading += 1) {
      try {
        for await (const { rows, fetchedAt } of this.#source.pull(window)) {
          this.#endIfStopped();
          const met = rows.filter((row) => !isNoRow(row) && !shown.has(idOf(row)));
          for (const row of met) shown.add(idOf(row));
          for (const id of await this.#differing(met, fetchedAt, known)) differs.add(id);
        }
        break;
      } catch (error) {
        if (!(error instanceof PublisherError) || error.code !== 'walk-unclean') throw error;
      }
    }
    return { shown, differs };
  }

  /**
   * The IDs of the rows that the topic lacks, or has with another content. Rows that can't be shaped are left
   * out: they are not published.
   */
  async #differing(rows: readonly RawRow[], fetchedAt: number, { hashes }: KnownIds): Promise<string[]> {
    const source = this.#source;
    const { until = Number.POSITIVE_INFINITY, isEveryRow = false } = this.#range;
    const isInRange = (row: RawRow) => (epochSeconds(row.updated_at) ?? 0) <= until;
    if (isEveryRow) return this.#isolate(rows.filter(isInRange), idOf, async () => true);
    if (source.hashOf === undefined || hashes === undefined) return [];
    const compared = rows.filter((row) => hashes.has(idOf(row)) || isInRange(row));
    return this.#isolate(compared, idOf, async (row) => {
      const hash = (await source.hashOf?.(row, fetchedAt)) ?? null;
      return hash !== null && hashes.get(idOf(row)) !== hash;
    });
  }

  /** Waits until the findings are drained. Rejects with `stopped` when the session ends before. */
  #pause(): Promise<void> {
    const paused = new Promise<void>((resolve, reject) => {
      this.#resume = resolve;
      const stop = () => reject(stopped());
      for (const signal of [this.#source.signal, this.#range.signal]) {
        signal?.addEventListener('abort', stop, { once: true });
        if (signal?.aborted) stop();
      }
    });
    this.#whenFull();
    return paused;
  }

  #endIfStopped(): void {
    if (this.#range.signal?.aborted === true) throw stopped();
  }

  #nextFull(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenFull = resolve;
    });
  }
}

function stopped(): PublisherError {
  return new PublisherError('stopped', 'stopped while reconciling');
}

/**
 * Collects the IDs of rows from a log, within a limit: when there are too many, those with the latest times
 * are left for the next round. The caller passes every version of every row, oldest first.
 */
export class KnownIdCollector {
  readonly #after: number | null;
  readonly #limit: number;
  readonly #times = new Map<string, number>();
  readonly #hashes = new Map<string, string>();
  #until: number | null = null;

  /**
   * Keeps IDs whose time is later than `after` (epoch seconds), at least `limit` of them when there are as
   * many.
   */
  constructor(after: number | null, limit: number) {
    this.#after = after;
    this.#limit = limit;
  }

  /** A version of the row with this time (epoch seconds; whole seconds count) and content hash. */
  set(id: string, time: number, hash: string | null = null): void {
    const second = Math.floor(time);
    const isEarlier = this.#after !== null && second <= this.#after;
    const isLater = this.#until !== null && second > this.#until;
    if (isEarlier || isLater) this.delete(id);
    else this.#keep(id, second, hash);
    if (this.#times.size > 2 * this.#limit) this.#prune();
  }

  /** The same for a row that several records report: the latest of their times counts. */
  raise(id: string, time: number): void {
    this.set(id, Math.max(time, this.#times.get(id) ?? time));
  }

  delete(id: string): void {
    this.#times.delete(id);
    this.#hashes.delete(id);
  }

  get known(): KnownIds {
    return { times: this.#times, hashes: this.#hashes, until: this.#until };
  }

  #keep(id: string, second: number, hash: string | null): void {
    this.#times.set(id, second);
    if (hash === null) this.#hashes.delete(id);
    else this.#hashes.set(id, hash);
  }

  /** Rows that share a second stay together, however many there are. */
  #prune(): void {
    const ordered = [...this.#times.values()].sort((a, b) => a - b);
    const cut = ordered[this.#limit - 1] ?? 0;
    if (cut === ordered.at(-1)) return;
    this.#until = cut;
    for (const [id, time] of this.#times) if (time > cut) this.delete(id);
  }
}

/**
 * The mark with the next due time brought up to date, and whether a scan must start now: because the last one
 * was cut short, or because one is due. `next` is the time of the schedule that follows `now` (both epoch
 * milliseconds); `isFirst`: nothing was published yet that could be gone.
 */
export function planReconcile(
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
