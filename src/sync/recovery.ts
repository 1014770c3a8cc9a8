/**
 * Retries what a table has set aside, beside its cycles. It publishes nothing itself: the table's cycles
 * publish what was read, so that there is one writer per table.
 */

import { asPublisherError, type PublisherError } from '../model/errors.js';
import type { RawRow } from '../model/row.js';
import { isIsolable, type SetAside, type Unread } from '../model/set-aside.js';
import type { Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { Fetched } from './source.js';
import type { Standing } from './table-ledger.js';

/** What a retry works with. */
export interface RetrySource {
  /** The rows of one ID, or null when there is none any more. */
  read(id: string): Promise<readonly RawRow[] | null>;
  /** Reads an interval again. */
  pull(window: Window): AsyncIterable<Page>;
}

/** What one retry brought. */
export interface Retried {
  readonly entry: SetAside;
  /** The rows, or the entry's ID when it is gone. */
  readonly fetched: Fetched;
  /** What failed again: the entry, or what is left of it. */
  readonly unread: readonly Unread[];
  /** What the topic has of the rows; to be released by the caller of `drain`. */
  readonly standing: Standing;
}

/** What the topic has of what was read. */
export type StandingOf = (read: Pick<Fetched, 'rows' | 'gone'>) => Promise<Standing>;

type Read = Pick<Fetched, 'rows' | 'gone'> & Pick<Retried, 'unread'>;

/** Entries that are retried together: they have failed before, and each may last its whole time-out. */
const AT_ONCE = 5;

export class Recovery {
  readonly #source: RetrySource;
  readonly #standingOf: StandingOf;
  #retried: Retried[] = [];
  #isOver = false;
  #failure: PublisherError | null = null;
  /** Resolves when all entries were retried, or a failure that reaches further ended that. */
  readonly ended: Promise<void>;

  /** Starts at once. */
  constructor(source: RetrySource, entries: readonly SetAside[], standingOf: StandingOf) {
    this.#source = source;
    this.#standingOf = standingOf;
    this.ended = this.#run(entries)
      .catch((error: unknown) => {
        this.#failure = asPublisherError(error);
      })
      .then(() => {
        this.#isOver = true;
      });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What ended the retries before their time, or null. */
  get failure(): PublisherError | null {
    return this.#failure;
  }

  /** What was read since the last call. */
  drain(): readonly Retried[] {
    const retried = this.#retried;
    this.#retried = [];
    return retried;
  }

  async #run(entries: readonly SetAside[]): Promise<void> {
    const waiting = [...entries];
    const work = async () => {
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift())
        await this.#retry(entry);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #retry(entry: SetAside): Promise<void> {
    const askedAt = Date.now();
    const { rows, gone, unread } = await this.#read(entry);
    const fetchedAt = Date.now();
    const standing = await this.#standingOf({ rows, gone });
    // Only a row that was requested by ID exists for certain: a search may show deleted rows.
    const fetched = { rows, gone, fetchedAt, askedAt: entry.id === null ? undefined : () => askedAt };
    this.#retried.push({ entry, fetched, unread, standing });
  }

  async #read(entry: SetAside): Promise<Read> {
    try {
      return entry.id === null ? await this.#readWindow(entry.window) : await this.#readRow(entry.id);
    } catch (error) {
      if (!isIsolable(error)) throw error;
      const { id, window } = entry;
      return { rows: [], gone: [], unread: [{ id, window, error } as Unread] };
    }
  }

  async #readRow(id: string): Promise<Read> {
    const rows = await this.#source.read(id);
    return { rows: rows ?? [], gone: rows === null ? [id] : [], unread: [] };
  }

  async #readWindow(window: Window): Promise<Read> {
    const rows: RawRow[] = [];
    const unread: Unread[] = [];
    for await (const page of this.#source.pull(window)) {
      rows.push(...page.rows);
      unread.push(...(page.unread ?? []));
    }
    return { rows, gone: [], unread };
  }
}
