/**
 * One cycle of one table: pull a page, see what is new in it, commit that together with how far it brings the table.
 *
 * The two ways of reading differ only in what the end of a reading means. A `whole` table is complete then, so keys that were not
 * met are gone. A `searched` table is complete up to the newest row that was met, so the bookmark moves there.
 */

import { PublisherError } from '../model/errors.js';
import type { Events, Progress } from '../model/events.js';
import type { DeadLetter, OutgoingRecord, RawRow, Tombstone } from '../model/row.js';
import type { CycleSummary, TableState, Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { type Batch, type NewVersion, sortOut } from './batch.js';
import { deletionsFrom, newDeletions } from './deletions.js';
import { IdWalk, planWalk } from './reconcile.js';
import { nextTime } from './schedule.js';
import type { TableMemory, TableSettings, TableSink, TableSource } from './source.js';
import { splitWindow, windowToRead } from './windows.js';

/** A search whose rows keep leaving it is given up after as many walks; nothing is lost, the next cycle reads it again. */
const MAX_WALKS = 8;

const NONE: ReadonlySet<string> = new Set();
const NOTHING: Batch = { versions: [], letters: [], met: NONE, unchanged: [], leftovers: new Map() };

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
  readonly #source: TableSource;
  readonly #sink: TableSink;
  readonly #settings: TableSettings;
  readonly #memory: TableMemory;
  readonly #events: Events;
  readonly #startedAt = new Date();
  readonly #number: number;
  readonly #done = { rowsRead: 0, records: 0, deletes: 0, notShown: 0 };

  constructor(
    source: TableSource,
    sink: TableSink,
    settings: TableSettings,
    memory: TableMemory,
    events: Events,
  ) {
    this.#source = source;
    this.#sink = sink;
    this.#settings = settings;
    this.#memory = memory;
    this.#events = events;
    this.#number = (memory.state.cycle?.number ?? 0) + 1;
  }

  /**
   * Reads and publishes everything that is due. `awaitWalk`: a walk over all IDs that is due ends with the cycle, instead of going on
   * beside the next ones. Throws a `PublisherError`; what was committed before it stays.
   */
  async run(awaitWalk: boolean): Promise<CycleSummary> {
    this.#events.emit('table:started', this.#at());
    const walk = this.#walkUnderWay();
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
    const { state } = this.#memory;
    await this.#publish([], {
      ...state,
      cycle: this.#summary(false),
      updatedAt: at,
      error: { code, message, at },
    });
  }

  async #readWhole(): Promise<void> {
    const { published } = this.#memory;
    const met = new Set<string>();
    let complete = false;
    for await (const page of this.#source.pull({ from: this.#settings.startDate, to: null })) {
      const batch = await this.#sortOut(page, met);
      for (const key of batch.met) met.add(key);
      complete = page.last;
      const missing = complete ? [...published.keys()].filter((key) => !met.has(key)) : [];
      const gone = await this.#source.confirmGone(missing);
      const freed = complete ? [...this.#sink.buried()].filter((key) => !met.has(key)) : [];
      const bookmark = complete && this.#source.method === 'incremental' ? page.newest : null;
      const progress = {
        rows: this.#done.rowsRead,
        rowsExpected: published.size || null,
        covered: 0,
        toCover: 0,
      };
      await this.#commit(
        batch,
        gone.map((key) => tombstone(key, page)),
        { bookmark, finished: complete, progress, freed },
      );
    }
    if (!complete)
      throw new PublisherError('internal', `${this.#source.name}: the reading ended before its last page`);
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
    const { published } = this.#memory;
    const keys = ids.length === 0 ? [] : await this.#sink.keysOf(ids);
    const fetchedAt = Date.now();
    const gone = keys
      // A list of deletions and a walk over all IDs find the same.
      .filter((key) => published.get(key)?.gone !== true)
      .map((key): Tombstone => ({ op: 'delete', key, fetchedAt }));
    const { records, deletes } = this.#encode(NOTHING, gone);
    this.#remember(NOTHING, gone, fetchedAt);
    this.#done.deletes += deletes;
    const counts = { records: 0, deletes, deadLetters: 0 };
    const progress = { rows: this.#done.rowsRead, rowsExpected: null, covered: 0, toCover: 0 };
    const next = this.#stateAfter(NOTHING, counts, { bookmark: null, finished: true, progress });
    await this.#publish(records, { ...next, ...reached });
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
      const batch = await this.#sortOut(page, NONE);
      const progress = this.#progress(window, page, cover.newest ?? first.newest ?? window.from, cover.from);
      const finished = page.last && window.to === null;
      await this.#commit(batch, [], { bookmark, finished, progress, notShown: page.notShown });
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
    const { records, versions, letters, deletes } = this.#encode(batch, gone, freed);
    const upserts = versions.length;
    const counts = { records: upserts, deletes, deadLetters: letters };
    const late = this.#countLate(versions);
    this.#done.notShown += notShown;
    this.#remember({ ...batch, versions }, gone, publishedAfter);
    this.#done.records += upserts;
    this.#done.deletes += deletes;
    if (records.length > 0 || end.bookmark !== null || end.finished) {
      await this.#publish(records, this.#stateAfter(batch, counts, end));
    }
    const { bookmark } = this.#memory.state;
    const { progress } = end;
    this.#events.emit('page:committed', {
      ...this.#at(),
      ...counts,
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

  async #publish(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    const startedAt = performance.now();
    await this.#sink.commit(records, state);
    this.#memory.state = state;
    const bytes = records.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
    const ms = performance.now() - startedAt;
    this.#events.emit('transaction:committed', { ...this.#at(), records: records.length, bytes, ms });
  }

  /** The records of a batch, and those of its versions that could be encoded: of the others the topic still has what it had. */
  #encode(batch: Batch, gone: readonly Tombstone[], freed: readonly string[] = []) {
    const records: OutgoingRecord[] = [];
    const versions: NewVersion[] = [];
    const letters: DeadLetter[] = [...batch.letters];
    for (const version of batch.versions) {
      const { row, raw } = version;
      const encoded = this.#sink.encode(row);
      if ('records' in encoded) {
        records.push(...encoded.records);
        versions.push(version);
      } else letters.push({ key: row.key, reason: encoded.reason, raw, fetchedAt: row.fetchedAt });
    }
    for (const change of gone) {
      const encoded = this.#sink.encode(change);
      if ('records' in encoded) records.push(...encoded.records);
    }
    records.push(...this.#sink.unbury([...batch.unchanged.map(({ key }) => key), ...freed]));
    const buried = letters.flatMap((letter) => this.#sink.bury(letter) ?? []);
    records.push(...buried);
    return { records, versions, letters: buried.length, deletes: gone.length };
  }

  #remember(batch: Batch, gone: readonly Tombstone[], publishedAfter: number): void {
    const { published } = this.#memory;
    for (const { row, versionTime } of batch.versions) {
      published.set(row.key, { hash: row.hash, updatedAt: row.updatedAt, versionTime, publishedAfter });
    }
    // What was read again can be read once more for as long as its time says now, not when it was published.
    for (const { key, versionTime } of batch.unchanged) published.moveTo(key, versionTime);
    for (const { key, fetchedAt } of gone) {
      // Of a table that is read whole the reading itself tells what is there.
      if (this.#source.reads === 'whole') published.delete(key);
      else published.bury(key, fetchedAt);
    }
  }

  #stateAfter(
    batch: Batch,
    counts: { records: number; deletes: number; deadLetters: number },
    end: PageEnd,
  ): TableState {
    const { state, published } = this.#memory;
    const searched = this.#source.reads === 'searched';
    const bookmark = latest(state.bookmark, end.bookmark);
    if (searched && bookmark !== null) published.forgetBefore(bookmark - this.#settings.lookback);
    const unknown = [...batch.leftovers.values()].reduce((sum, count) => sum + count, 0);
    return {
      ...state,
      bookmark,
      restoreFrom: searched ? published.restoreFrom() : null,
      cycle: this.#summary(end.finished),
      records: state.records + counts.records,
      deletes: state.deletes + counts.deletes,
      deadLetters: state.deadLetters + counts.deadLetters,
      unknownFields: state.unknownFields + unknown,
      updatedAt: new Date().toISOString(),
      error: end.finished ? null : state.error,
    };
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

function tombstone(key: string, page: Page): Tombstone {
  return { op: 'delete', key, fetchedAt: page.fetchedAt };
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** A bookmark never moves back. */
function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
