/** The records of a commit. */

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
}

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
  const deadLetters = letters.flatMap((letter) => sink.toDeadLetter(letter) ?? []);
  records.push(...deadLetters);
  return { records, versions, deadLetters: deadLetters.length, deletes: gone.length };
}

/** The keys of the dead letters that these versions have if they were held back before. */
function twinsIn(sink: TableSink, versions: readonly NewVersion[]): string[] {
  const [any] = sink.deadLetterKeys();
  return any === undefined ? [] : versions.map(({ row }) => twinKey(row.key, row.hash));
}
