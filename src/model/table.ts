/** What a table is, independent of how it is read and published. */

import type { Entity } from './hint.js';
import type { RawRow } from './row.js';
import type { Unread } from './set-aside.js';
import type { Window } from './state.js';
import type { TableName } from './table-names.js';

export type ReplicationMethod = 'incremental' | 'full_table';

/** The column that identifies a row. */
export type KeyName = 'id' | '_sdc_record_hash';

/** A piece of what the API returned, small enough to be published in one transaction. */
export interface Page {
  readonly rows: readonly RawRow[];
  /** Rows of the whole result as the API counts them, or null when it does not say. */
  readonly total: number | null;
  /** Rows that the API counts and does not show (older parts of a long conversation). */
  readonly notShown?: number;
  /**
   * The greatest `updated_at` among the rows read so far, in epoch seconds; rows of the future do not count.
   */
  readonly newest: number | null;
  /**
   * Seconds from one row of this page to the next, on average; left out where the order newest first is not
   * certain.
   */
  readonly pace?: number;
  /** True on the last page: everything in the window (or the table) has been read. */
  readonly last: boolean;
  /** Epoch milliseconds at which the reply arrived. */
  readonly fetchedAt: number;
  /** What could not be read, and is to be set aside; the page and those behind it lack it. */
  readonly unread?: readonly Unread[];
  /** The number of single requests that were sent for rows of this page. */
  readonly asked?: number;
  /**
   * Called when a page of a searched table was accepted for publishing: it is published then, or the session
   * ends.
   */
  readonly onAccepted?: () => void;
  /**
   * When a row was requested by its ID (epoch milliseconds): such a row exists, whatever was known before.
   */
  readonly askedAt?: (row: RawRow) => number;
}

/** A row that another one has replaced: a contact that was merged into it. */
export interface Replaced {
  readonly id: string;
  /** Epoch seconds, or null where the API does not say. */
  readonly at: number | null;
}

/** One entry of a list of deleted rows. */
export interface Deletion {
  /** The row's ID, or that of the row whose child this table holds. */
  readonly id: string;
  /** Epoch seconds. */
  readonly at: number;
}

/** What every table has: data plus one generator. */
interface TableBase<Api> {
  readonly name: TableName;
  readonly method: ReplicationMethod;
  readonly key: KeyName;
  /** The column that a bookmark counts by; `updated_at` where it is left out. */
  readonly replicationKey?: string;
  /**
   * Sends the least from whose answer it is known whether the app may read the table, as a rule one request
   * for a page of one row. Throws what the API answers.
   */
  probe(api: Api): Promise<unknown>;
  /**
   * Whether the API has no row of this ID any more; for a child table: no parent. Asked before a row that a
   * reading did not bring is called deleted; left out where a reading can't miss a row.
   */
  isGone?(api: Api, id: string): Promise<boolean>;
  /** The entity of notifications that this table has rows of, and those rows in its detail. */
  readonly hinted?: { readonly entity: Entity; rows(detail: RawRow): readonly RawRow[] };
  /** The definitions of the custom attributes that its rows have, as the API lists them. */
  customAttributes?(api: Api): Promise<readonly RawRow[]>;
}

/** A table that each cycle reads completely, so that what is missing has been deleted. */
export interface WholeTable<Api> extends TableBase<Api> {
  readonly reads: 'whole';
  pull(api: Api): AsyncIterable<Page>;
  /** Some sample rows, where pulling a few would disturb a publisher at work. */
  sample?(api: Api, rows: number): AsyncIterable<Page>;
}

/**
 * A table that is read by windows of `updated_at`. Its pages may come in any order, and only after the last
 * one is the window known to be complete.
 */
export interface SearchedTable<Api> extends TableBase<Api> {
  readonly reads: 'searched';
  /** The finest interval that the API's filter can distinguish. */
  readonly grain: 'second' | 'day';
  /**
   * Windows that are read side by side: fewer than usual where reading one has many requests under way by
   * itself.
   */
  readonly windowsAtOnce?: number;
  /** Reads the window. Rows in `setAside` need not be requested by their IDs. */
  pull(api: Api, window: Window, setAside?: ReadonlySet<string>): AsyncIterable<Page>;
  /**
   * The pull function of one session, in place of `pull`: it need not read again what earlier calls have
   * read. `lookback` in seconds.
   */
  polling?(
    api: Api,
    lookback: number,
  ): (window: Window, setAside?: ReadonlySet<string>) => AsyncIterable<Page>;
  /**
   * The IDs of a window (rows with `id` and `updated_at`, as cheap as can be); for a child table those of the
   * parents.
   */
  ids?(api: Api, window: Window): AsyncIterable<Page>;
  /** The rows that this one has replaced, as far as it says. */
  replaces?(row: RawRow): readonly Replaced[];
  /** The row of an ID search in the form that `pull` gives it; left out where both are the same. */
  complete?(api: Api, row: RawRow): Promise<RawRow>;
  /** The deletions from `since` on (epoch seconds), where the API lists them. */
  deletions?(api: Api, since: number): Promise<readonly Deletion[]>;
  /**
   * For a child table: the fields of its published rows that name their parent and its `updated_at`. A
   * deletion is one of the parent, then.
   */
  readonly parent?: { readonly id: string; readonly updatedAt: string };
  /**
   * The time that decides to which window a row belongs, as Intercom sends it (epoch seconds): its own
   * `updated_at` where this is left out, or its parent's.
   */
  versionTime?(row: RawRow): unknown;
}

/** One replicated entity. */
export type Table<Api> = WholeTable<Api> | SearchedTable<Api>;

export function whole<Api>(table: Omit<WholeTable<Api>, 'reads'>): WholeTable<Api> {
  return { ...table, reads: 'whole' };
}

export function searched<Api>(table: Omit<SearchedTable<Api>, 'reads'>): SearchedTable<Api> {
  return { ...table, reads: 'searched' };
}

/** The table where it is a searched one, or null. */
export function asSearched<Api>(table: Table<Api>): SearchedTable<Api> | null {
  return table.reads === 'searched' ? table : null;
}

/** The column that an incremental table's bookmark counts by; null for full tables. */
export function replicationKeyOf({
  method,
  replicationKey = 'updated_at',
}: Pick<TableBase<never>, 'method' | 'replicationKey'>): string | null {
  return method === 'incremental' ? replicationKey : null;
}
