/**
 * One cycle of one table: pull a page, see what is new in it, commit that together with how far it brings the table.
 *
 * The two ways of reading differ only in what the end of a reading means. A `whole` table is complete then, so keys that were not
 * met are gone. A `searched` table is complete up to the newest row that was met, so the bookmark moves there.
 */

import { PublisherError } from '../model/errors.js';
import type { Events, Progress } from '../model/events.js';
import type { OutgoingRecord, RawRow, Tombstone } from '../model/row.js';
import type { CycleSummary, TableState, Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { type Batch, type NewVersion, sortOut } from './batch.js';
import { advance, encode, NOTHING, publish, remember, tombstonesOf } from './commit.js';
import { deletionsFrom, newDeletions } from './deletions.js';
import { IdWalk, planWalk } from './reconcile.js';
import { nextTime } from './schedule.js';
import type { TableMemory, TableSettings, TableSource, TableWork } from './source.js';
import { splitWindow, windowToRead } from './windows.js';

/** A search whose rows keep leaving it is given up after as many walks; nothing is lost, the next cycle reads it again. */
const MAX_WALKS = 8;

const NONE: ReadonlySet<string> = new Set();

/** What a commit brings the table to. */
interface PageEnd {
  /** The bookmark that this page makes safe, or null when it makes none. */
  readonly bookmark: number | null;
  /** Whether the cycle ends with this page. */
  readonly finished: boolean;
  readonly progress: Progress;
  /** Rows that the API counts and did not show. */
  readonly notShown?: number | undefined;
  /** Keys of dead letters whose rows are gone. */
  readonly freed?: readonly string[];
}

/** The interval that a cycle reads: `newest` is the newest row that there was when it was split, or null. */
interface Cover {
  readonly from: number;
  readonly newest: number | null;
}

/** What a walk comes to: the pieces of a window that is too large, with the newest row of all, or none when it was read. */
interface Walked {
  readonly pieces: readonly Window[];
  readonly newest: number | null;
}

export class TableCycle {
  readonly #work: TableWork;
  readonly #source: TableSource;
  readonly #settings: TableSettings;
  readonly #memory: TableMemory;
  readonly #events: Events;
  readonly #startedAt = new Date();
  readonly #number: number;
  readonly #done = { rowsRead: 0, records: 0, deletes: 0, notShown: 0 };

  constructor(work: TableWork, events: Events) {
    this.#work = work;
    this.#source = work.source;
    this.#settings = work.settings;
    this.#memory = work.memory;
    this.#events = events;
    this.#number = (work.memory.state.cycle?.number ?? 0) + 1;
  }

  /**
   * Reads and publishes everything that is due. `awaitWalk`: a walk over all IDs that is due ends with the cycle, instead of going on
   * beside the next ones. Throws a `PublisherError`; what was committed before it stays.
   */
  async run(awaitWalk: boolean): Promise<CycleSummary> {
    this.#events.emit('table:started', this.#at());
    const walk = await this.#memory.turns.take(async () => this.#walkUnderWay());
    if (this.#source.reads === 'whole') await this.#readWhole();
    else await this.#readSearched();
    await this.#readDeletions();
    if (walk !== null) await this.#takeFrom(walk, awaitWalk);
    // What was learned of the workspace meanwhile shows in the schema, also where no row was published.
    await this.#source.prepare([]);
    const summary = this.#summary(true);
    const { bookmark } = this.#memory.state;
    const ms = Date.now() - this.#startedAt.getTime();
    this.#events.emit('table:finished', {
      ...this.#at(),
      summary,
      bookmark,
      ms,
      rowsRead: this.#done.rowsRead,
    });
    return summary;
  }

  get table(): TableName {
    return this.#source.name;
  }

  /** Reports a failure and keeps its reason in the table's state. */
  async fail(error: PublisherError): Promise<void> {
    this.#events.emit('table:failed', { ...this.#at(), error });
    await this.keepReason(error);
  }

  /** Keeps the reason of a failure in the table's state; the bookmark stays where it is. */
  async keepReason({ code, message }: PublisherError): Promise<void> {
    const at = new Date().toISOString();
    const reason = { cycle: this.#summary(false), updatedAt: at, error: { code, message, at } };
    await this.#memory.turns.take(() => this.#publish([], { ...this.#memory.state, ...reason }));
  }

  async #readWhole(): Promise<void> {
    const { turns } = this.#memory;
    const met = new Set<string>();
    let complete = false;
    for await (const page of this.#source.pull({ from: this.#settings.startDate, to: null })) {
      await turns.take(() => this.#readWholePage(page, met));
      complete = page.last;
    }
    if (!complete)
      throw new PublisherError('internal', `${this.#source.name}: the reading ended before its last page`);
  }

  /** Publishes a page; the last one shows which keys have not been `met`. */
  async #readWholePage(page: Page, met: Set<string>): Promise<void> {
    const { published } = this.#memory;
    const batch = await this.#sortOut(page, met);
    for (const key of batch.met) met.add(key);
    const unmet = (keys: Iterable<string>) => (page.last ? [...keys].filter((key) => !met.has(key)) : []);
    const gone = await this.#source.confirmGone(unmet(published.keys()));
    const freed = unmet(this.#work.sink.buried());
    const bookmark = page.last && this.#source.method === 'incremental' ? page.newest : null;
    const rowsExpected = published.size || null;
    const progress = { rows: this.#done.rowsRead, rowsExpected, covered: 0, toCover: 0 };
    await this.#commit(
      batch,
      gone.map((key) => ({ op: 'delete', key, fetchedAt: page.fetchedAt })),
      { bookmark, finished: page.last, progress, freed },
    );
  }

  async #readSearched(): Promise<void> {
    const window = windowToRead({ ...this.#settings, bookmark: this.#memory.state.bookmark });
    await this.#readWindow(window, { from: window.from, newest: null });
  }

  /** Publishes what the API lists as deleted since the last time; before the first cycle nothing was published that could be gone. */
  async #readDeletions(): Promise<void> {
    if (this.#source.deletions === null) return;
    const start = Math.floor(this.#startedAt.getTime() / 1000) - this.#settings.lookback;
    const { state } = this.#memory;
    const listed = await this.#source.deletions(deletionsFrom(state.deletions, start));
    const { ids, mark } = newDeletions(state.deletions, start, listed);
    await this.#bury(ids, { deletions: mark });
    this.#memory.walk?.leaveOut(ids);
  }

  /** The walk over all IDs, when one runs or has to begin. */
  #walkUnderWay(): IdWalk | null {
    const memory = this.#memory;
    const { ids } = this.#source;
    const { reconcile } = this.#settings;
    if (ids === null || reconcile === null || memory.walk !== null) return memory.walk;
    const isFirst = memory.state.bookmark === null;
    const at = { now: Date.now(), next: nextTime(reconcile), isFirst };
    const { mark, start } = planWalk(memory.state.reconcile, at);
    memory.state = { ...memory.state, reconcile: mark };
    if (start) memory.walk = new IdWalk(ids, mark.walk?.reached ?? null);
    return memory.walk;
  }

  /** Publishes what a walk has found so far. A walk that broke is taken up again by the next cycle, where it stopped. */
  async #takeFrom(walk: IdWalk, toItsEnd: boolean): Promise<void> {
    if (toItsEnd) await walk.ended;
    const { failure } = walk;
    const { gone, reached, over } = walk.take();
    const { state } = this.#memory;
    const dueAt = state.reconcile?.dueAt ?? new Date().toISOString();
    const isNew = over || reached !== (state.reconcile?.walk?.reached ?? null);
    if (isNew) await this.#bury(gone, { reconcile: { dueAt, walk: over ? null : { reached } } });
    if (over || failure !== null) this.#memory.walk = null;
    if (over) this.#events.emit('table:reconciled', { ...this.#at(), deletes: gone.length });
    if (failure !== null) throw failure;
  }

  /** Publishes the tombstones of rows (or of the children of rows) that are gone, with what that brings the state to. */
  async #bury(ids: readonly string[], reached: Partial<TableState>): Promise<void> {
    const deletes = await this.#memory.turns.take(async () => {
      const gone = await tombstonesOf(this.#work, ids);
      const encoded = encode(this.#work.sink, NOTHING, gone);
      remember(this.#work, NOTHING, gone, Date.now());
      this.#done.deletes += gone.length;
      const state = this.#afterCommit(advance(this.#work, NOTHING, encoded), true);
      await this.#publish(encoded.records, { ...state, ...reached });
      return gone.length;
    });
    if (deletes > 0) this.#events.emit('deletions:committed', { ...this.#at(), deletes });
  }

  /** Reads a window to its end, in pieces when it is large. */
  async #readWindow(window: Window, cover: Cover): Promise<void> {
    const { pieces, newest } = await this.#walkUntilClean(window, cover);
    for (const piece of pieces) await this.#readWindow(piece, { ...cover, newest: cover.newest ?? newest });
  }

  /** Walks a window, and again when rows left it meanwhile. */
  async #walkUntilClean(window: Window, cover: Cover): Promise<Walked> {
    for (let walk = 1; ; walk += 1) {
      try {
        return await this.#walk(window, cover);
      } catch (error) {
        if (!(error instanceof PublisherError) || error.code !== 'walk-unclean' || walk === MAX_WALKS)
          throw error;
        this.#events.emit('window:repeated', { ...this.#at(), window, attempt: walk });
      }
    }
  }

  /** Reads the window once and publishes it; or, when its first page shows that it is too large, returns its pieces. */
  async #walk(window: Window, cover: Cover): Promise<Walked> {
    let first: Page | null = null;
    for await (const page of this.#source.pull(window)) {
      first ??= page;
      if (page === first && !page.last) {
        const pieces = splitWindow(window, page, await this.#source.grain());
        if (pieces.length > 1) return { pieces, newest: page.newest };
      }
      // What shows late may lie in a piece that was read before: the lookback counts from when the first of them was.
      const bookmark = page.last ? earliest(window.to ?? first.newest, cover.newest) : null;
      const newest = cover.newest ?? first.newest ?? window.from;
      const finished = page.last && window.to === null;
      await this.#memory.turns.take(async () => {
        const batch = await this.#sortOut(page, NONE);
        const progress = this.#progress(window, page, newest, cover.from);
        await this.#commit(batch, [], { bookmark, finished, progress, notShown: page.notShown });
      });
    }
    return { pieces: [], newest: null };
  }

  async #sortOut(page: Page, met: ReadonlySet<string>): Promise<Batch> {
    this.#done.rowsRead += page.rows.length;
    const { startDate } = this.#settings;
    const sort = () => sortOut(page, this.#source, this.#memory.published, startDate, met);
    const batch = sort();
    if (batch.versions.length === 0) return batch;
    const isChanged = await this.#source.prepare(batch.versions.map(({ raw }) => raw));
    return isChanged ? sort() : batch;
  }

  async #commit(batch: Batch, gone: readonly Tombstone[], end: PageEnd): Promise<void> {
    const publishedAfter = Date.now();
    const { notShown = 0, freed = [] } = end;
    const encoded = encode(this.#work.sink, batch, gone, freed);
    const { records, versions, letters, deletes } = encoded;
    const late = this.#countLate(versions);
    remember(this.#work, { ...batch, versions }, gone, publishedAfter);
    this.#done.notShown += notShown;
    this.#done.records += versions.length;
    this.#done.deletes += deletes;
    if (records.length > 0 || end.bookmark !== null || end.finished) {
      const state = advance(this.#work, batch, encoded, end.bookmark);
      await this.#publish(records, this.#afterCommit(state, end.finished));
    }
    const { bookmark } = this.#memory.state;
    const { progress } = end;
    this.#events.emit('page:committed', {
      ...this.#at(),
      records: versions.length,
      deletes,
      deadLetters: letters,
      late,
      notShown,
      unknownFields: batch.leftovers,
      bookmark,
      progress,
    });
  }

  /** How many lie behind what a search had published for certain. */
  #countLate(versions: readonly NewVersion[]): number {
    const { bookmark } = this.#memory.state;
    if (this.#source.reads === 'whole' || bookmark === null) return 0;
    return versions.filter(({ versionTime }) => versionTime !== null && versionTime < bookmark).length;
  }

  #publish(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    return publish(this.#work, this.#events, records, state);
  }

  /** How the cycle stands behind a commit. */
  #afterCommit(state: TableState, finished: boolean): TableState {
    return { ...state, cycle: this.#summary(finished), error: finished ? null : state.error };
  }

  #summary(finished: boolean): CycleSummary {
    const { records, deletes, notShown } = this.#done;
    const finishedAt = finished ? new Date().toISOString() : null;
    return {
      number: this.#number,
      startedAt: this.#startedAt.toISOString(),
      finishedAt,
      records,
      deletes,
      notShown,
    };
  }

  /** Windows are read oldest first, each from its newest row down. */
  #progress(window: Window, page: Page, newest: number, from: number): Progress {
    const end = window.to ?? newest;
    const timeOf = (row: RawRow) => this.#source.versionTime(row) ?? end;
    const reached = page.last
      ? window.from
      : page.rows.reduce((oldest, row) => Math.min(oldest, timeOf(row)), end);
    const covered = window.from - from + (end - Math.max(reached, window.from));
    return {
      rows: this.#done.rowsRead,
      rowsExpected: page.total,
      covered,
      toCover: Math.max(covered, newest - from),
    };
  }

  #at() {
    return { connection: this.#settings.connection, table: this.#source.name };
  }
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
