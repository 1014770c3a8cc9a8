/** How far each table is: the JSON object behind `{connection}/{table}` in the state topic. */

import type { SetAside } from './set-aside.js';

/**
 * An interval of `updated_at`, both ends included, in epoch seconds; `to` null means open: up to the newest
 * row.
 */
export interface Window {
  readonly from: number;
  readonly to: number | null;
}

/** One pass over a table. */
export interface CycleSummary {
  /** Counts the table's cycles from 1. */
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Null while the cycle runs, or when it was cut short. */
  readonly finishedAt: string | null;
  /** Rows published in this cycle. */
  readonly records: number;
  /** Tombstones published in this cycle. */
  readonly deletes: number;
  /** Rows that the API counts and did not show: parts of conversations beyond the newest 500. */
  readonly notShown: number;
}

/** How far a list of deleted rows is processed. */
export interface DeletionMark {
  /** Epoch seconds of the newest deletion that was published. */
  readonly at: number;
  /** The IDs that were deleted in that second. */
  readonly ids: readonly string[];
}

/** The reconcile of a table: compares all IDs, and finds deleted rows that are in no list. */
export interface ReconcileMark {
  /** ISO 8601, UTC: when the next reconcile is due. */
  readonly dueAt: string;
  /**
   * The reconcile under way, or null; `reached`: how far it has compared, as `updated_at` in epoch seconds, or
   * null.
   */
  readonly walk: { readonly reached: number | null } | null;
}

/** The last `resync` of a table: reads it again beside its polls. */
export interface ResyncMark {
  /** The revision of the control topic's record that requested it. */
  readonly revision: number;
  /** Epoch seconds of `updated_at`: older rows are left as they are; null: all rows are read. */
  readonly since: number | null;
  /** Whether each row is published once more, also where nothing has changed. */
  readonly republish: boolean;
  /**
   * `reading`: compares the source with the topic; in a table that is read whole its next complete cycle does.
   * `republishing`: publishes the rows once more that were not published since it began.
   */
  readonly phase: 'reading' | 'republishing' | 'finished' | 'cancelled';
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** When it was complete or cancelled (ISO 8601, UTC). */
  readonly finishedAt: string | null;
  /**
   * The bookmark when it began: in a searched table it finds rows that the topic lacks up to this time (epoch
   * seconds).
   */
  readonly until: number | null;
  /** Epoch seconds of `updated_at` up to which a searched table was compared, or null. */
  readonly reached: number | null;
  /**
   * By partition of the table's topic: the offset behind the last record when it began. A row whose newest
   * record is behind it was published since. Null: not known yet.
   */
  readonly ends: readonly number[] | null;
  /** By partition: the offset up to which rows were published once more; null or missing: none was. */
  readonly offsets: readonly (number | null)[];
  /** New versions of rows that it has published. */
  readonly records: number;
  /** Tombstones that it has published. */
  readonly deletes: number;
  /** Rows that it has published once more. */
  readonly republished: number;
  /** Why it waits before it continues, or null. */
  readonly error: StateError | null;
}

/** What came of a `sync`. */
export interface SyncResult {
  /** The cycle that served it. */
  readonly cycle: CycleSummary | null;
  /** Why that cycle failed; null: it is complete. */
  readonly error: StateError | null;
}

export interface StateError {
  readonly code: string;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** A topic as it was when a state was written: what must still hold for the state to belong to it. */
export interface TopicMark {
  readonly name: string;
  /** Kafka's ID of the topic, new whenever it is created; null where the brokers return none. */
  readonly id: string | null;
  readonly partitions: number;
  /** By partition: the offset up to which its log was written at least. */
  readonly ends: readonly number[];
  /** By partition: the first offset of its log. */
  readonly starts: readonly number[];
}

/** Everything an instance must know to continue where the last one stopped. */
export interface TableState {
  readonly version: 1;
  /**
   * How far the table has been published for certain, in epoch seconds; null for tables without a replication
   * key.
   */
  readonly bookmark: number | null;
  /** Windows finished ahead of the bookmark. */
  readonly windows: readonly { readonly from: number; readonly to: number }[];
  /** Epoch milliseconds of the oldest record in the topic from which recent rows are restored. */
  readonly restoreFrom: number | null;
  /** Null for tables whose source lists no deletions, and before the first cycle. */
  readonly deletions: DeletionMark | null;
  /** Null for tables whose every reading finds what is gone, and before the first cycle. */
  readonly reconcile: ReconcileMark | null;
  /** Epoch milliseconds of the last `reset`: what was published before it is published again. */
  readonly resetAt: number | null;
  /**
   * Broker's time (epoch milliseconds) of the last notification that was processed for this table; null
   * before the first one.
   */
  readonly hintedAt: number | null;
  /** Kafka's ID of the topic of those notifications; null where it is not known. */
  readonly hintsTopicId: string | null;
  /** What can't be read and is retried beside the cycles. */
  readonly setAside: readonly SetAside[];
  readonly cycle: CycleSummary | null;
  /**
   * When the last complete cycle started (ISO 8601, UTC): everything that changed before is published. Null
   * before the first one.
   */
  readonly freshAsOf: string | null;
  /** Rows published since the table's state began. */
  readonly records: number;
  /** Tombstones published since the table's state began. */
  readonly deletes: number;
  /** Dead letters written since the table's state began. */
  readonly deadLetters: number;
  /** Fields and values met that no schema knows, since the table's state began. */
  readonly unknownFields: number;
  /** ISO 8601, UTC: when this state was committed. */
  readonly updatedAt: string;
  readonly error: StateError | null;
  /** Whether an operator has paused its polls and notifications. */
  readonly paused: boolean;
  /** The revision of the control topic's record that this state follows; 0: none. */
  readonly controlRevision: number;
  /** The revision of the last `sync` whose cycle is over. */
  readonly syncRevision: number;
  /** The last `resync` that the owner has accepted; null: none. */
  readonly resync: ResyncMark | null;
  /** What came of that `sync`; null before the first one. */
  readonly syncResult: SyncResult | null;
  /** The topic that the state is about; null in states of version 0.1.0, and behind a `reset`. */
  readonly topic: TopicMark | null;
  /** The topic of its dead letters; null in the same cases. */
  readonly deadLetterTopic: TopicMark | null;
}

/** The state of a table that was never read. */
export function emptyState(): TableState {
  return {
    version: 1,
    bookmark: null,
    windows: [],
    restoreFrom: null,
    deletions: null,
    reconcile: null,
    resetAt: null,
    hintedAt: null,
    hintsTopicId: null,
    setAside: [],
    cycle: null,
    freshAsOf: null,
    records: 0,
    deletes: 0,
    deadLetters: 0,
    unknownFields: 0,
    updatedAt: new Date(0).toISOString(),
    error: null,
    paused: false,
    controlRevision: 0,
    syncRevision: 0,
    resync: null,
    syncResult: null,
    topic: null,
    deadLetterTopic: null,
  };
}

/**
 * The state of a table that begins anew. What its owner has answered to operators stays: a paused table stays
 * paused.
 */
export function stateAnew({ paused, controlRevision, syncRevision, syncResult }: TableState): TableState {
  return { ...emptyState(), paused, controlRevision, syncRevision, syncResult };
}

/**
 * How far behind a table is, in whole seconds at `now` (epoch milliseconds): the age of its last complete
 * cycle. Null before the first one.
 */
export function secondsSince(freshAsOf: string | null, now: number): number | null {
  return freshAsOf === null ? null : Math.max(0, Math.round((now - Date.parse(freshAsOf)) / 1000));
}
