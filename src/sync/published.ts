/**
 * What is known to be in a topic, so that a row read again unchanged is not published again.
 *
 * A table that is read whole remembers every key, since a key that is missing from a reading is a delete. A searched table remembers
 * what the next readings may bring again: rows not older than the bookmark less the lookback. Both are restored from the
 * topic itself, the second one from the time of its oldest entry on.
 */

/** The version of a row that was published last. */
export interface PublishedVersion {
  readonly hash: string;
  /** Epoch milliseconds of the row's own `updated_at`, or null. */
  readonly updatedAt: number | null;
  /** Epoch seconds of what decides its window: its own time, or its parent's; null is always kept. */
  readonly versionTime: number | null;
  /** Epoch milliseconds by which it had certainly not been published yet: where a restore must begin to find it. */
  readonly publishedAfter: number;
  /** The last version is a tombstone, published at `updatedAt`: what the source still shows from before that is no row any more. */
  readonly gone?: boolean;
}

export class PublishedRows {
  readonly #versions = new Map<string, PublishedVersion>();

  get(key: string): PublishedVersion | undefined {
    return this.#versions.get(key);
  }

  set(key: string, version: PublishedVersion): void {
    this.#versions.set(key, version);
  }

  /** The version stands, but what decides its window (epoch seconds) has moved; never back, since late readings come in any order. */
  moveTo(key: string, versionTime: number | null): void {
    const known = this.#versions.get(key);
    if (known === undefined) return;
    const isOlder = known.versionTime !== null && versionTime !== null && versionTime < known.versionTime;
    if (!isOlder) this.#versions.set(key, { ...known, versionTime });
  }

  delete(key: string): void {
    this.#versions.delete(key);
  }

  /**
   * The row is gone since `at` (epoch milliseconds). It is remembered for a while: a search may show a row for minutes after its
   * end, and a row that comes back has a newer version.
   */
  bury(key: string, at: number): void {
    const versionTime = at / 1000;
    this.#versions.set(key, { hash: '', updatedAt: at, versionTime, publishedAfter: at, gone: true });
  }

  get size(): number {
    return this.#versions.size;
  }

  keys(): IterableIterator<string> {
    return this.#versions.keys();
  }

  /** Forgets the versions that lie before `floor` (epoch seconds): no reading will bring them again unless they change. */
  forgetBefore(floor: number): void {
    for (const [key, { versionTime }] of this.#versions) {
      if (versionTime !== null && versionTime < floor) this.#versions.delete(key);
    }
  }

  /** Epoch milliseconds from which a restore finds every version that is known now, or null when there is none. */
  restoreFrom(): number | null {
    let oldest: number | null = null;
    for (const { publishedAfter } of this.#versions.values()) {
      if (oldest === null || publishedAfter < oldest) oldest = publishedAfter;
    }
    return oldest;
  }
}

/** What to do with a row that was read, given the version that was published last. */
export type Verdict = 'publish' | 'unchanged' | 'stale';

/** A version as far as it takes to compare it. */
export type ComparableVersion = Pick<PublishedVersion, 'hash' | 'updatedAt' | 'versionTime' | 'gone'>;

/** An older version never follows a newer one; the same content is not published twice. */
export function judge(known: ComparableVersion | undefined, row: ComparableVersion): Verdict {
  if (known === undefined) return 'publish';
  if (known.gone)
    return row.updatedAt !== null && row.updatedAt > (known.updatedAt ?? 0) ? 'publish' : 'stale';
  if (known.hash === row.hash) return 'unchanged';
  const order = compare(row.updatedAt, known.updatedAt) || compare(row.versionTime, known.versionTime);
  return order < 0 ? 'stale' : 'publish';
}

/** Times that are not known do not put versions into an order. */
function compare(a: number | null, b: number | null): number {
  return a === null || b === null ? 0 : a - b;
}
