/** The log of a table's topic, as a resync publishes its rows once more. */

import type { OutgoingRecord } from '../model/row.js';

/** A record of the topic. */
export interface LoggedRow {
  readonly key: string;
  readonly partition: number;
  readonly offset: number;
  /** The record that publishes the same version once more; null: a tombstone, or more than the topic takes now. */
  again(): OutgoingRecord | null;
  /** Epoch seconds of what decides its window: its own `updated_at`, or its parent's; null where it has none. */
  versionTime(): number | null;
}

/** By partition: the next offset to read; null or missing: the first one of the log. */
export type Offsets = readonly (number | null)[];

export interface RowLog {
  /** By partition: the offset behind the last record. */
  ends(): Promise<readonly number[]>;
  /**
   * The records from these offsets on that were committed before the call, in offset order within each
   * partition. `isTimed`: their times are needed. Rejects with `stopped` when the signal aborts.
   */
  read(
    from: Offsets,
    of: { readonly isTimed: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<readonly LoggedRow[]>;
}
