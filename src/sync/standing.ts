/**
 * What stands in the topic of rows that memory does not know: a searched table remembers only what the next
 * windows may bring again.
 */

import type { ComparedVersions, KnownVersions } from './batch.js';
import type { TableWork } from './source.js';

const NOTHING_FOUND: KnownVersions = { get: () => undefined };

/** What the topic has of some keys. */
export interface Standing {
  readonly found: KnownVersions;
  /** Lets memory forget again; to be called once, when what was found is no longer needed. */
  readonly release: () => void;
}

/**
 * What the topic has of those keys that memory does not know; not to be called within the table's turn. Until
 * `release` is called, what is published meanwhile stays in memory, which counts first.
 */
export async function holdStanding(
  { source, sink, memory }: TableWork,
  keys: readonly string[],
): Promise<Standing> {
  const release = memory.published.hold();
  try {
    // Of a table that is read whole memory knows every row.
    const unknown =
      source.reads === 'whole' ? [] : keys.filter((key) => memory.published.get(key) === undefined);
    return { found: unknown.length === 0 ? NOTHING_FOUND : await sink.standing(unknown), release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Does the work within the table's turn, given what the topic has of those keys that memory does not know.
 * The topic is read before the turn begins.
 */
export async function withStanding<T>(
  table: TableWork,
  keys: readonly string[],
  work: (found: KnownVersions) => Promise<T>,
): Promise<T> {
  const { found, release } = await holdStanding(table, keys);
  try {
    return await table.memory.lock.run(() => work(found));
  } finally {
    release();
  }
}

/** Memory first, then what was found in the topic. */
export function knownOf({ memory: { published } }: TableWork, found: KnownVersions): ComparedVersions {
  return { get: (key) => published.get(key) ?? found.get(key), twins: published.twins };
}
