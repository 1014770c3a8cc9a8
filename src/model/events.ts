/**
 * The events of the pipe, for its observers: log, metrics, progress, status page.
 *
 * A listener learns and can't change anything: what it throws is dropped, and it is never waited for. No
 * event carries a row, a token or a reply.
 */

import type { PublisherError } from './errors.js';
import type { SetAside } from './set-aside.js';
import type { CycleSummary, ResyncMark, TableState, Window } from './state.js';
import type { TableName } from './table-names.js';

export interface AtConnection {
  readonly connection: string;
}

export interface AtTable extends AtConnection {
  readonly table: TableName;
}

/** How far a table's cycle has come. */
export interface Progress {
  /** Rows read so far, published or not. */
  readonly rows: number;
  /** Rows that the API counts in what is being read, or null when it does not say. */
  readonly rowsExpected: number | null;
  /** Seconds of `updated_at` read so far and to read in all; both 0 for tables that are read whole. */
  readonly covered: number;
  readonly toCover: number;
}

/** A connection's share in the request budget. */
export interface BudgetUse {
  /** Requests sent in the current window, and what the API grants in one, once known. */
  readonly used: number;
  readonly limit: number | null;
  /** Milliseconds that requests have waited for it since the session began. */
  readonly waitedMs: number;
}

/** What observers learn of each attempt. No payload, no token. */
export interface ApiAttempt {
  readonly method: string;
  readonly route: string;
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly ms: number;
  /** Why the attempt failed, or null. */
  readonly error: string | null;
  /** Milliseconds until the next attempt, or null when there is none. */
  readonly retryInMs: number | null;
  readonly budget: BudgetUse;
}

/** How the dead letters of a table changed with a commit. */
export interface LetterChanges {
  /** Keys and reasons of those that were written: the last ones. */
  readonly written: readonly { readonly key: string; readonly reason: string }[];
  /** Keys of those that were removed. */
  readonly removed: readonly string[];
}

export interface EventMap {
  /**
   * The connections that this instance serves from now on; those that it served before and are not named are
   * served elsewhere.
   */
  'instance:assigned': { readonly connections: readonly string[] };
  /** The state topic was read on to its end, for one connection or several. */
  'states:read': { readonly records: number; readonly ms: number };
  /** The connection has one of the places for beginning, and is restored. */
  'connection:opening': AtConnection;
  'api:attempt': AtConnection & ApiAttempt;
  /** Its tables have been restored, these and no others. */
  'connection:owned': AtConnection & { readonly tables: readonly TableName[] };
  /** The session has ended; another one may follow. */
  'connection:released': AtConnection;
  /** `isKnown`: it failed so before, and no cycle succeeded since. */
  'connection:failed': AtConnection & {
    readonly error: PublisherError;
    readonly retryInMs: number | null;
    readonly isKnown?: boolean;
  };
  'cycle:started': AtConnection & { readonly tables: readonly TableName[] };
  'cycle:finished': AtConnection & { readonly ms: number; readonly failed: number };
  /** Where the table stood when the session began. */
  'table:restored': AtTable & { readonly state: TableState };
  'table:started': AtTable;
  'page:committed': AtTable & {
    readonly records: number;
    readonly deletes: number;
    readonly deadLetters: number;
    /** Left out where none changed. */
    readonly letters?: LetterChanges;
    /** Keys of rows that share theirs with a published one: the first of them. */
    readonly twins?: readonly string[];
    /** Rows among the records that are older than the bookmark: the search showed them late. */
    readonly late: number;
    /** Rows that the API counts and did not show. */
    readonly notShown: number;
    /** Paths of what went to `_extra`, with how often. */
    readonly unknownFields: ReadonlyMap<string, number>;
    readonly bookmark: number | null;
    readonly progress: Progress;
  };
  /** Tombstones of rows that a list of deletions or reconcile found deleted. */
  'deletions:committed': AtTable & { readonly deletes: number };
  /** Rows of notifications were published. */
  'hints:committed': AtTable & {
    readonly records: number;
    readonly deletes: number;
    readonly deadLetters: number;
    /** Left out where none changed. */
    readonly letters?: LetterChanges;
    readonly unknownFields: ReadonlyMap<string, number>;
  };
  /** A notification was answered with this status. */
  'webhook:answered': AtConnection & {
    readonly topic: string | null;
    readonly status: number;
    readonly ms: number;
  };
  /**
   * A transaction, with the table's state in it; `ms` counts from the hand-over, so it includes the time in
   * the queue.
   */
  'transaction:committed': AtTable & {
    readonly records: number;
    /** Of keys and values, before compression. */
    readonly bytes: number;
    readonly ms: number;
  };
  'window:repeated': AtTable & { readonly window: Window; readonly attempt: number };
  'table:finished': AtTable & {
    readonly summary: CycleSummary;
    readonly bookmark: number | null;
    readonly ms: number;
    readonly rowsRead: number;
  };
  /** A row or a window can't be read, and is retried beside the cycles from now on. */
  'set-aside:added': AtTable & { readonly entry: SetAside };
  /** It could be read, or is gone. */
  'set-aside:recovered': AtTable & { readonly entry: SetAside };
  /** Everything that a table has set aside, whenever that changed. */
  'set-aside:changed': AtTable & { readonly entries: readonly SetAside[] };
  /** An operator has paused a table, or resumed it. */
  'table:paused': AtTable & { readonly isPaused: boolean };
  /** A reconcile has finished. */
  'table:reconciled': AtTable & { readonly deletes: number };
  /** A resync has begun, is further, waits after a failure (`resync.error`), or has ended. */
  'resync:changed': AtTable & {
    readonly what: 'started' | 'progress' | 'waiting' | 'finished' | 'cancelled';
    readonly resync: ResyncMark;
  };
  /** A resync has published rows. */
  'resync:committed': AtTable & {
    readonly records: number;
    readonly deletes: number;
    readonly deadLetters: number;
    readonly unknownFields: ReadonlyMap<string, number>;
    readonly letters?: LetterChanges;
    /** Rows that it has published once more as they were. */
    readonly republished: number;
  };
  'table:failed': AtTable & { readonly error: PublisherError };
  /**
   * The instances of the group were compared. The message says what they differ in, null that they agree; an
   * instance that is not admitted is given no connections.
   */
  'group:compared': { readonly isAdmitted: boolean; readonly message: string | null };
  /** Readings of a topic wait for the reason that the message names. */
  'reading:waiting': { readonly key: string; readonly topic: string; readonly message: string };
  /** No reading waits for what `key` names any more; the message, if any, says why. */
  'reading:resumed': { readonly key: string; readonly topic: string; readonly message: string | null };
  warning: { readonly connection?: string; readonly message: string };
  /** A listener of the event `name` threw an error. */
  'listener:failed': { readonly name: string; readonly error: unknown };
}

export type EventName = keyof EventMap;
type Listener<N extends EventName> = (event: EventMap[N]) => void;

export class Events {
  readonly #listeners = new Map<EventName, Listener<never>[]>();

  on<N extends EventName>(name: N, listener: Listener<N>): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  /** Removes a listener that `on` added. */
  off<N extends EventName>(name: N, listener: Listener<N>): void {
    this.#listeners.set(
      name,
      (this.#listeners.get(name) ?? []).filter((each) => each !== listener),
    );
  }

  /**
   * Calls the listeners in the order in which they were added. An error of one is an event itself, and stops
   * nothing.
   */
  emit<N extends EventName>(name: N, event: EventMap[N]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as Listener<N>)(event);
      } catch (error) {
        if (name !== 'listener:failed') this.emit('listener:failed', { name, error });
      }
    }
  }
}
