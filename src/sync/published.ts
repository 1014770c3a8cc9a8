/**
 * What is known to be in a topic, so that a row read again unchanged is not published again.
 *
 * A table that is read whole remembers every key, since a key that is missing from a reading is a delete. A
 * searched table remembers what the next readings may bring again: rows not older than the bookmark less the
 * lookback. Both are restored from the topic itself, the second one from the time of its oldest entry on.
 */

import type { NewVersion } from './batch.js';
import { CompactVersions, isCompact } from './compact-versions.js';
import { FirstTwin, SmallerTwin, type TwinRule } from './twins.js';

/** The version of a row that was published last. */
export interface PublishedVersion {
  readonly hash: string;
  /** Epoch milliseconds of the row's own `updated_at`, or null. */
  readonly updatedAt: number | null;
  /** Epoch seconds of what decides its window: its own time, or its parent's; null is always kept. */
  readonly versionTime: number | null;
  /**
   * Epoch milliseconds by which it had certainly not been published yet: where a restore must begin to find
   * it.
   */
  readonly publishedAfter: number;
  /**
   * The last version is a tombstone, published at `updatedAt`: a row that the source still shows from before
   * that is deleted.
   */
  readonly gone?: boolean;
}

/** How long a deleted row of a table that is read whole is remembered, since lists may still show it. */
export const DELETES_KEPT_MS = 24 * 3_600_000;

/** The rows of a table that are known to be in its topic; `EveryRow` or `RecentRows`. */
export abstract class PublishedRows {
  /** Rows that share a key with a published one. */
  abstract readonly twins: TwinRule;
  readonly #compact = new CompactVersions();
  readonly #isLarge: boolean;
  /** Versions that are not, or can't be, stored compactly. */
  readonly #others = new Map<string, PublishedVersion>();
  /**
   * Keys met in the reading under way that have no mark: rows that are not published, or not kept compactly.
   */
  #met = new Set<string>();
  /** When the rows that are shown although they are gone were last requested by ID (epoch milliseconds). */
  readonly #checks = new Map<string, number>();
  /** Above 0, nothing is forgotten. */
  #holds = 0;
  /** Not later than any `publishedAfter` that is known. */
  #restoreFrom: number | null = null;

  /**
   * `isLarge`: for every row of a table, compactly. Else for some thousand, which a plain map finds faster.
   */
  constructor(isLarge: boolean) {
    this.#isLarge = isLarge;
  }

  /** Those of the keys whose last version memory does not know and only the topic may have. */
  abstract unknownOf(keys: readonly string[]): string[];

  /** How many of the versions are older than the bookmark (epoch seconds): a search showed them late. */
  abstract countLate(versions: readonly NewVersion[], bookmark: number | null): number;

  /** Epoch milliseconds from which a restore has to read the topic; null: it need not, or reads all of it. */
  abstract restoreFrom(): number | null;

  /** The bookmark moved: no reading goes further back than to `floor` (epoch seconds). */
  abstract moveFloor(floor: number): void;

  /** The row was deleted at `at` (epoch milliseconds); readings may show it for a while. */
  abstract deleted(key: string, at: number): void;

  /** A tombstone of `at` (epoch milliseconds) was read from the topic. */
  abstract restoreDeleted(key: string, at: number): void;

  get(key: string): PublishedVersion | undefined {
    return this.#others.get(key) ?? (this.#compact.size === 0 ? undefined : this.#compact.get(key));
  }

  set(key: string, version: PublishedVersion): void {
    if (this.#checks.size > 0) this.#checks.delete(key);
    if (this.#isLarge && isCompact(key, version)) {
      this.#compact.set(key, version);
      this.#others.delete(key);
      if (this.#met.delete(key)) this.#compact.mark(key);
    } else {
      if (this.#compact.size > 0) this.delete(key);
      this.#others.set(key, version);
    }
    this.#restoreFrom = Math.min(this.#restoreFrom ?? version.publishedAfter, version.publishedAfter);
  }

  /**
   * The version is unchanged, but the time that decides its window (epoch seconds) has moved. It never moves
   * back, since late readings arrive in any order.
   */
  refresh(key: string, versionTime: number | null): void {
    const known = this.get(key);
    if (known === undefined || known.versionTime === versionTime) return;
    const isOlder = known.versionTime !== null && versionTime !== null && versionTime < known.versionTime;
    if (!isOlder) this.set(key, { ...known, versionTime });
  }

  delete(key: string): void {
    if (this.#compact.isMarked(key)) this.#met.add(key);
    this.#checks.delete(key);
    this.#others.delete(key);
    this.#compact.delete(key);
  }

  /**
   * The row is gone since `at` (epoch milliseconds). It is remembered for a while: a search may show a row
   * for minutes after its end, and a row that comes back has a newer version.
   */
  protected rememberDeleted(key: string, at: number): void {
    const versionTime = at / 1000;
    this.set(key, { hash: '', updatedAt: at, versionTime, publishedAfter: at, gone: true });
  }

  /**
   * Whether a row that is shown although it is gone is to be requested by its ID at `now` (epoch
   * milliseconds): when it is shown first, then whenever its tombstone is twice as old as at the last time.
   * Counts as asked then.
   */
  shouldCheck(key: string, now: number): boolean {
    const { gone = false, updatedAt } = this.get(key) ?? {};
    const last = this.#checks.get(key);
    const age = (time: number) => time - (updatedAt ?? 0);
    if (!gone || (last !== undefined && age(now) < 2 * age(last))) return false;
    this.#checks.set(key, now);
    return true;
  }

  /**
   * Keeps all versions until the returned function is called: while the topic is read, versions that are
   * published meanwhile must stay in memory.
   */
  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
    };
  }

  get size(): number {
    return this.#compact.size + this.#others.size;
  }

  /** A reading of a whole table begins: nothing is met yet. */
  beginReading(): void {
    this.#compact.unmarkAll();
    this.#met = new Set();
  }

  /** Marks a key as met by the reading under way, whether its row is published or not. */
  meet(key: string): void {
    if (!this.#compact.mark(key)) this.#met.add(key);
  }

  isMet(key: string): boolean {
    return this.#met.has(key) || this.#compact.isMarked(key);
  }

  /** The keys that the reading under way has not met. */
  unmet(): string[] {
    return [...this.#compact.unmarked(), ...[...this.#others.keys()].filter((key) => !this.#met.has(key))];
  }

  /**
   * Forgets the versions from before `floor` (epoch seconds): no reading returns them again unless they
   * change.
   */
  protected forgetBefore(floor: number): void {
    if (this.#holds > 0) return;
    let oldest = Number.POSITIVE_INFINITY;
    const isKept = (versionTime: number | null, publishedAfter: number) => {
      const kept = versionTime === null || versionTime >= floor;
      if (kept) oldest = Math.min(oldest, publishedAfter);
      return kept;
    };
    this.#compact.retain(isKept);
    for (const [key, { versionTime, publishedAfter }] of this.#others)
      if (!isKept(versionTime, publishedAfter)) this.#others.delete(key);
    this.#restoreFrom = Number.isFinite(oldest) ? oldest : null;
    for (const key of this.#checks.keys()) if (this.get(key) === undefined) this.#checks.delete(key);
  }

  /**
   * Epoch milliseconds from which a restore finds every version that is known now, or null when there is
   * none. Exact behind `forgetBefore`, and never too late.
   */
  protected get oldest(): number | null {
    return this.#restoreFrom;
  }
}

/** Every row of a table that is read whole. */
export class EveryRow extends PublishedRows {
  readonly twins = new FirstTwin();
  readonly #remembersDeleted: boolean;

  /**
   * `remembersDeleted`: rows can be requested by ID, so that one that a list shows after its end is not
   * published again. Elsewhere the list is all there is.
   */
  constructor(remembersDeleted = true) {
    super(true);
    this.#remembersDeleted = remembersDeleted;
  }

  unknownOf(): string[] {
    return [];
  }

  countLate(): number {
    return 0;
  }

  restoreFrom(): null {
    return null;
  }

  moveFloor(): void {}

  deleted(key: string, at: number): void {
    if (this.#remembersDeleted) this.rememberDeleted(key, at);
    else this.delete(key);
  }

  restoreDeleted(key: string, at: number): void {
    if (at >= Date.now() - DELETES_KEPT_MS) this.deleted(key, at);
    else this.delete(key);
  }
}

/** The rows of a searched table that its next windows may show again. */
export class RecentRows extends PublishedRows {
  readonly twins = new SmallerTwin();

  /** `isLarge`: it begins with every row of the topic. */
  constructor(isLarge = false) {
    super(isLarge);
  }

  unknownOf(keys: readonly string[]): string[] {
    return keys.filter((key) => this.get(key) === undefined);
  }

  countLate(versions: readonly NewVersion[], bookmark: number | null): number {
    const isLate = ({ versionTime }: NewVersion) =>
      bookmark !== null && versionTime !== null && versionTime < bookmark;
    return versions.filter(isLate).length;
  }

  restoreFrom(): number | null {
    return this.oldest;
  }

  moveFloor(floor: number): void {
    this.forgetBefore(floor);
  }

  deleted(key: string, at: number): void {
    this.rememberDeleted(key, at);
  }

  restoreDeleted(key: string, at: number): void {
    this.rememberDeleted(key, at);
  }
}

/** What to do with a row that was read, given the version that was published last. */
export type Verdict = 'publish' | 'unchanged' | 'stale';

/** The fields of a version that a comparison needs. */
export type ComparableVersion = Pick<PublishedVersion, 'hash' | 'updatedAt' | 'versionTime' | 'gone'>;

/**
 * An older version is never published after a newer one; the same content is not published twice. `askedAt`:
 * when the row was requested by its ID (epoch milliseconds); null for a row of a search or a list, which may
 * show what is gone.
 */
export function judge(
  known: ComparableVersion | undefined,
  row: ComparableVersion,
  askedAt: number | null = null,
): Verdict {
  if (known === undefined) return 'publish';
  if (known.gone) {
    const goneAt = known.updatedAt ?? 0;
    return Math.max(row.updatedAt ?? 0, askedAt ?? 0) > goneAt ? 'publish' : 'stale';
  }
  if (known.hash === row.hash) return 'unchanged';
  return orderOf(row, known) < 0 ? 'stale' : 'publish';
}

/** Whether two versions of one key differ while neither is known to be newer. */
export function isTwin(a: ComparableVersion, b: ComparableVersion): boolean {
  return !a.gone && !b.gone && a.hash !== b.hash && orderOf(a, b) === 0;
}

function orderOf(a: ComparableVersion, b: ComparableVersion): number {
  return compare(a.updatedAt, b.updatedAt) || compare(a.versionTime, b.versionTime);
}

/** Unknown times give no order. */
function compare(a: number | null, b: number | null): number {
  return a === null || b === null ? 0 : a - b;
}
