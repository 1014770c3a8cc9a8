/**
 * What stands in the topic of rows that memory does not know: a searched table remembers only what the next windows may bring again.
 */

import type { KnownVersions } from './batch.js';
import type { TableWork } from './source.js';

const NOTHING_FOUND: KnownVersions = { get: () => undefined };

/**
 * Does the work within the table's turn, given what the topic has of those keys that memory does not know. The topic is read before the
 * turn begins; what is published meanwhile stays in memory, which counts first.
 */
export async function withStanding<T>(
  { source, sink, memory }: TableWork,
  keys: readonly string[],
  work: (found: KnownVersions) => Promise<T>,
): Promise<T> {
  const release = memory.published.hold();
  try {
    // Of a table that is read whole memory knows every row.
    const unknown =
      source.reads === 'whole' ? [] : keys.filter((key) => memory.published.get(key) === undefined);
    const found = unknown.length === 0 ? NOTHING_FOUND : await sink.standing(unknown);
    return await memory.turns.take(() => work(found));
  } finally {
    release();
  }
}

/** Memory first, then what was found in the topic. */
export function knownOf({ memory: { published } }: TableWork, found: KnownVersions): KnownVersions {
  return { get: (key) => published.get(key) ?? found.get(key) };
}
