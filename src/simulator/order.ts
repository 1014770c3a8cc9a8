/** Ordered numbers that are found and counted without reading all of them. */

/** The first position whose value is not less than `value`. */
function lowerBound<T>(sorted: readonly T[], value: T, compare: (a: T, b: T) => number): number {
  return firstWhere(sorted.length, (position) => compare(sorted[position] as T, value) >= 0);
}

/**
 * The first number below `end` for which the test holds, given that it holds for all that follow; else `end`.
 */
export function firstWhere(end: number, test: (number: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A set of numbers below `size` that knows how many of them are below any number (a Fenwick tree). */
export class CountedSet {
  readonly #member: Uint8Array;
  readonly #tree: Int32Array;
  #count = 0;

  constructor(size: number) {
    this.#member = new Uint8Array(size);
    this.#tree = new Int32Array(size + 1);
  }

  get count(): number {
    return this.#count;
  }

  has(number: number): boolean {
    return this.#member[number] === 1;
  }

  set(number: number, isMember: boolean): void {
    if (this.has(number) === isMember) return;
    const step = isMember ? 1 : -1;
    this.#member[number] = isMember ? 1 : 0;
    this.#count += step;
    for (let at = number + 1; at < this.#tree.length; at += at & -at)
      this.#tree[at] = (this.#tree[at] ?? 0) + step;
  }

  /** The number of members that are less than `number`. */
  below(number: number): number {
    let sum = 0;
    for (let at = number; at > 0; at -= at & -at) sum += this.#tree[at] ?? 0;
    return sum;
  }
}

const MAX_IN_CHUNK = 1_024;

/**
 * Values kept in order, in chunks, so that inserting or removing one moves few others. Equal values are there
 * once.
 */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #chunks: T[][] = [];
  #length = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#length;
  }

  add(value: T): void {
    const at = Math.min(this.#chunkOf(value), Math.max(0, this.#chunks.length - 1));
    const chunk = this.#chunks[at] ?? [];
    if (this.#chunks.length === 0) this.#chunks.push(chunk);
    chunk.splice(lowerBound(chunk, value, this.#compare), 0, value);
    this.#length += 1;
    if (chunk.length > MAX_IN_CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1));
  }

  delete(value: T): void {
    const at = this.#chunkOf(value);
    const chunk = this.#chunks[at] ?? [];
    const position = lowerBound(chunk, value, this.#compare);
    const found = chunk[position];
    if (found === undefined || this.#compare(found, value) !== 0) return;
    chunk.splice(position, 1);
    this.#length -= 1;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** The number of values that are less than `value`. */
  rankOf(value: T): number {
    const at = this.#chunkOf(value);
    let rank = 0;
    for (let before = 0; before < at; before += 1) rank += this.#chunks[before]?.length ?? 0;
    return rank + lowerBound(this.#chunks[at] ?? [], value, this.#compare);
  }

  /** The value that has so many values before it. */
  at(rank: number): T | undefined {
    let left = rank;
    for (const chunk of this.#chunks) {
      if (left < chunk.length) return chunk[left];
      left -= chunk.length;
    }
    return undefined;
  }

  /** The first chunk that ends with `value` or a greater one. */
  #chunkOf(value: T): number {
    return firstWhere(this.#chunks.length, (at) => this.#compare(this.#chunks[at]?.at(-1) as T, value) >= 0);
  }
}
