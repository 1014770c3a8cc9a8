/**
 * Rows that share a key with another row: two attributes of one `_sdc_record_hash`, an ID that comes as
 * number and as text, a part that two conversations show.
 *
 * Where neither is newer, the one with the smaller content hash is published, whatever the order in which
 * they come. The other one is its twin: a dead letter under a key of its own, and held back for as long as
 * readings show both.
 */

/** A twin that is held back. */
interface Held {
  isMet: boolean;
  /** Whether the row that is published in its place was met too. */
  isOtherMet: boolean;
}

/** Keys of which a version that was replaced is remembered, at most. */
const MAX_REPLACED = 10_000;
const TWIN_KEY = /^(.+)#([0-9a-f]{32})$/s;

/** The key of a twin's dead letter. */
export function twinKey(key: string, hash: string): string {
  return `${key}#${hash}`;
}

/** The version of a key that rows are compared with, and what the reading has met of the key. */
export interface KnownOfKey {
  readonly hash: string;
  /** Whether the reading has met a row of this key before. */
  readonly isMet: boolean;
  /** Whether the reading under way published that version. */
  readonly isOfReading: boolean;
}

/** Which of several rows of one key is published, where neither is newer. */
export interface TwinRule {
  /** Holds back the twins that have dead letters, as before the restart. */
  restore(letterKeys: Iterable<string>): void;
  /** A reading begins, at epoch milliseconds. */
  beginReading(at: number): void;
  /** Whether a version that was published at epoch milliseconds belongs to the reading under way. */
  isOfReading(publishedAfter: number): boolean;
  /** Holds a row back, in favour of one that was met too. */
  hold(key: string, hash: string): void;
  /** A row that is not held back was met. */
  meet(key: string): void;
  /** Whether a row is held back that has the key of `known`, differs from it and is not newer. */
  isHeldBack(key: string, hash: string, known: KnownOfKey): boolean;
  /** Whether of several rows of a key only the first one that a reading meets counts, and those newer than it. */
  readonly isFirstOnly: boolean;
}

/** A table that is read whole: the first row of a key that a reading meets is published. */
export class FirstTwin implements TwinRule {
  readonly isFirstOnly = true;
  restore(): void {}
  beginReading(): void {}
  hold(): void {}
  meet(): void {}

  isOfReading(): boolean {
    return false;
  }

  isHeldBack(_key: string, _hash: string, { isMet }: KnownOfKey): boolean {
    return isMet;
  }
}

/** A searched table: the row with the smaller hash is published, and the other one held back. */
export class SmallerTwin implements TwinRule {
  readonly isFirstOnly = false;
  readonly #held = new Map<string, Map<string, Held>>();
  /** By key, the hash of a version that another one of the same reading replaced. */
  readonly #replaced = new Map<string, string>();
  #readingSince = Number.POSITIVE_INFINITY;

  restore(letterKeys: Iterable<string>): void {
    for (const letterKey of letterKeys) {
      const [, key, hash] = TWIN_KEY.exec(letterKey) ?? [];
      if (key !== undefined && hash !== undefined) this.#set(key, hash, { isMet: false, isOtherMet: false });
    }
  }

  /** A twin that the last reading met alone is an ordinary row from now on. */
  beginReading(at: number): void {
    this.#readingSince = at;
    for (const [key, byHash] of this.#held) {
      for (const [hash, held] of byHash) {
        if (held.isMet && !held.isOtherMet) byHash.delete(hash);
        Object.assign(held, { isMet: false, isOtherMet: false });
      }
      if (byHash.size > 0) continue;
      this.#held.delete(key);
      this.#replaced.delete(key);
    }
  }

  isOfReading(publishedAfter: number): boolean {
    return publishedAfter >= this.#readingSince;
  }

  isHeldBack(key: string, hash: string, known: KnownOfKey): boolean {
    if (this.#holds(key, hash)) return true;
    if (this.#replaced.get(key) !== hash) {
      if (known.isOfReading) this.#replace(key, known.hash);
      return false;
    }
    // A version comes back that another one replaced: there are two rows.
    const isLoser = hash > known.hash;
    this.hold(key, isLoser ? hash : known.hash);
    return isLoser;
  }

  /** Whether a row is held back; it counts as met then. */
  #holds(key: string, hash: string): boolean {
    const held = this.#held.get(key)?.get(hash);
    if (held !== undefined) held.isMet = true;
    return held !== undefined;
  }

  hold(key: string, hash: string): void {
    this.#set(key, hash, { isMet: true, isOtherMet: true });
  }

  meet(key: string): void {
    for (const held of this.#held.get(key)?.values() ?? []) held.isOtherMet = true;
  }

  /**
   * A version of the reading under way is replaced by another one of it: the row may have changed meanwhile,
   * or there are two.
   */
  #replace(key: string, hash: string): void {
    const [oldest] = this.#replaced.keys();
    if (oldest !== undefined && this.#replaced.size >= MAX_REPLACED) this.#replaced.delete(oldest);
    this.#replaced.set(key, hash);
  }

  #set(key: string, hash: string, held: Held): void {
    const byHash = this.#held.get(key) ?? new Map<string, Held>();
    this.#held.set(key, byHash.set(hash, held));
  }
}
