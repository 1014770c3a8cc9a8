/** A topic as a model: what was committed to it, in its order. */

import { PublisherError } from '../../../src/model/errors.js';
import type { Change, OutgoingRecord } from '../../../src/model/row.js';
import type { PublishedVersion } from '../../../src/sync/published.js';
import type { RowLog } from '../../../src/sync/row-log.js';
import type { TableSink } from '../../../src/sync/source.js';

export interface Logged<Row> {
  readonly key: string;
  /** Null is a tombstone. */
  readonly row: Row | null;
}

/** What a log has last of some keys. */
export function standingIn<Row>(
  log: readonly Logged<Row>[],
  keys: readonly string[],
  hashOf: (row: Row) => string,
): Map<string, PublishedVersion> {
  const versions = new Map<string, PublishedVersion>();
  const at = { updatedAt: null, versionTime: null, publishedAfter: 0 };
  for (const { key, row } of log) {
    if (!keys.includes(key)) continue;
    versions.set(key, row === null ? { ...at, hash: '', gone: true } : { ...at, hash: hashOf(row) });
  }
  return versions;
}

/** A log in one partition, as a resync reads it; what is not committed until now is behind its end. */
export function rowLogOf(
  log: () => readonly Logged<unknown>[],
  updatedAt: (row: never) => number | null,
): RowLog {
  return {
    ends: async () => [log().length],
    async *read([from], { signal }) {
      const end = log().length;
      for (let offset = from ?? 0; offset < end; offset += 1) {
        if (signal.aborted) throw new PublisherError('stopped', 'stopped');
        const { key, row } = log()[offset] ?? { key: '', row: null };
        const value = Buffer.from(JSON.stringify(row));
        const again = () => (row === null ? null : { topic: 'rows', key: Buffer.from(key), value });
        yield [{ key, partition: 0, offset, again, versionTime: () => updatedAt(row as never) }];
      }
    },
  };
}

/** What the sink of a table without dead letters does with rows; its keys are their IDs. */
export class PlainRows {
  encode(change: Change): { records: readonly OutgoingRecord[] } {
    const value = change.op === 'delete' ? null : change.bytes;
    return { records: [{ topic: 'rows', key: Buffer.from(change.key), value }] };
  }

  toDeadLetter(): never {
    throw new Error('every row of a model has a key');
  }

  removeDeadLetters(): readonly OutgoingRecord[] {
    return [];
  }

  deadLetterKeys(): Iterable<string> {
    return [];
  }

  async keysOf(ids: readonly string[]): Promise<readonly string[]> {
    return ids;
  }
}

export class TopicModel<Row> extends PlainRows implements TableSink {
  readonly log: Logged<Row>[] = [];
  readonly rowLog = rowLogOf(
    () => this.log,
    ({ updated_at = null }: { updated_at?: number | null }) => updated_at,
  );

  async standing(keys: readonly string[]): Promise<ReadonlyMap<string, PublishedVersion>> {
    return standingIn(this.log, keys, (row) => JSON.stringify(row));
  }

  async commit(records: readonly OutgoingRecord[]): Promise<void> {
    for (const { key, value } of records)
      this.log.push({ key: key.toString(), row: value === null ? null : JSON.parse(value.toString()) });
  }

  /** The rows that stand in the topic, by key. */
  get rows(): ReadonlyMap<string, Row> {
    const rows = new Map<string, Row>();
    for (const { key, row } of this.log) {
      if (row === null) rows.delete(key);
      else rows.set(key, row);
    }
    return rows;
  }
}
