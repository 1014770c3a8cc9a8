/** Pseudo-random numbers that depend only on the seed, the table and the index. */

/** A stream of numbers for one row: the same seed, table and index give the same stream. */
export class Dice {
  #state: number;

  constructor(seed: number, table: string, index: number) {
    let state = 0x811c9dc5 ^ seed;
    for (const char of table) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
    this.#state = Math.imul(state ^ index, 0x9e3779b1);
    this.next();
  }

  /** From 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  }

  /** Lower-case hexadecimal digits. */
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.below(16).toString(16);
    return text;
  }
}
