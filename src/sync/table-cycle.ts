/**
 * One cycle of one table: pull a page, see what is new in it, commit that together with how far it brings the
 * table.
 *
 * The two ways of reading differ only in what the end of a reading means. A `whole` table is complete then,
 * so keys that were not met are gone. A `searched` table is complete up to the newest row that was met, so
 * the bookmark moves there.
 */

import { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { idOf } from '../model/row.js';
import {
  dueForRetry,
  FailureCount,
  idsIn,
  intervalsIn,
  isIsolable,
  subjectText,
  type Unread,
} from '../model/set-aside.js';
import type { CycleSummary, Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import type { Batch } from './batch.js';
import { DELETES_KEPT_MS, tombstonesOf } from './commit.js';
import { type Commit, CyclePublisher } from './cycle-publisher.js';
import { deletionsFrom, newDeletions } from './deletions.js';
import { fetchById } from './fetch-by-id.js';
import { keysOf, pageOf } from './hinted.js';
import { type Findings, IdWalk, planWalk } from './reconcile.js';
import { Recovery, type Retried, type StandingOf } from './recovery.js';
import { nextTime } from './schedule.js';
import { SetAsideList } from './set-aside-list.js';
import { PendingPages, Pipeline, type SideBySide, sideBySide } from './side-by-side.js';
import type { FoundRows, TableMemory, TableSettings, TableSource, TableWork } from './source.js';
import { holdStanding, knownOf } from './standing.js';
import { WindowPlan } from './window-plan.js';
import { isTooLarge, splitWindow, windowToRead } from './windows.js';

/**
 * A search whose rows keep leaving it is given up after as many walks; nothing is lost, the next cycle reads
 * it again.
 */
const MAX_WALKS = 8;

/**
 * Pages in memory that are not committed yet, beside those that are being waited for: more than come during a
 * transaction, so that reading goes on.
 */
const MOST_PAGES = 80;

/**
 * Rows that are fetched by ID before they are published together: publishing them may take a reading of their
 * whole topic.
 */
const MAX_FETCHED = 1_000;

const NEVER = () => false;

/** A window that is being read. */
interface Reading {
  readonly window: Window;
  readonly plan: WindowPlan;
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
  readonly #publisher: CyclePublisher;
  readonly #failures = new FailureCount();
  readonly #setAside: SetAsideList;
  readonly #pending = new PendingPages(MOST_PAGES);
  /** IDs of rows that the readings show although they are gone. */
  readonly #doubtful = new Set<string>();
  /** IDs of rows that others have replaced, of which the topic may have some. */
  readonly #replaced = new Set<string>();
  /** Epoch seconds: what was replaced earlier was found by earlier cycles. */
  readonly #replacedSince: number;

  constructor(work: TableWork, events: Events) {
    this.#work = work;
    this.#source = work.source;
    this.#settings = work.settings;
    this.#memory = work.memory;
    this.#events = events;
    this.#publisher = new CyclePublisher(work, events);
    this.#setAside = new SetAsideList(work, events);
    const { bookmark } = work.memory.state;
    this.#replacedSince = (bookmark ?? this.#publisher.startedAt.getTime() / 1000) - work.settings.lookback;
  }

  /**
   * Reads and publishes everything that is due. `awaitWalk`: a walk over all IDs that is due ends with the
   * cycle, instead of going on beside the next ones. Throws a `PublisherError`; what was committed before it
   * stays.
   */
  async run(awaitWalk: boolean): Promise<CycleSummary> {
    this.#events.emit('table:started', this.#at());
    const walk = await this.#memory.lock.run(async () => this.#walkUnderWay());
    await this.#publishRetried(false);
    const recovery = this.#startRecovery();
    if (awaitWalk) await recovery?.ended;
    this.#memory.published.twins.beginReading(Date.now());
    if (this.#source.reads === 'whole') await this.#readWhole();
    else await this.#readSearched();
    await this.#readDeletions();
    await this.#settleDoubts();
    if (walk !== null) await this.#publishFrom(walk, awaitWalk);
    await this.#publishRetried(true);
    // What was learned of the workspace meanwhile shows in the schema, also where no row was published.
    await this.#memory.lock.run(() => this.#source.prepare([]));
    const summary = this.#publisher.summary(true);
    const { bookmark } = this.#memory.state;
    const ms = Date.now() - this.#publisher.startedAt.getTime();
    const { rowsRead } = this.#publisher;
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
    await this.#memory.lock.run(() => this.#publisher.note({ updatedAt: at, error: { code, message, at } }));
  }

  async #readWhole(): Promise<void> {
    const pages = this.#source.pull({ from: this.#settings.startDate, to: null }, this.#idsSetAside);
    this.#memory.published.beginReading();
    const pipeline = new Pipeline(this.#pending);
    let complete = false;
    try {
      for await (const page of pages) {
        await pipeline.push(() => this.#publishWholePage(page));
        complete = page.last;
      }
    } finally {
      await pipeline.end();
    }
    if (!complete)
      throw new PublisherError('internal', `${this.#source.name}: the reading ended before its last page`);
  }

  /** Publishes a page; the last one shows which keys the reading has not met. */
  #publishWholePage(page: Page): Promise<Commit> {
    const { published, lock } = this.#memory;
    return lock.run(async () => {
      const batch = await this.#publisher.sortOut(page, (key) => published.isMet(key));
      for (const key of batch.met) published.meet(key);
      for (const { key } of batch.twins) published.meet(key);
      this.#doubt(page, batch);
      const gone = page.last ? await this.#confirmGone(this.#unmet()) : [];
      const freed = page.last
        ? [...this.#work.sink.deadLetterKeys()].filter((key) => !published.isMet(key))
        : [];
      const bookmark = page.last && this.#source.method === 'incremental' ? page.newest : null;
      const progress = {
        rows: this.#publisher.rowsRead,
        rowsExpected: published.size || null,
        covered: 0,
        toCover: 0,
      };
      return this.#publisher.commit(
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

  /**
   * Those of the keys whose rows are gone. A row that can't be checked keeps its place, and holds up no
   * other.
   */
  async #confirmGone(keys: readonly string[]): Promise<readonly string[]> {
    const asked = this.#without(keys);
    const { gone, unread } = await this.#source.confirmGone(asked);
    this.#countUnread(asked.length, unread);
    return gone;
  }

  /** Those of the IDs that are not left to the retries. */
  #without(ids: readonly string[]): readonly string[] {
    const setAside = this.#idsSetAside;
    return ids.filter((id) => !setAside.has(id));
  }

  get #idsSetAside(): ReadonlySet<string> {
    return idsIn(this.#setAside.entries);
  }

  /** Sets aside what could not be read; throws when that is too much of what was asked for. */
  #countUnread(asked: number, unread: readonly Unread[]): void {
    const rows = unread.filter(({ id }) => id !== null).map(({ error }) => error);
    this.#failures.add('row', asked, rows);
    this.#setAside.add(unread);
  }

  /**
   * The keys of the rows that the reading has not met. Of those that are gone already, only what is old is
   * forgotten.
   */
  #unmet(): string[] {
    const { published } = this.#memory;
    const oldest = this.#publisher.startedAt.getTime() - DELETES_KEPT_MS;
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
      if (this.#memory.published.get(id)?.gone !== true) this.#replaced.add(id);
  }

  /**
   * A row that is shown although it is gone has come back if it is there by its ID; one that was replaced is
   * gone if it is not.
   */
  async #settleDoubts(): Promise<void> {
    const { find, replaced } = this.#source;
    if (find === undefined) return;
    const replacedIds = [...this.#replaced];
    await this.#publishByIds([...this.#doubtful, ...(await this.#published(replacedIds))], find);
    replaced?.add(replacedIds);
  }

  /**
   * Those of the IDs whose rows are published. A long history names thousands of rows that were replaced
   * before the first reading: no request is spent on them, and one reading of the topic tells of all.
   */
  async #published(ids: readonly string[]): Promise<string[]> {
    const { found, release } = await holdStanding(this.#work, ids);
    const known = knownOf(this.#work, found);
    const published = ids.filter((id) => {
      const version = known.get(id);
      return version !== undefined && version.gone !== true;
    });
    release();
    return published;
  }

  /** Asks for rows by their IDs and publishes what comes of it. Those that can't be fetched are set aside. */
  async #publishByIds(
    ids: readonly string[],
    find: (id: string) => Promise<FoundRows | null>,
  ): Promise<void> {
    const asked = this.#without(ids);
    for (let start = 0; start < asked.length; start += MAX_FETCHED) {
      const batch = asked.slice(start, start + MAX_FETCHED);
      const { fetched, unread } = await fetchById(batch, find);
      // Before the commit, whose state carries it.
      await this.#memory.lock.run(async () => this.#countUnread(batch.length, unread));
      await this.#publisher.publishFetched(fetched);
    }
  }

  async #readSearched(): Promise<void> {
    const { bookmark, windows } = this.#memory.state;
    // Within a turn: rows that come sooner wait for it.
    if (bookmark === null) void this.#memory.lock.run(() => this.#source.prefetch()).catch(() => undefined);
    const whole = windowToRead({ ...this.#settings, bookmark });
    const setAside = intervalsIn(this.#setAside.entries);
    const plan = new WindowPlan(whole, windows, this.#settings.lookback, setAside);
    await sideBySide(
      () => this.#source.windowsAtOnce(),
      () => plan.next(),
      (window, beside) => this.#readWindow(window, plan, beside),
    );
  }

  /**
   * Publishes what the API lists as deleted since the last time; before the first cycle nothing was published
   * that could be gone.
   */
  async #readDeletions(): Promise<void> {
    if (this.#source.deletions === null) return;
    const start = Math.floor(this.#publisher.startedAt.getTime() / 1000) - this.#settings.lookback;
    const { state } = this.#memory;
    const listed = await this.#source.deletions(deletionsFrom(state.deletions, start));
    const { ids, mark } = newDeletions(state.deletions, start, listed);
    await this.#publishDeletes(ids, { deletions: mark });
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
    if (start) memory.walk = new IdWalk(ids, mark.walk?.reached ?? null, () => this.#idsSetAside);
    return memory.walk;
  }

  /**
   * Publishes what a walk has found so far. A walk that broke is taken up again by the next cycle, where it
   * stopped.
   */
  async #publishFrom(walk: IdWalk, toItsEnd: boolean): Promise<void> {
    do {
      if (toItsEnd) await walk.isReady();
      await this.#publishOnce(walk);
    } while (toItsEnd && this.#memory.walk === walk);
  }

  async #publishOnce(walk: IdWalk): Promise<void> {
    const { failure } = walk;
    const findings = walk.drain();
    try {
      await this.#publishFindings(findings);
    } catch (error) {
      walk.putBack(findings);
      throw error;
    }
    if (findings.over || failure !== null) this.#memory.walk = null;
    if (findings.over)
      this.#events.emit('table:reconciled', { ...this.#at(), deletes: findings.gone.length });
    if (failure !== null) throw failure;
  }

  async #publishFindings({ gone, differs, unread, reached, over }: Findings): Promise<void> {
    const find = this.#source.ids?.find;
    if (find !== undefined) await this.#publishByIds(differs, find);
    await this.#memory.lock.run(async () => this.#setAside.add(unread));
    const { state } = this.#memory;
    const dueAt = state.reconcile?.dueAt ?? new Date().toISOString();
    const isNew = over || unread.length > 0 || reached !== (state.reconcile?.walk?.reached ?? null);
    if (isNew) await this.#publishDeletes(gone, { reconcile: { dueAt, walk: over ? null : { reached } } });
  }

  /** The retries under way, or those that are due now. */
  #startRecovery(): Recovery | null {
    const memory = this.#memory;
    const due = dueForRetry(this.#setAside.entries, Date.now());
    if (memory.recovery === null && due.length > 0) {
      const standingOf: StandingOf = (read) => holdStanding(this.#work, keysOf(this.#work, read));
      memory.recovery = new Recovery(this.#source.retry, due, standingOf);
    }
    return memory.recovery;
  }

  /**
   * Publishes what retries have read so far. Throws what ended them, if that reaches further than their rows.
   */
  async #publishRetried(isLast: boolean): Promise<void> {
    const { recovery } = this.#memory;
    if (recovery === null) return;
    const { isOver, failure } = recovery;
    const drained = recovery.drain();
    try {
      for (const retried of drained) await this.#publishOne(retried, isLast);
    } finally {
      for (const { standing } of drained) standing.release();
    }
    if (isOver) this.#memory.recovery = null;
    if (failure !== null) throw failure;
  }

  async #publishOne(
    { entry, fetched, unread, standing: { found } }: Retried,
    isLast: boolean,
  ): Promise<void> {
    await this.#memory.lock.run(async () => {
      const batch = await this.#publisher.sortOut(pageOf(this.#work, fetched), NEVER, found);
      const tombstones = await tombstonesOf(this.#work, fetched.gone, found);
      this.#setAside.retried(entry, unread);
      const progress = { rows: this.#publisher.rowsRead, rowsExpected: null, covered: 0, toCover: 0 };
      const isById = entry.id !== null;
      const { committed } = this.#publisher.commit(batch, tombstones, { finished: isLast, progress, isById });
      await committed;
    });
  }

  async #publishDeletes(
    ids: readonly string[],
    reached: Parameters<CyclePublisher['publishDeletes']>[1],
  ): Promise<void> {
    const deletes = await this.#publisher.publishDeletes(ids, reached);
    if (deletes > 0) this.#events.emit('deletions:committed', { ...this.#at(), deletes });
  }

  /** Walks a window, and again when rows left it meanwhile. */
  async #readWindow(window: Window, plan: WindowPlan, beside: SideBySide): Promise<void> {
    this.#failures.add('window', 1, []);
    for (let walk = 1; !beside.isFailed(); walk += 1) {
      try {
        return await this.#walk(window, plan, beside);
      } catch (error) {
        if (isIsolable(error) && plan.isSplit) return await this.#setWindowAside(window, plan, error);
        if (!(error instanceof PublisherError) || error.code !== 'walk-unclean' || walk === MAX_WALKS)
          throw error;
        this.#events.emit('window:repeated', { ...this.#at(), window, attempt: walk });
      }
    }
  }

  /**
   * A window that can't be had holds up no other: it counts as read for this cycle, and is retried beside the
   * next ones.
   */
  async #setWindowAside(window: Window, plan: WindowPlan, error: PublisherError): Promise<void> {
    this.#failures.add('window', 0, [error]);
    const { from } = window;
    const to = window.to ?? Math.floor(Date.now() / 1000);
    const subject = { id: null, window: { from, to } };
    const { code, answer } = error;
    const message = `${error.message} (${subjectText(subject)})`;
    const failure = new PublisherError(code, message, {
      cause: error,
      ...(answer === null ? {} : { answer }),
    });
    await this.#memory.lock.run(async () => {
      this.#setAside.add([{ ...subject, error: failure }]);
      const reached = plan.read(window, null);
      const progress = { rows: this.#publisher.rowsRead, rowsExpected: null, ...plan.progress };
      const empty = { rows: [], total: null, newest: null, last: false, fetchedAt: Date.now() };
      const batch = await this.#publisher.sortOut(empty, NEVER);
      const end = { finished: reached.complete, progress, reached };
      await this.#publisher.commit(batch, [], end).committed;
    });
  }

  /**
   * Reads the window once and publishes it; or, when its first page shows that it is too large, leaves it to
   * its pieces.
   */
  async #walk(window: Window, plan: WindowPlan, beside: SideBySide): Promise<void> {
    const reading: Reading = { window, plan, pipeline: new Pipeline(this.#pending), newest: undefined };
    const pages = this.#source.pull(window, this.#idsSetAside)[Symbol.asyncIterator]();
    try {
      // A page is known to what takes it, and not here while the next one is asked for: pages are large.
      while (await this.#readNext(pages, reading, beside)) beside.askForMore();
    } finally {
      await pages.return?.();
      await reading.pipeline.end();
    }
  }

  /** False when the window is over, left to its pieces, or given up because another one failed. */
  async #readNext(pages: AsyncIterator<Page>, reading: Reading, { isFailed }: SideBySide): Promise<boolean> {
    const { value: page, done } = await pages.next();
    if (done || isFailed()) return false;
    const { window, plan } = reading;
    const isFirst = reading.newest === undefined;
    if (isFirst && !page.last && isTooLarge(page.total, plan.isSplit)) {
      const grain = await this.#source.grain();
      const pieces = splitWindow(window, page, grain);
      if (pieces.length > 1) {
        plan.split(window, pieces, page.newest, grain);
        return false;
      }
    }
    if (isFirst) reading.newest = page.newest;
    const { newest = null } = reading;
    await reading.pipeline.push(() => this.#publishPage(page, { window, newest, plan }));
    return true;
  }

  /**
   * Publishes a page of a window; `newest` is the newest row that there was in it when it began to be read.
   */
  #publishPage(
    page: Page,
    { window, newest, plan }: { window: Window; newest: number | null; plan: WindowPlan },
  ): Promise<Commit> {
    return this.#memory.lock.run(async () => {
      this.#countUnread(page.asked ?? 0, page.unread ?? []);
      const batch = await this.#publisher.sortOut(page, NEVER);
      this.#doubt(page, batch);
      if (!page.last) plan.reach(window, this.#oldestOf(page, window, newest), newest, page.pace ?? null);
      const reached = page.last ? plan.read(window, newest) : undefined;
      const progress = { rows: this.#publisher.rowsRead, rowsExpected: page.total, ...plan.progress };
      const finished = reached?.complete ?? false;
      const end = { finished, progress, ...(reached === undefined ? {} : { reached }) };
      const underway = this.#publisher.commit(batch, [], end, page.notShown);
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
