/**
 * The only writer of a table. It has the table's state, its published rows, and the lock that orders its
 * publications.
 *
 * Cycles, notifications, deletions and retries all publish here. A publication runs within the lock from the
 * comparison with what is published to the hand-over of its records. The commit itself may still be under way
 * when the next one begins: a commit that fails ends the session.
 */

import type { Events, LetterChanges } from '../model/events.js';
import { Lock } from '../model/lock.js';
import { idOf, isNoRow, type OutgoingRecord, type RawRow, type Tombstone } from '../model/row.js';
import { afterRetry, isSame, type SetAside, type Unread, withUnread } from '../model/set-aside.js';
import type { TableState } from '../model/state.js';
import type { Page } from '../model/table.js';
import { type Batch, type KnownVersions, sortOut } from './batch.js';
import { type Encoded, encode } from './encode.js';
import type { PublishedRows, PublishedVersion } from './published.js';
import type { LoggedVersion } from './republish.js';
import type { RowLog } from './row-log.js';
import type { Fetched, TableSettings, TableSink, TableSource } from './source.js';
import { isStateDue, type WrittenState } from './state-writes.js';

/** Where a table stands when a session begins. */
export interface RestoredTable {
  readonly state: TableState;
  /** What Kafka holds of the state. */
  readonly written: WrittenState;
  readonly rows: PublishedRows;
}

/** What is published together. */
export interface Publication {
  /** The rows that were read. */
  readonly page: Page;
  /** Whether earlier pages of the same reading had the key. */
  readonly isMet?: (key: string) => boolean;
  /** IDs of rows that are gone; of a child table: of their parents. */
  readonly gone?: readonly string[];
  /** What the topic has of rows that memory does not know. */
  readonly found?: KnownVersions;
  /** Called within the lock when it is known which rows are new: what the commit brings the table to. */
  complete(batch: Batch): End | Promise<End>;
}

/** What a commit brings the table to. */
export interface End {
  /** Tombstones beside those of `Publication.gone`. */
  readonly tombstones?: readonly Tombstone[];
  /** Keys of dead letters whose rows are gone. */
  readonly freed?: readonly string[];
  /** The new bookmark, in epoch seconds; it never moves back. */
  readonly bookmark?: number | null;
  /** Further changes of the state, given how much the commit holds. */
  change?(held: Held): Partial<TableState>;
  /** Whether a commit without records is worth a state. */
  readonly isNews: boolean;
}

/** How much a commit holds. */
export interface Held {
  readonly records: number;
  readonly deletes: number;
  readonly deadLetters: number;
  /** Rows that are older than the bookmark. */
  readonly late: number;
}

/** A publication that was handed over. */
export interface Commit extends Held {
  /** Null where no dead letter changed. */
  readonly letters: LetterChanges | null;
  readonly batch: Batch;
  /** Resolves when Kafka has it. */
  readonly committed: Promise<void>;
}

/** What the topic has of some keys. */
export interface Standing {
  readonly found: KnownVersions;
  /** Allows memory to forget again; called once, when `found` is no longer needed. */
  readonly release: () => void;
}

/** The keys that are published while something watches. */
export interface KeyWatch {
  readonly keys: ReadonlySet<string>;
  readonly end: () => void;
}

const NEVER = () => false;
const NOTHING_FOUND: KnownVersions = { get: () => undefined };

export class TableLedger {
  readonly source: TableSource;
  readonly settings: TableSettings;
  readonly #sink: TableSink;
  readonly #events: Events;
  /** No other publication may come between the decision what is new and the hand-over of its records. */
  readonly #lock = new Lock();
  readonly #rows: PublishedRows;
  #state: TableState;
  readonly #watches = new Set<Set<string>>();
  /** The last commit that was handed over; it never rejects. */
  #lastCommit: Promise<void> = Promise.resolve();
  /** The state that Kafka holds: `#state` may differ from it in the last cycle. */
  #written: WrittenState;

  constructor(
    of: { source: TableSource; sink: TableSink; settings: TableSettings; events: Events },
    { state, written, rows }: RestoredTable,
  ) {
    this.source = of.source;
    this.settings = of.settings;
    this.#sink = of.sink;
    this.#events = of.events;
    this.#state = state;
    this.#written = written;
    this.#rows = rows;
    rows.twins.restore(this.#sink.deadLetterKeys());
  }

  get state(): TableState {
    return this.#state;
  }

  /** What was published last of a key, as far as memory knows. */
  known(key: string): PublishedVersion | undefined {
    return this.#rows.get(key);
  }

  /** Marks for a reading of the whole table. */
  get marks(): Pick<PublishedRows, 'beginReading' | 'meet' | 'isMet' | 'size'> {
    return this.#rows;
  }

  /**
   * The keys of published rows that the reading of the whole table has not met. Rows that were deleted before
   * `oldest` (epoch milliseconds) are forgotten.
   */
  unmet(oldest: number): string[] {
    return this.#rows.unmet().filter((key) => {
      const { gone = false, updatedAt } = this.#rows.get(key) ?? {};
      if (gone && (updatedAt ?? 0) < oldest) this.#rows.delete(key);
      return !gone;
    });
  }

  /** A cycle begins to read: see `TwinRule`. */
  beginReading(): void {
    this.#rows.twins.beginReading(Date.now());
  }

  /** Whether a row that is shown although it is gone is to be requested by its ID now. */
  shouldCheck(key: string): boolean {
    return this.#rows.shouldCheck(key, Date.now());
  }

  /** The keys of rows that could not be published. */
  deadLetterKeys(): Iterable<string> {
    return this.#sink.deadLetterKeys();
  }

  /**
   * Requests what a first reading needs. Runs within the lock: rows that arrive sooner wait for it. What
   * fails here is requested again when it is needed.
   */
  prefetch(): void {
    void this.#lock.run(() => this.source.prefetch()).catch(() => undefined);
  }

  /** Makes the schema ready for what was learned of the workspace, also where no row was published. */
  async prepare(): Promise<void> {
    await this.#lock.run(() => this.source.prepare([]));
  }

  /**
   * Publishes what is new among the rows, with the tombstones of what is gone, or nothing. A function is
   * called within the lock.
   */
  publish(publication: Publication | (() => Publication)): Promise<Commit> {
    return this.#lock.run(() =>
      this.#publish(typeof publication === 'function' ? publication() : publication),
    );
  }

  /** The same, but first reads what the topic has of these keys, which may take minutes. */
  async publishKnowing(keys: readonly string[], publication: Omit<Publication, 'found'>): Promise<Commit> {
    const { found, release } = await this.holdStanding(keys);
    try {
      return await this.publish({ ...publication, found });
    } finally {
      release();
    }
  }

  async #publish({ page, isMet = NEVER, gone = [], found, complete }: Publication): Promise<Commit> {
    const batch = await this.#sortOut(page, isMet, found ?? NOTHING_FOUND);
    const listed = await this.#tombstonesOf(gone, found ?? NOTHING_FOUND);
    const { tombstones = [], freed = [], bookmark = null, change, isNews } = await complete(batch);
    const all = [...listed, ...tombstones];
    const encoded = encode(this.#sink, batch, all, freed);
    const late = this.#rows.countLate(encoded.versions, this.#state.bookmark);
    this.#remember(batch, encoded, all);
    const { records, versions, deadLetters, deletes, letters } = encoded;
    const held = { records: versions.length, deletes, deadLetters, late };
    this.#state = { ...this.#advanced(batch, encoded, bookmark), ...change?.(held) };
    const isDue = records.length > 0 || (isNews && isStateDue(this.#written, this.#state, Date.now()));
    const committed = isDue ? this.#write(records) : Promise.resolve();
    return { ...held, letters, batch, committed };
  }

  /** Changes the state in memory; the next commit carries it. */
  change(change: Partial<TableState>): void {
    this.#state = { ...this.#state, ...change };
  }

  /** Changes the state, and publishes it when that is due. A function is called within the lock. */
  async record(change: Partial<TableState> | (() => Partial<TableState>)): Promise<void> {
    await this.#lock.run(async () => {
      this.change(typeof change === 'function' ? change() : change);
      if (isStateDue(this.#written, this.#state, Date.now())) await this.#write([]);
    });
  }

  /** Publishes the state where Kafka holds an older one; a session calls it last. */
  async recordLast(): Promise<void> {
    await this.#lock.run(async () => {
      const { state } = this.#written;
      if (state !== null && state !== this.#state) await this.#write([]);
    });
  }

  /** The log of the table's topic. */
  get rowLog(): RowLog {
    return this.#sink.rowLog;
  }

  /** Collects the keys that are published from now on. Resolves when Kafka has all that was published before. */
  async watchKeys(): Promise<KeyWatch> {
    const keys = new Set<string>();
    const begin = async () => {
      this.#watches.add(keys);
      return { before: this.#lastCommit };
    };
    const { before } = await this.#lock.run(begin);
    await before;
    return { keys, end: () => void this.#watches.delete(keys) };
  }

  /**
   * Publishes versions once more that the topic has last of their keys, but for the keys in `newer`: these have
   * another last version by now. `change` is called within the lock with the number of records. It gives what
   * changes in the state, or null: then nothing is published. Resolves with that number when Kafka has them.
   */
  async republish(
    versions: readonly LoggedVersion[],
    newer: ReadonlySet<string>,
    change: (records: number) => Partial<TableState> | null,
  ): Promise<number> {
    const { records, committed } = await this.#lock.run(async () => {
      const all = versions.flatMap(({ key, record }) => (newer.has(key) ? [] : record));
      const changed = change(all.length);
      if (changed === null) return { records: 0, committed: Promise.resolve() };
      this.change(changed);
      return { records: all.length, committed: this.#write(all) };
    });
    await committed;
    return records;
  }

  /**
   * Sets aside what could not be read; the next commit makes it durable. Throws the failure when the list is
   * full.
   */
  setAside(unread: readonly Unread[]): void {
    if (unread.length === 0) return;
    const before = this.#state.setAside;
    this.#changeSetAside(withUnread(before, unread, Date.now()));
    const added = this.#state.setAside.filter((entry) => !before.some((known) => isSame(known, entry)));
    for (const entry of added) this.#events.emit('set-aside:added', { ...this.at, entry });
  }

  /** An entry was retried; `unread` is what is left of it. */
  retried(entry: SetAside, unread: readonly Unread[]): void {
    this.#changeSetAside(afterRetry(this.#state.setAside, entry, unread, Date.now()));
    if (unread.length === 0) this.#events.emit('set-aside:recovered', { ...this.at, entry });
  }

  #changeSetAside(setAside: readonly SetAside[]): void {
    this.change({ setAside });
    this.#events.emit('set-aside:changed', { ...this.at, entries: setAside });
  }

  /**
   * What the topic has of those keys that memory does not know; may take minutes, so never within `complete`.
   * Until `release` is called, what is published meanwhile stays in memory, which counts first.
   */
  async holdStanding(keys: readonly string[]): Promise<Standing> {
    const release = this.#rows.hold();
    try {
      const unknown = this.#rows.unknownOf(keys);
      return { found: unknown.length === 0 ? NOTHING_FOUND : await this.#sink.standing(unknown), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Those of the IDs whose rows are published. One reading of the topic covers all of them. */
  async published(ids: readonly string[]): Promise<string[]> {
    const { found, release } = await this.holdStanding(ids);
    const published = ids.filter((id) => {
      const version = this.#rows.get(id) ?? found.get(id);
      return version !== undefined && version.gone !== true;
    });
    release();
    return published;
  }

  /** The keys of what was fetched, as far as the topic may know them. */
  keysOf({ rows, gone }: Pick<Fetched, 'rows' | 'gone'>): string[] {
    // The children of what is gone are read from the topic in any case.
    return [...rows.filter((row) => !isNoRow(row)).map(idOf), ...(this.source.isChild ? [] : gone)];
  }

  /** The rows as a page, without unknown ones from before the start date. */
  pageOf({ rows, fetchedAt, askedAt }: Omit<Fetched, 'gone'>): Page {
    const isReplicated = (row: RawRow) =>
      !this.source.isTooOld(row) || this.#rows.get(idOf(row)) !== undefined;
    const page = { rows: rows.filter(isReplicated), total: null, newest: null, last: false, fetchedAt };
    return askedAt === undefined ? page : { ...page, askedAt };
  }

  /**
   * Splits what was fetched: `known` can be compared with memory, `beyond` needs a reading of the topic. The
   * latter are rows that are older than what memory holds, and unknown IDs that are gone.
   */
  divide(fetched: Fetched): { readonly known: Fetched; readonly beyond: Fetched | null } {
    const { bookmark } = this.#state;
    const floor = bookmark === null ? null : bookmark - this.settings.lookback;
    const isNear = (row: RawRow) => floor === null || (this.source.versionTime(row) ?? floor) >= floor;
    const { rows } = this.pageOf(fetched);
    // An element that is no row has no key: it becomes a dead letter in any case.
    const distant = rows.filter((row) => !isNear(row) && !isNoRow(row));
    const far = new Set(this.#rows.unknownOf(distant.map(idOf)));
    const farGone = new Set(this.source.isChild ? [] : this.#rows.unknownOf(fetched.gone));
    const isFar = (row: RawRow) => distant.includes(row) && far.has(idOf(row));
    const beyond = {
      ...fetched,
      rows: rows.filter(isFar),
      gone: fetched.gone.filter((id) => farGone.has(id)),
    };
    const known = {
      ...fetched,
      rows: rows.filter((row) => !isFar(row)),
      gone: fetched.gone.filter((id) => !farGone.has(id)),
    };
    return { known, beyond: beyond.rows.length + beyond.gone.length === 0 ? null : beyond };
  }

  /** What events of this table begin with. */
  get at() {
    return { connection: this.settings.connection, table: this.source.name };
  }

  async #sortOut(page: Page, isMet: (key: string) => boolean, found: KnownVersions): Promise<Batch> {
    const { twins } = this.#rows;
    const compared = { get: (key: string) => this.#rows.get(key) ?? found.get(key), twins };
    const sort = () => sortOut(page, this.source, compared, isMet);
    const batch = sort();
    if (batch.versions.length === 0) return batch;
    const isChanged = await this.source.prepare(batch.versions.map(({ raw }) => raw));
    return isChanged ? sort() : batch;
  }

  /** The tombstones of those rows, or of the children of those rows, that stand in the topic. */
  async #tombstonesOf(ids: readonly string[], found: KnownVersions): Promise<Tombstone[]> {
    const keys = ids.length === 0 ? [] : await this.#sink.keysOf(ids);
    const fetchedAt = Date.now();
    const isThere = (key: string) => {
      const known = this.#rows.get(key) ?? found.get(key);
      // Children were found in the topic. A list, reconcile and a notification may find the same one.
      return known === undefined ? this.source.isChild === true : known.gone !== true;
    };
    return keys.filter(isThere).map((key) => ({ op: 'delete', key, fetchedAt }));
  }

  #remember({ unchanged }: Batch, { versions }: Encoded, gone: readonly Tombstone[]): void {
    const publishedAfter = Date.now();
    for (const { row, versionTime } of versions) {
      const { key, hash, updatedAt } = row;
      this.#rows.set(key, { hash, updatedAt, versionTime, publishedAfter });
    }
    // An unchanged row may be read again for as long as its current time decides, not the time when it was
    // published.
    for (const { key, versionTime } of unchanged) this.#rows.refresh(key, versionTime);
    for (const { key, fetchedAt } of gone) this.#rows.deleted(key, fetchedAt);
    for (const keys of this.#watches) {
      for (const { row } of versions) keys.add(row.key);
      for (const { key } of gone) keys.add(key);
    }
  }

  #advanced(
    { leftovers }: Batch,
    { versions, deadLetters, deletes }: Encoded,
    bookmark: number | null,
  ): TableState {
    const state = this.#state;
    const reached = latest(state.bookmark, bookmark);
    if (reached !== null && reached !== state.bookmark)
      this.#rows.moveFloor(reached - this.settings.lookback);
    const unknown = [...leftovers.values()].reduce((sum, count) => sum + count, 0);
    return {
      ...state,
      bookmark: reached,
      restoreFrom: this.#rows.restoreFrom(),
      records: state.records + versions.length,
      deletes: state.deletes + deletes,
      deadLetters: state.deadLetters + deadLetters,
      unknownFields: state.unknownFields + unknown,
      updatedAt: new Date().toISOString(),
    };
  }

  async #write(records: readonly OutgoingRecord[]): Promise<void> {
    const startedAt = performance.now();
    const state = this.#state;
    this.#written = { state, at: Date.now() };
    const commit = this.#sink.commit(records, state);
    // A commit that fails ends the session, and with it what waits for the last one.
    this.#lastCommit = commit.catch(() => undefined);
    await commit;
    const bytes = records.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
    const ms = performance.now() - startedAt;
    this.#events.emit('transaction:committed', { ...this.at, records: records.length, bytes, ms });
  }
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
