/**
 * A map from keys to versions that needs some 80 bytes per entry instead of some 300: a table that is read
 * whole remembers every row.
 *
 * Entries are stored in chunks of typed arrays, in order of arrival, so that growing copies nothing. Slots
 * find them by a hash of the key. A deleted entry only leaves its slot. Once more than half of the entries
 * are deleted, they are removed.
 */

import type { PublishedVersion } from './published.js';

const HASH = /^[0-9a-f]{32}$/;
const NULL_TIME = Number.NaN;
const FIRST_SLOTS = 128;
/** Entries of a chunk: a power of two, since an entry's number holds its chunk's. */
const CHUNK_BITS = 12;
const CHUNK_ENTRIES = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_ENTRIES - 1;
/** The length that most keys do not exceed. */
const USUAL_KEY_BYTES = 26;
/** Slots in use, deleted ones included, of all. */
const MAX_FILL = 0.7;
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

/** Some thousand entries. */
class Chunk {
  /** The keys, one after another. */
  keys = Buffer.allocUnsafeSlow(CHUNK_ENTRIES * USUAL_KEY_BYTES);
  /** Where the key of each entry begins, and behind the last one where the next one will. */
  readonly keyStarts = new Uint32Array(CHUNK_ENTRIES + 1);
  readonly hashes = new Uint32Array(CHUNK_ENTRIES * 4);
  /** Of each entry `updatedAt`, `versionTime`, `publishedAfter`. */
  readonly times = new Float64Array(CHUNK_ENTRIES * 3);
  readonly flags = new Uint8Array(CHUNK_ENTRIES);

  /** Returns where to write the key of an entry: after the keys before it. */
  placeKey(at: number, bytes: number): number {
    const start = this.keyStarts[at] ?? 0;
    if (start + bytes > this.keys.length) {
      const keys = Buffer.allocUnsafeSlow(2 * (start + bytes));
      this.keys.copy(keys);
      this.keys = keys;
    }
    this.keyStarts[at + 1] = start + bytes;
    return start;
  }

  keyAt(at: number): string {
    return this.keys.toString('latin1', this.keyStarts[at], this.keyStarts[at + 1]);
  }

  isKeyAt(at: number, key: string): boolean {
    const start = this.keyStarts[at] ?? 0;
    if ((this.keyStarts[at + 1] ?? 0) - start !== key.length) return false;
    for (let i = 0; i < key.length; i += 1) if (this.keys[start + i] !== key.charCodeAt(i)) return false;
    return true;
  }

  /** Copies an entry from a place that is not before it. */
  copyEntry(at: number, from: Chunk, source: number): void {
    const [begin = 0, end = 0] = [from.keyStarts[source], from.keyStarts[source + 1]];
    const start = this.placeKey(at, end - begin);
    from.keys.copy(this.keys, start, begin, end);
    this.hashes.set(from.hashes.subarray(source * 4, source * 4 + 4), at * 4);
    this.times.set(from.times.subarray(source * 3, source * 3 + 3), at * 3);
    this.flags[at] = from.flags[source] ?? 0;
  }
}

export class CompactVersions {
  #slots = new Int32Array(FIRST_SLOTS);
  #slotsUsed = 0;
  #chunks: Chunk[] = [];
  #entries = 0;
  #dead = 0;

  get size(): number {
    return this.#entries - this.#dead;
  }

  get(key: string): PublishedVersion | undefined {
    const entry = this.#find(key);
    return entry < 0 ? undefined : this.#versionAt(entry);
  }

  /** Accepts only what `isCompact` accepts. */
  set(key: string, version: PublishedVersion): void {
    const found = this.#find(key);
    const entry = found < 0 ? this.#add(key) : found;
    const chunk = this.#chunkOf(entry);
    const at = entry & CHUNK_MASK;
    const flags = (chunk.flags[at] ?? 0) & MARKED;
    chunk.flags[at] = flags | (version.gone ? GONE : 0) | (version.hash === '' ? 0 : HAS_HASH);
    for (let word = 0; word < 4; word += 1)
      chunk.hashes[at * 4 + word] = Number.parseInt(version.hash.slice(word * 8, word * 8 + 8) || '0', 16);
    chunk.times[at * 3] = version.updatedAt ?? NULL_TIME;
    chunk.times[at * 3 + 1] = version.versionTime ?? NULL_TIME;
    chunk.times[at * 3 + 2] = version.publishedAfter;
  }

  delete(key: string): boolean {
    const slot = this.#slotOf(key);
    const entry = (this.#slots[slot] ?? EMPTY) - 1;
    if (entry < 0) return false;
    this.#slots[slot] = DELETED;
    this.#chunkOf(entry).flags[entry & CHUNK_MASK] = DEAD;
    this.#dead += 1;
    if (this.#dead > this.#entries / 2) this.#rebuild(() => true);
    return true;
  }

  /** Deletes all entries that are not to be kept. `keep` is given `versionTime` and `publishedAfter`. */
  retain(keep: (versionTime: number | null, publishedAfter: number) => boolean): void {
    this.#rebuild(({ times }, at) => keep(timeOf(times[at * 3 + 1]), times[at * 3 + 2] ?? 0));
  }

  /** Marks the entry of a key; false where there is none. */
  mark(key: string): boolean {
    const entry = this.#find(key);
    if (entry >= 0) this.#chunkOf(entry).flags[entry & CHUNK_MASK] = this.#flagsOf(entry) | MARKED;
    return entry >= 0;
  }

  isMarked(key: string): boolean {
    const entry = this.#find(key);
    return entry >= 0 && (this.#flagsOf(entry) & MARKED) !== 0;
  }

  unmarkAll(): void {
    for (const { flags } of this.#chunks)
      for (let at = 0; at < CHUNK_ENTRIES; at += 1) flags[at] = (flags[at] ?? 0) & ~MARKED;
  }

  /** The keys without a mark, in the order in which they came. */
  *unmarked(): Generator<string> {
    for (let entry = 0; entry < this.#entries; entry += 1)
      if ((this.#flagsOf(entry) & (DEAD | MARKED)) === 0) yield this.#keyAt(entry);
  }

  #chunkOf(entry: number): Chunk {
    return this.#chunks[entry >> CHUNK_BITS] as Chunk;
  }

  #flagsOf(entry: number): number {
    return this.#chunkOf(entry).flags[entry & CHUNK_MASK] ?? 0;
  }

  #keyAt(entry: number): string {
    return this.#chunkOf(entry).keyAt(entry & CHUNK_MASK);
  }

  #versionAt(entry: number): PublishedVersion {
    const { flags, hashes, times } = this.#chunkOf(entry);
    const at = entry & CHUNK_MASK;
    let hash = '';
    if (((flags[at] ?? 0) & HAS_HASH) !== 0)
      for (let word = 0; word < 4; word += 1)
        hash += (hashes[at * 4 + word] ?? 0).toString(16).padStart(8, '0');
    const version = {
      hash,
      updatedAt: timeOf(times[at * 3]),
      versionTime: timeOf(times[at * 3 + 1]),
      publishedAfter: times[at * 3 + 2] ?? 0,
    };
    return ((flags[at] ?? 0) & GONE) === 0 ? version : { ...version, gone: true };
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
    return this.#chunkOf(entry).isKeyAt(entry & CHUNK_MASK, key);
  }

  #add(key: string): number {
    if (this.#slotsUsed + 1 > this.#slots.length * MAX_FILL) this.#rebuild(() => true);
    const entry = this.#entries;
    if (entry >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Chunk());
    const chunk = this.#chunkOf(entry);
    const at = entry & CHUNK_MASK;
    const start = chunk.placeKey(at, key.length);
    chunk.keys.write(key, start, 'latin1');
    chunk.flags[at] = 0;
    this.#entries += 1;
    this.#slots[this.#slotOf(key)] = entry + 1;
    this.#slotsUsed += 1;
    return entry;
  }

  /**
   * Closes the gaps of deleted entries and of those that are not kept, and resizes the slots for the rest.
   */
  #rebuild(keep: (chunk: Chunk, at: number) => boolean): void {
    let to = 0;
    for (let from = 0; from < this.#entries; from += 1) {
      const chunk = this.#chunkOf(from);
      const at = from & CHUNK_MASK;
      if (((chunk.flags[at] ?? 0) & DEAD) !== 0 || !keep(chunk, at)) continue;
      if (to !== from) this.#chunkOf(to).copyEntry(to & CHUNK_MASK, chunk, at);
      to += 1;
    }
    this.#entries = to;
    this.#dead = 0;
    this.#chunks.length = Math.ceil(to / CHUNK_ENTRIES);
    this.#fillSlots();
  }

  #fillSlots(): void {
    let size = FIRST_SLOTS;
    while ((this.#entries + 1) * 1.25 > size * MAX_FILL) size *= 2;
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

function timeOf(stored: number | undefined): number | null {
  return stored === undefined || Number.isNaN(stored) ? null : stored;
}

/** FNV-1a, mixed, since the low bits choose the slot. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 1;
}
