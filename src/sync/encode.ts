/** The records of a commit. */

import type { LetterChanges } from '../model/events.js';
import type { DeadLetter, OutgoingRecord, Tombstone } from '../model/row.js';
import type { Batch, NewVersion } from './batch.js';
import type { TableSink } from './source.js';
import { twinKey } from './twins.js';

/**
 * What a commit holds. `versions` are those that could be encoded; for the others the topic keeps the last
 * version.
 */
export interface Encoded {
  readonly records: readonly OutgoingRecord[];
  readonly versions: readonly NewVersion[];
  readonly deadLetters: number;
  readonly deletes: number;
  /** Null where none changed. */
  readonly letters: LetterChanges | null;
}

/** Dead letters whose reasons an event names, at most. */
const MAX_REASONS = 20;

/** The records of a batch and of tombstones; `freed` are keys of dead letters whose rows are gone. */
export function encode(
  sink: TableSink,
  batch: Batch,
  gone: readonly Tombstone[],
  freed: readonly string[],
): Encoded {
  const records: OutgoingRecord[] = [];
  const versions: NewVersion[] = [];
  const letters: DeadLetter[] = [...batch.letters, ...batch.twins];
  const standing = [...sink.deadLetterKeys()];
  for (const version of batch.versions) {
    const encoded = sink.encode(version.row);
    if ('records' in encoded) {
      records.push(...encoded.records);
      versions.push(version);
    } else {
      const { key, fetchedAt } = version.row;
      letters.push({ key, reason: encoded.reason, raw: version.redacted(), fetchedAt });
    }
  }
  for (const change of gone) {
    const encoded = sink.encode(change);
    if ('records' in encoded) records.push(...encoded.records);
  }
  const unchanged = batch.unchanged.map(({ key }) => key);
  records.push(...sink.removeDeadLetters([...unchanged, ...freed, ...twinsIn(sink, versions)]));
  const removed = removedFrom(sink, standing);
  const written = letters.flatMap((letter) => {
    const record = sink.toDeadLetter(letter);
    return record === null ? [] : [{ letter, record }];
  });
  records.push(...written.map(({ record }) => record));
  const named = written.slice(-MAX_REASONS).map(({ letter: { key, reason } }) => ({ key, reason }));
  const changed = named.length + removed.length > 0 ? { written: named, removed } : null;
  const counts = { deadLetters: written.length, deletes: gone.length };
  return { records, versions, ...counts, letters: changed };
}

/** The keys that have no dead letter any more. */
function removedFrom(sink: TableSink, before: readonly string[]): string[] {
  if (before.length === 0) return [];
  const now = new Set(sink.deadLetterKeys());
  return now.size === before.length ? [] : before.filter((key) => !now.has(key));
}

/** The keys of the dead letters that these versions have if they were held back before. */
function twinsIn(sink: TableSink, versions: readonly NewVersion[]): string[] {
  const [any] = sink.deadLetterKeys();
  return any === undefined ? [] : versions.map(({ row }) => twinKey(row.key, row.hash));
}
