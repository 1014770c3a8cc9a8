/**
 * Reads what changed in a searched table: windows of `updated_at`, some side by side. The table is complete
 * up to the newest row that was met, so the bookmark moves there.
 */

import { PublisherError } from '../model/errors.js';
import { intervalsIn, isIsolable, subjectText } from '../model/set-aside.js';
import { pageSpan } from '../model/spans.js';
import type { Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import { inOpenSpan, type OpenSpan } from '../model/tracing.js';
import type { CycleParts } from './cycle-parts.js';
import { emptyPage, type Underway } from './cycle-publisher.js';
import { Pipeline, type SideBySide, sideBySide } from './side-by-side.js';
import { WindowPlan } from './window-plan.js';
import { isTooLarge, splitWindow, windowToRead } from './windows.js';

/**
 * Readings of a window whose rows keep leaving it before the cycle gives up. Nothing is lost: the next cycle
 * reads it again.
 */
const MAX_READINGS = 8;

/** A window that is being read. */
interface Reading {
  readonly window: Window;
  readonly plan: WindowPlan;
  readonly pipeline: Pipeline;
  /** Its newest row when its reading began; undefined before the first page. */
  newest: number | null | undefined;
}

export class SearchedReading {
  readonly #parts: CycleParts;

  constructor(parts: CycleParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { ledger } = this.#parts;
    const { source, settings, state } = ledger;
    if (state.bookmark === null) ledger.prefetch();
    const whole = windowToRead({ ...settings, bookmark: state.bookmark });
    const plan = new WindowPlan(whole, state.windows, settings.lookback, intervalsIn(state.setAside));
    await sideBySide(
      () => source.windowsAtOnce(),
      () => plan.next(),
      (window, beside) => this.#readWindow(window, plan, beside),
    );
  }

  /** Reads a window, and again when rows left it meanwhile. */
  async #readWindow(window: Window, plan: WindowPlan, beside: SideBySide): Promise<void> {
    this.#parts.failures.add('window', 1, []);
    for (let attempt = 1; !beside.isFailed(); attempt += 1) {
      try {
        return await this.#readOnce(window, plan, beside);
      } catch (error) {
        if (isIsolable(error) && plan.isSplit) return await this.#setWindowAside(window, plan, error);
        if (!(error instanceof PublisherError) || error.code !== 'walk-unclean' || attempt === MAX_READINGS)
          throw error;
        const { events, ledger } = this.#parts;
        events.emit('window:repeated', { ...ledger.at, window, attempt });
      }
    }
  }

  /**
   * A window that can't be read delays no other: it counts as read in this cycle, and is retried beside the
   * next ones.
   */
  async #setWindowAside(window: Window, plan: WindowPlan, error: PublisherError): Promise<void> {
    this.#parts.failures.add('window', 0, [error]);
    const { from } = window;
    const to = window.to ?? Math.floor(Date.now() / 1000);
    const subject = { id: null, window: { from, to } };
    const { code, answer } = error;
    const message = `${error.message} (${subjectText(subject)})`;
    const failure = new PublisherError(code, message, {
      cause: error,
      ...(answer === null ? {} : { answer }),
    });
    const complete = () => {
      this.#parts.ledger.setAside([{ ...subject, error: failure }]);
      const reached = plan.read(window, null);
      const { covered, toCover } = plan.progress;
      return {
        finished: reached.complete,
        progress: { rowsExpected: null, covered, toCover },
        reached,
      };
    };
    const { committed } = await this.#parts.publisher.publish({ page: emptyPage(), complete });
    await committed;
  }

  /**
   * Reads the window once and publishes it. When its first page shows that it is too large, splits it
   * instead: its pieces are read in its place.
   */
  async #readOnce(window: Window, plan: WindowPlan, beside: SideBySide): Promise<void> {
    const reading: Reading = { window, plan, pipeline: new Pipeline(this.#parts.pending), newest: undefined };
    const pages = this.#parts.ledger.source.pull(window, this.#parts.idsSetAside)[Symbol.asyncIterator]();
    try {
      // Only the pipeline keeps the page while the next one is requested: pages are large.
      while (await this.#readNext(pages, reading, beside)) beside.askForMore();
    } finally {
      await pages.return?.();
      await reading.pipeline.end();
    }
  }

  #readNext(pages: AsyncIterator<Page>, reading: Reading, beside: SideBySide): Promise<boolean> {
    return inOpenSpan(pageSpan(this.#parts.ledger.at), (span) =>
      this.#readPage(pages, reading, beside, span),
    );
  }

  /**
   * False when the window is complete, was split, or is given up because another one failed. The span of a page
   * that there is none of is dropped.
   */
  async #readPage(
    pages: AsyncIterator<Page>,
    reading: Reading,
    { isFailed }: SideBySide,
    span: OpenSpan,
  ): Promise<boolean> {
    const { value: page, done } = await pages.next();
    if (done) return false;
    span.set({ 'intercom_kafka.rows': page.rows.length });
    if (isFailed() || (await this.#splitIfTooLarge(page, reading))) {
      span.end();
      return false;
    }
    if (reading.newest === undefined) reading.newest = page.newest;
    const { window, plan, newest = null } = reading;
    await reading.pipeline.push(() => this.#publishPage(page, { window, newest, plan }, span));
    return true;
  }

  /** Splits the window where its first page shows that it is too large. */
  async #splitIfTooLarge(page: Page, { window, plan, newest }: Reading): Promise<boolean> {
    if (newest !== undefined || page.last || !isTooLarge(page.total, plan.isSplit)) return false;
    const grain = await this.#parts.ledger.source.grain();
    const pieces = splitWindow(window, page, grain);
    if (pieces.length < 2) return false;
    plan.split(window, pieces, page.newest, grain);
    return true;
  }

  /** Publishes a page of a window; `newest` is the newest row of the window when its reading began. */
  async #publishPage(
    page: Page,
    { window, newest, plan }: { window: Window; newest: number | null; plan: WindowPlan },
    span: OpenSpan,
  ): Promise<Underway> {
    const { publisher, byId } = this.#parts;
    const underway = await publisher.publish({
      page,
      complete: (batch) => {
        this.#parts.countUnread(page.asked ?? 0, page.unread ?? []);
        byId.note(page, batch);
        if (!page.last) plan.reach(window, this.#oldestOf(page, window, newest), newest, page.pace ?? null);
        const reached = page.last ? plan.read(window, newest) : undefined;
        const progress = { rowsExpected: page.total, ...plan.progress };
        const finished = reached?.complete ?? false;
        return { finished, progress, ...(reached === undefined ? {} : { reached }) };
      },
    });
    page.onAccepted?.();
    span.endWith(underway.committed);
    return underway;
  }

  /** How far down a page goes: windows are read from their newest row. */
  #oldestOf(page: Page, window: Window, newest: number | null): number {
    const end = window.to ?? newest ?? window.from;
    return page.rows.reduce(
      (oldest, row) => Math.min(oldest, this.#parts.ledger.source.versionTime(row) ?? end),
      end,
    );
  }
}
