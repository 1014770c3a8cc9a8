/**
 * What a cycle works with: the source is a table bound to its connection's API, the sink is where its changes
 * go.
 */

import type { Change, DeadLetter, OutgoingRecord, RawRow, ShapedRow } from '../model/row.js';
import type { Unread } from '../model/set-aside.js';
import type { TableState, Window } from '../model/state.js';
import type { Deletion, Page, ReplicationMethod } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import type { KnownVersions } from './batch.js';
import type { IdSource, ReconcileScan } from './reconcile.js';
import type { Recovery, RetrySource } from './recovery.js';
import type { ReplacedIds } from './replaced.js';
import type { Resync } from './resync.js';
import type { RowLog } from './row-log.js';
import type { TableLedger } from './table-ledger.js';
import type { Grain } from './windows.js';

/** Which rows are gone, by their keys. */
export interface Confirmed {
  readonly gone: readonly string[];
  readonly unread: readonly Unread[];
}

export interface TableSource {
  readonly name: TableName;
  readonly method: ReplicationMethod;
  readonly reads: 'whole' | 'searched';
  /** Rows in `setAside` need not be requested by their IDs. */
  pull(window: Window, setAside?: ReadonlySet<string>): AsyncIterable<Page>;
  /** How many windows should be read side by side now. */
  windowsAtOnce(): number;
  /**
   * Requests what a first reading needs, so that its rows don't wait for it. What fails here is requested
   * again when it is needed.
   */
  prefetch(): Promise<void>;
  shape(raw: RawRow, fetchedAt: number): ShapedRow;
  /**
   * Makes the schema ready for rows about to be published; true when it changed, so that they must be shaped
   * again.
   */
  prepare(rows: readonly RawRow[]): Promise<boolean>;
  /** Epoch seconds of what decides the row's window: its own time, or its parent's. */
  versionTime(raw: RawRow): number | null;
  /**
   * Whether a row is from before the start date. Such a row is not replicated, unless it was published
   * before.
   */
  isTooOld(raw: RawRow): boolean;
  /** How finely its windows can be split. */
  grain(): Promise<Grain>;
  /**
   * Those of the keys whose rows are really gone, where a reading may miss a row that is still there; and
   * those that can't be checked.
   */
  confirmGone(keys: readonly string[]): Promise<Confirmed>;
  /** The deletions from `since` on (epoch seconds), or null where the API does not list them. */
  deletions: ((since: number) => Promise<readonly Deletion[]>) | null;
  /** Whether a deletion is one of the parent of its rows. */
  readonly isChild?: boolean;
  /**
   * Requests the rows of an ID (for a child table: of a parent's ID); null: it is gone. Left out where rows
   * can't be requested by ID.
   */
  readonly find?: (id: string) => Promise<FoundRows | null>;
  /** The ID by which `find` knows the row. */
  readonly askedAs?: (raw: RawRow) => string;
  /** The rows that others have replaced, where rows say so. */
  readonly replaced?: ReplacedIds;
  /** What reconcile reads from, or null where every reading finds deleted rows. */
  readonly ids: IdSource | null;
  /** What retries of set-aside rows and windows work with. */
  readonly retry: RetrySource;
}

/** The entities that were requested by their IDs: their rows, and which are gone. */
export interface Fetched {
  readonly rows: readonly RawRow[];
  /** IDs of what is gone. */
  readonly gone: readonly string[];
  /** Epoch milliseconds of the latest reply. */
  readonly fetchedAt: number;
  /** Epoch milliseconds at which a row was requested by ID; left out where it was not. */
  readonly askedAt?: ((row: RawRow) => number) | undefined;
}

/** What was requested by an ID. */
export interface FoundRows {
  readonly rows: readonly RawRow[];
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

export interface TableSink {
  /** The log of the table's topic. */
  readonly rowLog: RowLog;
  /**
   * The records that publish a change, and those that delete its dead letter; or why it can't be published.
   */
  encode(change: Change): { readonly records: readonly OutgoingRecord[] } | { readonly reason: string };
  /** The record that keeps what can't be published, or null when it is kept as it is already. */
  toDeadLetter(letter: DeadLetter): OutgoingRecord | null;
  /** The records that delete the dead letters of these keys, where there are any. */
  removeDeadLetters(keys: Iterable<string>): readonly OutgoingRecord[];
  /** The keys that have a dead letter. */
  deadLetterKeys(): Iterable<string>;
  /**
   * The keys of the published rows that a deletion of these IDs deletes: these rows, or, in a child table,
   * their children.
   */
  keysOf(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * The last version in the topic of each of these keys. Reads the topic, which may take minutes: never await
   * it within the table's lock.
   */
  standing(keys: readonly string[]): Promise<KnownVersions>;
  /** Publishes all records and the state, or nothing. */
  commit(records: readonly OutgoingRecord[], state: TableState): Promise<void>;
}

export interface TableSettings {
  readonly connection: string;
  /** Epoch seconds: older records of incremental tables are not replicated. */
  readonly startDate: number;
  /** Seconds that are read again behind the bookmark. */
  readonly lookback: number;
  /** Cron expression of reconcile; null: never. */
  readonly reconcile: string | null;
}

/** What a connection keeps of a table between its cycles. */
export interface TableWork {
  readonly ledger: TableLedger;
  /** What runs beside the cycles. */
  readonly tasks: TableTasks;
}

export interface TableTasks {
  /** The reconcile under way, or null. */
  reconcile: ReconcileScan | null;
  /** The retries of what is set aside, or null. */
  recovery: Recovery | null;
  /** The resync that reads or republishes now, or null. */
  resync: Resync | null;
}
