/** What of a page is to be published: pure, given what was published before. */

import type { DeadLetter, RawRow, Upsert } from '../model/row.js';
import type { Page } from '../model/table.js';
import { type ComparableVersion, judge, type PublishedVersion } from './published.js';
import type { TableSource } from './source.js';

/** A version to publish, with what decides its window (epoch seconds) and the row it was made of. */
export interface NewVersion {
  readonly row: Upsert;
  readonly versionTime: number | null;
  readonly raw: RawRow;
}

export interface Batch {
  /** In the order of the page; of one key only versions that follow each other. */
  readonly versions: readonly NewVersion[];
  /** Rows without a usable key. */
  readonly letters: readonly DeadLetter[];
  /** Every key met, whatever became of its row. */
  readonly met: ReadonlySet<string>;
  /** Rows that are as they were published, with what decides their window now. */
  readonly unchanged: readonly { readonly key: string; readonly versionTime: number | null }[];
  /** Rows that are shown although they are gone, as they came. */
  readonly returned: readonly { readonly key: string; readonly raw: RawRow }[];
  /** Paths of what went to `_extra`, with how often. */
  readonly leftovers: ReadonlyMap<string, number>;
}

/** What is known to be in the topic, by key. */
export interface KnownVersions {
  get(key: string): PublishedVersion | undefined;
}

/**
 * Sorts the rows of a page. `startDate` is in epoch seconds; `metBefore` tells the keys that earlier pages of the same reading had.
 * Of several rows of one key in a reading of a whole table the first counts, unless a later one is newer: a key that two
 * rows share would else be published anew in each cycle.
 */
export function sortOut(
  page: Page,
  source: TableSource,
  published: KnownVersions,
  startDate: number,
  metBefore: (key: string) => boolean,
): Batch {
  const versions: NewVersion[] = [];
  const letters: DeadLetter[] = [];
  const met = new Set<string>();
  const unchanged: { key: string; versionTime: number | null }[] = [];
  const returned: { key: string; raw: RawRow }[] = [];
  const leftovers = new Map<string, number>();
  const pending = new Map<string, ComparableVersion>();
  for (const raw of page.rows) {
    const shaped = source.shape(raw, page.fetchedAt);
    if (!shaped.ok) {
      letters.push(shaped.letter);
      met.add(shaped.letter.key);
      continue;
    }
    const { row } = shaped;
    const again = met.has(row.key) || metBefore(row.key);
    met.add(row.key);
    const versionTime = source.versionTime(raw);
    const before = published.get(row.key);
    if (before === undefined && startsTooEarly(source, row, startDate)) continue;
    const version = { hash: row.hash, updatedAt: row.updatedAt, versionTime };
    const known = pending.get(row.key) ?? before;
    if (again && source.reads === 'whole' && !isNewer(version, known)) continue;
    const verdict = judge(known, version, page.askedAt?.(raw) ?? null);
    if (verdict === 'unchanged') unchanged.push({ key: row.key, versionTime });
    if (verdict === 'stale' && known?.gone) returned.push({ key: row.key, raw });
    if (verdict !== 'publish') continue;
    pending.set(row.key, version);
    versions.push({ row, versionTime, raw: shaped.raw });
    for (const path of shaped.leftovers) leftovers.set(path, (leftovers.get(path) ?? 0) + 1);
  }
  return { versions, letters, met, unchanged, returned, leftovers };
}

/** A search leaves old rows out by its window; of a table that is read whole they come along. Rows without a time are in. */
function startsTooEarly(source: TableSource, row: Upsert, startDate: number): boolean {
  if (source.method !== 'incremental' || source.reads !== 'whole' || row.updatedAt === null) return false;
  return row.updatedAt < startDate * 1000;
}

function isNewer(version: ComparableVersion, known: ComparableVersion | undefined): boolean {
  return (
    version.updatedAt !== null &&
    known !== undefined &&
    known.updatedAt !== null &&
    version.updatedAt > known.updatedAt
  );
}
