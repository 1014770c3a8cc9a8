/**
 * One cycle of one table: pull a page, see what is new in it, commit that together with how far it brings the table.
 *
 * The two ways of reading differ only in what the end of a reading means. A `whole` table is complete then, so keys that were not
 * met are gone. A `searched` table is complete up to the newest row that was met, so the bookmark moves there.
 */

import { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { idOf } from '../model/row.js';
import type { CycleSummary, Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import type { Batch } from './batch.js';
import { DELETES_KEPT_MS } from './commit.js';
import { Cover } from './cover.js';
import { CycleLog, type Underway } from './cycle-log.js';
import { deletionsFrom, newDeletions } from './deletions.js';
import { fetchById } from './fetch-by-id.js';
import { IdWalk, planWalk } from './reconcile.js';
import { nextTime } from './schedule.js';
import { Backlog, type Beside, Pipeline, sideBySide } from './side-by-side.js';
import type { FoundRows, TableMemory, TableSettings, TableSource, TableWork } from './source.js';
import { isTooLarge, splitWindow, windowToRead } from './windows.js';

/** A search whose rows keep leaving it is given up after as many walks; nothing is lost, the next cycle reads it again. */
const MAX_WALKS = 8;

/** Pages in memory that are not committed yet, beside those that are being waited for: more than come during a transaction, so that reading goes on. */
const MOST_PAGES = 80;

/** IDs asked for together. */
const ASKED_AT_ONCE = 25;

const NEVER = () => false;

/** A window that is being read. */
interface Reading {
  readonly window: Window;
  readonly cover: Cover;
  readonly pipeline: Pipeline;
  /** The newest row that there was in it when it began to be read; undefined before the first page. */
  newest: number | null | undefined;
}

export class TableCycle {
  readonly #work: TableWork;
  readonly #source: TableSource;
  readonly #settings: TableSettings;
  readonly #memory: TableMemory;
  readonly #events: Events;
  readonly #log: CycleLog;
  readonly #backlog = new Backlog(MOST_PAGES);
  /** IDs that the readings leave in doubt: of rows shown although they are gone, and of those that others have replaced. */
  readonly #doubtful = new Set<string>();
  /** Epoch seconds: what was replaced earlier was found by earlier cycles. */
  readonly #replacedSince: number;

  constructor(work: TableWork, events: Events) {
    this.#work = work;
    this.#source = work.source;
    this.#settings = work.settings;
    this.#memory = work.memory;
    this.#events = events;
    this.#log = new CycleLog(work, events);
    const { bookmark } = work.memory.state;
    this.#replacedSince = (bookmark ?? this.#log.startedAt.getTime() / 1000) - work.settings.lookback;
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
    await this.#settleDoubts();
    if (walk !== null) await this.#takeFrom(walk, awaitWalk);
    // What was learned of the workspace meanwhile shows in the schema, also where no row was published.
    await this.#memory.turns.take(() => this.#source.prepare([]));
    const summary = this.#log.summary(true);
    const { bookmark } = this.#memory.state;
    const ms = Date.now() - this.#log.startedAt.getTime();
    const { rowsRead } = this.#log;
    this.#events.emit('table:finished', { ...this.#at(), summary, bookmark, ms, rowsRead });
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
    await this.#memory.turns.take(() => this.#log.note({ updatedAt: at, error: { code, message, at } }));
  }

  async #readWhole(): Promise<void> {
    const pages = this.#source.pull({ from: this.#settings.startDate, to: null });
    this.#memory.published.beginReading();
    const pipeline = new Pipeline(this.#backlog);
    let complete = false;
    try {
      for await (const page of pages) {
        await pipeline.take(() => this.#takeWholePage(page));
        complete = page.last;
      }
    } finally {
      await pipeline.end();
    }
    if (!complete)
      throw new PublisherError('internal', `${this.#source.name}: the reading ended before its last page`);
  }

  /** Publishes a page; the last one shows which keys the reading has not met. */
  #takeWholePage(page: Page): Promise<Underway> {
    const { published, turns } = this.#memory;
    return turns.take(async () => {
      const batch = await this.#log.sortOut(page, (key) => published.isMet(key));
      for (const key of batch.met) published.meet(key);
      this.#doubt(page, batch);
      const gone = page.last ? await this.#source.confirmGone(this.#unmet()) : [];
      const freed = page.last ? [...this.#work.sink.buried()].filter((key) => !published.isMet(key)) : [];
      const bookmark = page.last && this.#source.method === 'incremental' ? page.newest : null;
      const progress = {
        rows: this.#log.rowsRead,
        rowsExpected: published.size || null,
        covered: 0,
        toCover: 0,
      };
      return this.#log.commit(
        batch,
        gone.map((key) => ({ op: 'delete', key, fetchedAt: page.fetchedAt })),
        {
          ...(bookmark === null ? {} : { reached: { bookmark, ahead: [] } }),
          finished: page.last,
          progress,
          freed,
        },
      );
    });
  }

  /** The keys of the rows that the reading has not met. Of those that are gone already, only what is old is forgotten. */
  #unmet(): string[] {
    const { published } = this.#memory;
    const oldest = this.#log.startedAt.getTime() - DELETES_KEPT_MS;
    return published.unmet().filter((key) => {
      const known = published.get(key);
      if (known?.gone && (known.updatedAt ?? 0) < oldest) published.delete(key);
      return known?.gone !== true;
    });
  }

  /** Keeps in mind what of a page is to be asked for by ID when the reading is over. */
  #doubt({ rows }: Page, { returned }: Batch): void {
    const { find, askedAs = idOf, replaced } = this.#source;
    if (find === undefined) return;
    const now = Date.now();
    for (const { key, raw } of returned)
      if (this.#memory.published.shouldCheck(key, now)) this.#doubtful.add(askedAs(raw));
    for (const id of replaced?.due(rows, this.#replacedSince) ?? [])
      if (this.#memory.published.get(id)?.gone !== true) this.#doubtful.add(id);
  }

  /** A row that is shown although it is gone has come back if it is there by its ID; one that was replaced is gone if it is not. */
  async #settleDoubts(): Promise<void> {
    const { find, replaced } = this.#source;
    if (find === undefined) return;
    const failed = await this.#publishByIds([...this.#doubtful], find);
    replaced?.add([...this.#doubtful].filter((id) => !failed.includes(id)));
  }

  /** Asks for rows by their IDs and publishes what comes of it. Returns the IDs that could not be asked for. */
  async #publishByIds(
    ids: readonly string[],
    find: (id: string) => Promise<FoundRows | null>,
  ): Promise<string[]> {
    const failed: string[] = [];
    for (let start = 0; start < ids.length; start += ASKED_AT_ONCE) {
      const answers = await fetchById(ids.slice(start, start + ASKED_AT_ONCE), find);
      await this.#log.publishFetched(answers.fetched);
      for (const { id, error } of answers.failed) {
        failed.push(id);
        const message = `${this.#source.name} ${id} can't be fetched by ID, a later cycle tries again: ${error.message}`;
        this.#events.emit('warning', { connection: this.#settings.connection, message });
      }
    }
    return failed;
  }

  async #readSearched(): Promise<void> {
    const { bookmark, windows } = this.#memory.state;
    // Within a turn: rows that come sooner wait for it.
    if (bookmark === null) void this.#memory.turns.take(() => this.#source.foresee()).catch(() => undefined);
    const whole = windowToRead({ ...this.#settings, bookmark });
    const cover = new Cover(whole, windows, this.#settings.lookback);
    await sideBySide(
      () => this.#source.windowsAtOnce(),
      () => cover.next(),
      (window, beside) => this.#readWindow(window, cover, beside),
    );
  }

  /** Publishes what the API lists as deleted since the last time; before the first cycle nothing was published that could be gone. */
  async #readDeletions(): Promise<void> {
    if (this.#source.deletions === null) return;
    const start = Math.floor(this.#log.startedAt.getTime() / 1000) - this.#settings.lookback;
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
    do {
      if (toItsEnd) await walk.isReady();
      await this.#takeOnce(walk);
    } while (toItsEnd && this.#memory.walk === walk);
  }

  async #takeOnce(walk: IdWalk): Promise<void> {
    const { failure } = walk;
    const { gone, differs, reached, over } = walk.take();
    const find = this.#source.ids?.find;
    if (find !== undefined) await this.#publishByIds(differs, find);
    const { state } = this.#memory;
    const dueAt = state.reconcile?.dueAt ?? new Date().toISOString();
    const isNew = over || reached !== (state.reconcile?.walk?.reached ?? null);
    if (isNew) await this.#bury(gone, { reconcile: { dueAt, walk: over ? null : { reached } } });
    if (over || failure !== null) this.#memory.walk = null;
    if (over) this.#events.emit('table:reconciled', { ...this.#at(), deletes: gone.length });
    if (failure !== null) throw failure;
  }

  async #bury(ids: readonly string[], reached: Parameters<CycleLog['bury']>[1]): Promise<void> {
    const deletes = await this.#log.bury(ids, reached);
    if (deletes > 0) this.#events.emit('deletions:committed', { ...this.#at(), deletes });
  }

  /** Walks a window, and again when rows left it meanwhile. */
  async #readWindow(window: Window, cover: Cover, beside: Beside): Promise<void> {
    for (let walk = 1; !beside.isFailed(); walk += 1) {
      try {
        return await this.#walk(window, cover, beside);
      } catch (error) {
        if (!(error instanceof PublisherError) || error.code !== 'walk-unclean' || walk === MAX_WALKS)
          throw error;
        this.#events.emit('window:repeated', { ...this.#at(), window, attempt: walk });
      }
    }
  }

  /** Reads the window once and publishes it; or, when its first page shows that it is too large, leaves it to its pieces. */
  async #walk(window: Window, cover: Cover, beside: Beside): Promise<void> {
    const reading: Reading = { window, cover, pipeline: new Pipeline(this.#backlog), newest: undefined };
    const pages = this.#source.pull(window)[Symbol.asyncIterator]();
    try {
      // A page is known to what takes it, and not here while the next one is asked for: pages are large.
      while (await this.#takeNext(pages, reading, beside)) beside.look();
    } finally {
      await pages.return?.();
      await reading.pipeline.end();
    }
  }

  /** False when the window is over, left to its pieces, or given up because another one failed. */
  async #takeNext(pages: AsyncIterator<Page>, reading: Reading, { isFailed }: Beside): Promise<boolean> {
    const { value: page, done } = await pages.next();
    if (done || isFailed()) return false;
    const { window, cover } = reading;
    const isFirst = reading.newest === undefined;
    if (isFirst && !page.last && isTooLarge(page.total, cover.isSplit)) {
      const grain = await this.#source.grain();
      const pieces = splitWindow(window, page, grain);
      if (pieces.length > 1) {
        cover.split(window, pieces, page.newest, grain);
        return false;
      }
    }
    if (isFirst) reading.newest = page.newest;
    const { newest = null } = reading;
    await reading.pipeline.take(() => this.#takePage(page, { window, newest, cover }));
    return true;
  }

  /** Publishes a page of a window; `newest` is the newest row that there was in it when it began to be read. */
  #takePage(
    page: Page,
    { window, newest, cover }: { window: Window; newest: number | null; cover: Cover },
  ): Promise<Underway> {
    return this.#memory.turns.take(async () => {
      const batch = await this.#log.sortOut(page, NEVER);
      this.#doubt(page, batch);
      if (!page.last) cover.reach(window, this.#oldestOf(page, window, newest), newest, page.pace ?? null);
      const reached = page.last ? cover.read(window, newest) : undefined;
      const progress = { rows: this.#log.rowsRead, rowsExpected: page.total, ...cover.progress };
      const finished = reached?.complete ?? false;
      const end = { finished, progress, ...(reached === undefined ? {} : { reached }) };
      const underway = this.#log.commit(batch, [], end, page.notShown);
      page.onTaken?.();
      return underway;
    });
  }

  /** How far down a page goes: windows are read from their newest row. */
  #oldestOf(page: Page, window: Window, newest: number | null): number {
    const end = window.to ?? newest ?? window.from;
    return page.rows.reduce((oldest, row) => Math.min(oldest, this.#source.versionTime(row) ?? end), end);
  }

  #at() {
    return { connection: this.#settings.connection, table: this.#source.name };
  }
}
