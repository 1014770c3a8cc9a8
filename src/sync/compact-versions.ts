/**
 * A map from keys to versions that takes some 80 bytes an entry instead of some 300: a table that is read whole remembers every row.
 *
 * Entries lie in typed arrays, in the order in which they came; slots find them by a hash of the key. What is deleted only leaves its slot,
 * until half of the entries are such.
 */

import type { PublishedVersion } from './published.js';

const HASH = /^[0-9a-f]{32}$/;
const NULL_TIME = Number.NaN;
const FIRST_ENTRIES = 64;
const GROWTH = 1.125;
/** Slots in use, deleted ones included, of all. */
const MOST_FULL = 0.7;
const EMPTY = 0;
const DELETED = -1;

const GONE = 1;
const HAS_HASH = 2;
const DEAD = 4;
const MARKED = 8;

/** Whether an entry can be kept compactly: an ASCII key, and a hash of 32 hexadecimal digits or none. */
export function isCompact(key: string, { hash }: PublishedVersion): boolean {
  return isAscii(key) && (hash === '' || HASH.test(hash));
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}

export class CompactVersions {
  #slots = new Int32Array(FIRST_ENTRIES * 2);
  #slotsUsed = 0;
  #keys = Buffer.allocUnsafe(FIRST_ENTRIES * 16);
  /** Where the key of each entry begins, and behind the last one where the next one will. */
  #keyStarts = new Float64Array(FIRST_ENTRIES + 1);
  #hashes = new Uint32Array(FIRST_ENTRIES * 4);
  /** Of each entry `updatedAt`, `versionTime`, `publishedAfter`. */
  #times = new Float64Array(FIRST_ENTRIES * 3);
  #flags = new Uint8Array(FIRST_ENTRIES);
  #entries = 0;
  #dead = 0;

  get size(): number {
    return this.#entries - this.#dead;
  }

  get(key: string): PublishedVersion | undefined {
    const entry = this.#find(key);
    return entry < 0 ? undefined : this.#versionAt(entry);
  }

  /** What `isCompact` refuses must not be given here. */
  set(key: string, version: PublishedVersion): void {
    const found = this.#find(key);
    const entry = found < 0 ? this.#add(key) : found;
    const flags = (this.#flags[entry] ?? 0) & MARKED;
    this.#flags[entry] = flags | (version.gone ? GONE : 0) | (version.hash === '' ? 0 : HAS_HASH);
    for (let word = 0; word < 4; word += 1)
      this.#hashes[entry * 4 + word] = Number.parseInt(version.hash.slice(word * 8, word * 8 + 8) || '0', 16);
    this.#times[entry * 3] = version.updatedAt ?? NULL_TIME;
    this.#times[entry * 3 + 1] = version.versionTime ?? NULL_TIME;
    this.#times[entry * 3 + 2] = version.publishedAfter;
  }

  delete(key: string): boolean {
    const slot = this.#slotOf(key);
    const entry = (this.#slots[slot] ?? EMPTY) - 1;
    if (entry < 0) return false;
    this.#slots[slot] = DELETED;
    this.#flags[entry] = DEAD;
    this.#dead += 1;
    if (this.#dead > this.#entries / 2) this.#rebuild(() => true);
    return true;
  }

  /** Deletes all entries that are not to be kept. `keep` is given `versionTime` and `publishedAfter`. */
  retain(keep: (versionTime: number | null, publishedAfter: number) => boolean): void {
    this.#rebuild((entry) => keep(timeOf(this.#times[entry * 3 + 1]), this.#times[entry * 3 + 2] ?? 0));
  }

  /** Marks the entry of a key; false where there is none. */
  mark(key: string): boolean {
    const entry = this.#find(key);
    if (entry >= 0) this.#flags[entry] = (this.#flags[entry] ?? 0) | MARKED;
    return entry >= 0;
  }

  isMarked(key: string): boolean {
    const entry = this.#find(key);
    return entry >= 0 && ((this.#flags[entry] ?? 0) & MARKED) !== 0;
  }

  unmarkAll(): void {
    for (let entry = 0; entry < this.#entries; entry += 1)
      this.#flags[entry] = (this.#flags[entry] ?? 0) & ~MARKED;
  }

  /** The keys without a mark, in the order in which they came. */
  *unmarked(): Generator<string> {
    for (let entry = 0; entry < this.#entries; entry += 1)
      if (((this.#flags[entry] ?? 0) & (DEAD | MARKED)) === 0) yield this.#keyAt(entry);
  }

  #keyAt(entry: number): string {
    return this.#keys.toString('latin1', this.#keyStarts[entry], this.#keyStarts[entry + 1]);
  }

  #versionAt(entry: number): PublishedVersion {
    const flags = this.#flags[entry] ?? 0;
    let hash = '';
    if ((flags & HAS_HASH) !== 0)
      for (let word = 0; word < 4; word += 1)
        hash += (this.#hashes[entry * 4 + word] ?? 0).toString(16).padStart(8, '0');
    const version = {
      hash,
      updatedAt: timeOf(this.#times[entry * 3]),
      versionTime: timeOf(this.#times[entry * 3 + 1]),
      publishedAfter: this.#times[entry * 3 + 2] ?? 0,
    };
    return (flags & GONE) === 0 ? version : { ...version, gone: true };
  }

  #find(key: string): number {
    return (this.#slots[this.#slotOf(key)] ?? EMPTY) - 1;
  }

  /** The slot of a key, or the empty one at which its search ends. */
  #slotOf(key: string): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(key) & mask; ; slot = (slot + 1) & mask) {
      const content = this.#slots[slot] ?? EMPTY;
      if (content === EMPTY || (content !== DELETED && this.#isKeyAt(content - 1, key))) return slot;
    }
  }

  #isKeyAt(entry: number, key: string): boolean {
    const start = this.#keyStarts[entry] ?? 0;
    if ((this.#keyStarts[entry + 1] ?? 0) - start !== key.length) return false;
    for (let at = 0; at < key.length; at += 1)
      if (this.#keys[start + at] !== key.charCodeAt(at)) return false;
    return true;
  }

  #add(key: string): number {
    if (this.#slotsUsed + 1 > this.#slots.length * MOST_FULL) this.#rebuild(() => true);
    const start = this.#keyStarts[this.#entries] ?? 0;
    this.#makeRoom(this.#entries + 1, start + key.length);
    this.#keys.write(key, start, 'latin1');
    const entry = this.#entries;
    this.#entries += 1;
    this.#keyStarts[this.#entries] = start + key.length;
    this.#flags[entry] = 0;
    this.#slots[this.#slotOf(key)] = entry + 1;
    this.#slotsUsed += 1;
    return entry;
  }

  #makeRoom(entries: number, keyBytes: number): void {
    if (keyBytes > this.#keys.length) {
      const keys = Buffer.allocUnsafeSlow(Math.ceil(keyBytes * GROWTH));
      this.#keys.copy(keys);
      this.#keys = keys;
    }
    if (entries <= this.#flags.length) return;
    const room = Math.ceil(entries * GROWTH);
    this.#flags = grown(this.#flags, new Uint8Array(room));
    this.#keyStarts = grown(this.#keyStarts, new Float64Array(room + 1));
    this.#hashes = grown(this.#hashes, new Uint32Array(room * 4));
    this.#times = grown(this.#times, new Float64Array(room * 3));
  }

  /** Closes the gaps of deleted entries and of those that are not kept, and gives the slots the room that the rest needs. */
  #rebuild(keep: (entry: number) => boolean): void {
    let to = 0;
    let end = 0;
    for (let from = 0; from < this.#entries; from += 1) {
      if (((this.#flags[from] ?? 0) & DEAD) !== 0 || !keep(from)) continue;
      const [start = 0, stop = 0] = [this.#keyStarts[from], this.#keyStarts[from + 1]];
      this.#keys.copyWithin(end, start, stop);
      this.#keyStarts[to] = end;
      end += stop - start;
      this.#hashes.copyWithin(to * 4, from * 4, from * 4 + 4);
      this.#times.copyWithin(to * 3, from * 3, from * 3 + 3);
      this.#flags[to] = this.#flags[from] ?? 0;
      to += 1;
    }
    this.#keyStarts[to] = end;
    this.#entries = to;
    this.#dead = 0;
    this.#fillSlots();
  }

  #fillSlots(): void {
    let size = FIRST_ENTRIES * 2;
    while ((this.#entries + 1) * 1.25 > size * MOST_FULL) size *= 2;
    if (size === this.#slots.length) this.#slots.fill(EMPTY);
    else this.#slots = new Int32Array(size);
    this.#slotsUsed = this.#entries;
    const mask = size - 1;
    for (let entry = 0; entry < this.#entries; entry += 1) {
      let slot = hashOf(this.#keyAt(entry)) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function timeOf(stored: number | undefined): number | null {
  return stored === undefined || Number.isNaN(stored) ? null : stored;
}

/** FNV-1a, mixed, since slots are taken by the low bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 1;
}
