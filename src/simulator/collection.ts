/**
 * The rows of one table, made when they are looked at.
 *
 * A row is a function of its index until somebody changes it: what is kept for it is nothing, so that a workspace of a million
 * rows starts at once. The `updated_at` of generated rows rises with the index; rows that were changed or created stand in a
 * second list, sorted by theirs. Both are read as one.
 */

export type Row = Record<string, unknown>;

/** Where a row stands in the order by `updated_at`, then by index. */
export interface Place {
  readonly time: number;
  readonly index: number;
}

export interface Generator {
  /** Rows that exist from the start. */
  readonly count: number;
  timeOf(index: number): number;
  idOf(index: number): string;
  /** The index of a generated row, or undefined. */
  indexOf(id: string): number | undefined;
  make(index: number): Row;
}

export class Collection {
  readonly #generator: Generator;
  /** Rows that are not as generated; null: removed. */
  readonly #changed = new Map<number, Row | null>();
  readonly #createdIds = new Map<string, number>();
  /** Places of changed and created rows, sorted. */
  readonly #moved: Place[] = [];
  readonly #movedTime = new Map<number, number>();
  /** Sorted indexes of generated rows that are no longer where they were generated. */
  readonly #gone: number[] = [];
  #next: number;

  constructor(generator: Generator) {
    this.#generator = generator;
    this.#next = generator.count;
  }

  get size(): number {
    return this.#generator.count - this.#gone.length + this.#moved.length;
  }

  get(id: string): Row | undefined {
    const index = this.#indexOf(id);
    return index === undefined ? undefined : this.at(index);
  }

  at(index: number): Row | undefined {
    const changed = this.#changed.get(index);
    if (changed !== undefined) return changed ?? undefined;
    return index < this.#generator.count ? this.#generator.make(index) : undefined;
  }

  /** Some row of the table, if it has one. */
  any(): Row | undefined {
    for (let index = 0; index < this.#next; index += 1) {
      const row = this.at(index);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** Puts a row, new or changed, at its `updated_at` (epoch seconds). */
  put(id: string, row: Row, time: number): void {
    let index = this.#indexOf(id);
    if (index === undefined) {
      index = this.#next;
      this.#next += 1;
      this.#createdIds.set(id, index);
    }
    this.#leave(index);
    this.#changed.set(index, row);
    this.#movedTime.set(index, time);
    insert(this.#moved, { time, index }, comparePlaces);
  }

  /** False when there was no such row. */
  remove(id: string): boolean {
    const index = this.#indexOf(id);
    if (index === undefined || this.at(index) === undefined) return false;
    this.#leave(index);
    this.#changed.set(index, null);
    return true;
  }

  /** Rows with a time from `low` to `high`, both included. */
  countBetween(low: number, high: number): number {
    if (high < low) return 0;
    const first = this.#firstAt(low);
    const end = this.#firstAt(high + 1);
    const gone =
      lowerBound(this.#gone, end, (a, b) => a - b) - lowerBound(this.#gone, first, (a, b) => a - b);
    const moved = this.#movedFrom(high + 1) - this.#movedFrom(low);
    return end - first - gone + moved;
  }

  /** Places with a time up to `high`, newest first, beginning behind `after` when it is given. */
  *descending(high: number, after: Place | null = null): Generator_<Place> {
    const start =
      after !== null && comparePlaces(after, { time: high, index: Number.POSITIVE_INFINITY }) < 0
        ? after
        : null;
    let base = start === null ? this.#firstAt(high + 1) - 1 : this.#lastBefore(start);
    let moved =
      start === null ? this.#movedFrom(high + 1) - 1 : lowerBound(this.#moved, start, comparePlaces) - 1;
    for (;;) {
      while (base >= 0 && this.#isGone(base)) base -= 1;
      const a = base >= 0 ? { time: this.#generator.timeOf(base), index: base } : null;
      const b = this.#moved[moved] ?? null;
      if (a === null && b === null) return;
      if (b === null || (a !== null && comparePlaces(a, b) > 0)) {
        if (a !== null) yield a;
        base -= 1;
      } else {
        yield b;
        moved -= 1;
      }
    }
  }

  /** Every row, oldest first. */
  *rows(): Generator_<Row> {
    const places = [...this.descending(Number.MAX_SAFE_INTEGER)].reverse();
    for (const { index } of places) {
      const row = this.at(index);
      if (row !== undefined) yield row;
    }
  }

  idAt(index: number): string {
    if (index < this.#generator.count) return this.#generator.idOf(index);
    return String(this.#changed.get(index)?.id);
  }

  #indexOf(id: string): number | undefined {
    return this.#createdIds.get(id) ?? this.#generator.indexOf(id);
  }

  #leave(index: number): void {
    const time = this.#movedTime.get(index);
    if (time !== undefined) {
      this.#moved.splice(lowerBound(this.#moved, { time, index }, comparePlaces), 1);
      this.#movedTime.delete(index);
    } else if (index < this.#generator.count && !this.#isGone(index)) {
      insert(this.#gone, index, (a, b) => a - b);
    }
  }

  #isGone(index: number): boolean {
    return this.#gone[lowerBound(this.#gone, index, (a, b) => a - b)] === index;
  }

  /** The first generated index whose time is `time` or later. */
  #firstAt(time: number): number {
    let low = 0;
    let high = this.#generator.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#generator.timeOf(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #lastBefore(place: Place): number {
    let index = this.#firstAt(place.time + 1) - 1;
    while (index >= 0 && comparePlaces({ time: this.#generator.timeOf(index), index }, place) >= 0)
      index -= 1;
    return index;
  }

  #movedFrom(time: number): number {
    return lowerBound(this.#moved, { time, index: -1 }, comparePlaces);
  }
}

type Generator_<T> = globalThis.Generator<T, void, undefined>;

export function comparePlaces(a: Place, b: Place): number {
  return a.time - b.time || a.index - b.index;
}

function insert<T>(sorted: T[], value: T, compare: (a: T, b: T) => number): void {
  sorted.splice(lowerBound(sorted, value, compare), 0, value);
}

/** The first position whose value is not less than `value`. */
function lowerBound<T>(sorted: readonly T[], value: T, compare: (a: T, b: T) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] as T, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
