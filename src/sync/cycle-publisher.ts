/** What one cycle of one table publishes, counted in its summary and reported. */

import type { EventMap, Events, Progress } from '../model/events.js';
import type { CycleSummary, TableState } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { Fetched } from './source.js';
import type { Commit, End, Publication, TableLedger } from './table-ledger.js';

/** Keys that an event names, at most. */
const MAX_KEYS = 10;

/** What a page brings the cycle to. */
export interface PageEnd extends Pick<End, 'tombstones' | 'freed'> {
  /** How far the table is complete with this page; left out where that does not change. */
  readonly reached?: { readonly bookmark: number | null; readonly ahead: TableState['windows'] };
  /** Whether the cycle ends with this page. */
  readonly finished: boolean;
  readonly progress: Omit<Progress, 'rows'>;
}

/** A publication of a cycle; `isById`: its rows were requested by ID, so that none of them is late. */
export type CyclePage = Omit<Publication, 'complete'> & {
  readonly isById?: boolean;
  complete(batch: Commit['batch']): PageEnd | Promise<PageEnd>;
};

/** A commit under way, in an object, so that `await` does not wait for it. */
export interface Underway {
  readonly committed: Promise<void>;
}

const NO_PROGRESS = { rowsExpected: null, covered: 0, toCover: 0 };
const NO_ROWS: Omit<Page, 'fetchedAt'> = { rows: [], total: null, newest: null, last: false };

/** What is published with no progress of the cycle's own: rows by ID, retries, deletions. */
export const lastOf = (finished: boolean): PageEnd => ({ finished, progress: NO_PROGRESS });

export function emptyPage(): Page {
  return { ...NO_ROWS, fetchedAt: Date.now() };
}

export class CyclePublisher {
  readonly #ledger: TableLedger;
  readonly #events: Events;
  readonly #startedAt = new Date();
  readonly #number: number;
  /** What the state says until this cycle is complete. */
  readonly #freshBefore: string | null;
  readonly #done = { rowsRead: 0, records: 0, deletes: 0, notShown: 0 };

  constructor(ledger: TableLedger, events: Events) {
    this.#ledger = ledger;
    this.#events = events;
    this.#number = (ledger.state.cycle?.number ?? 0) + 1;
    this.#freshBefore = ledger.state.freshAsOf;
  }

  get startedAt(): Date {
    return this.#startedAt;
  }

  get rowsRead(): number {
    return this.#done.rowsRead;
  }

  /**
   * Publishes a page; resolves when its commit is under way. A failed commit ends the session. Given `keys`,
   * what the topic has of them is read first.
   */
  async publish(page: CyclePage, keys: readonly string[] | null = null): Promise<Underway> {
    const { notShown = 0, rows } = page.page;
    let end = lastOf(false);
    const complete = async (batch: Commit['batch']): Promise<End> => {
      this.#done.rowsRead += rows.length;
      end = await page.complete(batch);
      this.#done.notShown += notShown;
      return this.#endOf(end);
    };
    const publication = { ...page, complete };
    const commit =
      keys === null
        ? await this.#ledger.publish(publication)
        : await this.#ledger.publishKnowing(keys, publication);
    return { committed: this.#reportAfter(commit, end, page) };
  }

  #endOf({ tombstones = [], freed = [], reached, finished }: PageEnd): End {
    return {
      tombstones,
      freed,
      bookmark: reached?.bookmark ?? null,
      isNews: reached !== undefined || finished,
      change: ({ records, deletes }) => {
        this.#done.records += records;
        this.#done.deletes += deletes;
        const { state } = this.#ledger;
        const windows = reached?.ahead ?? state.windows;
        const freshAsOf = finished ? this.#startedAt.toISOString() : this.#freshBefore;
        return { windows, cycle: this.summary(finished), freshAsOf, error: finished ? null : state.error };
      },
    };
  }

  /** Does not keep the page itself until its commit has ended. */
  #reportAfter(commit: Commit, { progress }: PageEnd, { page, isById = false }: CyclePage): Promise<void> {
    const { records, deletes, deadLetters, letters, late, batch, committed } = commit;
    const twins = batch.twins.slice(0, MAX_KEYS).map(({ key }) => key);
    return this.#report(committed, {
      ...this.#ledger.at,
      records,
      deletes,
      deadLetters,
      ...(letters === null ? {} : { letters }),
      ...(twins.length === 0 ? {} : { twins }),
      late: isById ? 0 : late,
      notShown: page.notShown ?? 0,
      unknownFields: batch.leftovers,
      bookmark: this.#ledger.state.bookmark,
      progress: { rows: this.#done.rowsRead, ...progress },
    });
  }

  async #report(committed: Promise<void>, event: EventMap['page:committed']): Promise<void> {
    await committed;
    this.#events.emit('page:committed', event);
  }

  /** Publishes what was requested by ID; reads the topic first. */
  async publishFetched(fetched: Fetched): Promise<void> {
    const page = { page: this.#ledger.pageOf(fetched), gone: fetched.gone, isById: true };
    const keys = this.#ledger.keysOf(fetched);
    const { committed } = await this.publish({ ...page, complete: () => lastOf(true) }, keys);
    await committed;
  }

  /**
   * Publishes the tombstones of rows (or of the children of rows) that are gone, with what that brings the
   * state to; reads the topic first.
   */
  async publishDeletes(ids: readonly string[], reached: Partial<TableState>): Promise<number> {
    const { isChild = false } = this.#ledger.source;
    const complete = (): End => {
      const end = this.#endOf(lastOf(true));
      return { ...end, change: (held) => ({ ...end.change?.(held), ...reached }) };
    };
    const publication = { page: emptyPage(), gone: ids, complete };
    const { committed, deletes } = await this.#ledger.publishKnowing(isChild ? [] : ids, publication);
    await committed;
    return deletes;
  }

  /** Records why the cycle failed: it is not complete, whatever it has published. */
  async note(change: Partial<TableState>): Promise<void> {
    await this.#ledger.record({ cycle: this.summary(false), freshAsOf: this.#freshBefore, ...change });
  }

  summary(finished: boolean): CycleSummary {
    const { records, deletes, notShown } = this.#done;
    const finishedAt = finished ? new Date().toISOString() : null;
    const startedAt = this.#startedAt.toISOString();
    return { number: this.#number, startedAt, finishedAt, records, deletes, notShown };
  }
}
