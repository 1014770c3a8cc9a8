/**
 * What one cycle of one table publishes: each page with what is new in it, and with how far it brings the
 * table.
 */

import type { EventMap, Events, Progress } from '../model/events.js';
import type { OutgoingRecord, Tombstone } from '../model/row.js';
import type { CycleSummary, TableState } from '../model/state.js';
import type { Page } from '../model/table.js';
import { type Batch, type KnownVersions, type NewVersion, sortOut } from './batch.js';
import { advance, encode, NOTHING, publish, remember, tombstonesOf } from './commit.js';
import { type Fetched, keysOf, pageOf } from './hinted.js';
import type { TableWork } from './source.js';
import { knownOf, withStanding } from './standing.js';

/** Keys that an event names, at most. */
const MAX_KEYS = 10;

/** What a page brings the table to. */
export interface PageEnd {
  /** What is safe with it: nothing new where it is left out. */
  readonly reached?: { readonly bookmark: number | null; readonly ahead: TableState['windows'] };
  /** Whether the cycle ends with this page. */
  readonly finished: boolean;
  readonly progress: Progress;
  /** Keys of dead letters whose rows are gone. */
  readonly freed?: readonly string[];
  /** Whether its rows were asked for by ID: none of them is late then. */
  readonly isById?: boolean;
}

const NEVER = () => false;
const NOTHING_FOUND: KnownVersions = { get: () => undefined };

/** A commit under way, in an object, so that a turn can end before it. */
export interface Commit {
  readonly committed: Promise<void>;
}

export class CyclePublisher {
  readonly #work: TableWork;
  readonly #events: Events;
  readonly #startedAt = new Date();
  readonly #number: number;
  readonly #done = { rowsRead: 0, records: 0, deletes: 0, notShown: 0 };

  constructor(work: TableWork, events: Events) {
    this.#work = work;
    this.#events = events;
    this.#number = (work.memory.state.cycle?.number ?? 0) + 1;
  }

  get startedAt(): Date {
    return this.#startedAt;
  }

  get rowsRead(): number {
    return this.#done.rowsRead;
  }

  /** What of a page is to be published; to be asked within the table's turn. */
  async sortOut(
    page: Page,
    met: (key: string) => boolean,
    found: KnownVersions = NOTHING_FOUND,
  ): Promise<Batch> {
    const { source, settings, memory } = this.#work;
    this.#done.rowsRead += page.rows.length;
    const known = found === NOTHING_FOUND ? memory.published : knownOf(this.#work, found);
    const sort = () => sortOut(page, source, known, settings.startDate, met);
    const batch = sort();
    if (batch.versions.length === 0) return batch;
    const isChanged = await source.prepare(batch.versions.map(({ raw }) => raw));
    return isChanged ? sort() : batch;
  }

  /**
   * Hands a page over for publishing; to be called within the table's turn. What follows may build on it at
   * once: a failed commit ends the session.
   */
  commit(
    batch: Batch,
    gone: readonly Tombstone[],
    { reached, finished, progress, freed = [], isById = false }: PageEnd,
    notShown = 0,
  ): Commit {
    const publishedAfter = Date.now();
    const encoded = encode(this.#work.sink, batch, gone, freed);
    const { records, versions, letters, deletes } = encoded;
    const late = isById ? 0 : this.#countLate(versions);
    remember(this.#work, { ...batch, versions }, gone, publishedAfter);
    this.#done.notShown += notShown;
    this.#done.records += versions.length;
    this.#done.deletes += deletes;
    const isNews = records.length > 0 || reached !== undefined || finished;
    const publishing = isNews
      ? this.#publish(records, this.#stateAfter(batch, encoded, reached, finished))
      : null;
    const { bookmark } = this.#work.memory.state;
    const twins = batch.twins.slice(0, MAX_KEYS).map(({ key }) => key);
    const named = twins.length === 0 ? {} : { twins };
    const told = { records: versions.length, deletes, deadLetters: letters, ...named, late, notShown };
    const event = { ...this.#at(), ...told, unknownFields: batch.leftovers, bookmark, progress };
    return { committed: this.#tellAfter(publishing, event) };
  }

  /** In a method of its own, so that the rows of the page are not kept until then. */
  async #tellAfter(publishing: Promise<void> | null, event: EventMap['page:committed']): Promise<void> {
    await publishing;
    this.#events.emit('page:committed', event);
  }

  /** Publishes what was asked for by ID; not to be called within the table's turn. */
  async publishFetched(fetched: Fetched): Promise<void> {
    const { committed } = await withStanding(this.#work, keysOf(this.#work, fetched), async (found) => {
      const batch = await this.sortOut(pageOf(this.#work, fetched), NEVER, found);
      const gone = await tombstonesOf(this.#work, fetched.gone, found);
      const progress = { rows: this.#done.rowsRead, rowsExpected: null, covered: 0, toCover: 0 };
      return this.commit(batch, gone, { finished: true, progress, isById: true });
    });
    await committed;
  }

  /**
   * Publishes the tombstones of rows (or of the children of rows) that are gone, with what that brings the
   * state to; not to be called within the table's turn.
   */
  publishDeletes(ids: readonly string[], reached: Partial<TableState>): Promise<number> {
    const keys = this.#work.source.isChild ? [] : ids;
    return withStanding(this.#work, keys, (found) => this.#publishDeletes(ids, reached, found));
  }

  async #publishDeletes(
    ids: readonly string[],
    reached: Partial<TableState>,
    found: KnownVersions,
  ): Promise<number> {
    const gone = await tombstonesOf(this.#work, ids, found);
    const encoded = encode(this.#work.sink, NOTHING, gone);
    remember(this.#work, NOTHING, gone, Date.now());
    this.#done.deletes += gone.length;
    const state = this.#stateAfter(NOTHING, encoded, undefined, true);
    await this.#publish(encoded.records, { ...state, ...reached });
    return gone.length;
  }

  /** Publishes the state alone, with what happened to the cycle. */
  async note(change: Partial<TableState>): Promise<void> {
    await this.#publish([], { ...this.#work.memory.state, cycle: this.summary(false), ...change });
  }

  summary(finished: boolean): CycleSummary {
    const { records, deletes, notShown } = this.#done;
    const finishedAt = finished ? new Date().toISOString() : null;
    const startedAt = this.#startedAt.toISOString();
    return { number: this.#number, startedAt, finishedAt, records, deletes, notShown };
  }

  #stateAfter(
    batch: Batch,
    encoded: Parameters<typeof advance>[2],
    reached: PageEnd['reached'],
    finished: boolean,
  ): TableState {
    const state = advance(this.#work, batch, encoded, reached?.bookmark ?? null);
    const windows = reached?.ahead ?? state.windows;
    return { ...state, windows, cycle: this.summary(finished), error: finished ? null : state.error };
  }

  #publish(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    return publish(this.#work, this.#events, records, state);
  }

  /** How many lie behind what a search had published for certain. */
  #countLate(versions: readonly NewVersion[]): number {
    const { source, memory } = this.#work;
    const { bookmark } = memory.state;
    if (source.reads === 'whole' || bookmark === null) return 0;
    return versions.filter(({ versionTime }) => versionTime !== null && versionTime < bookmark).length;
  }

  #at() {
    return { connection: this.#work.settings.connection, table: this.#work.source.name };
  }
}
