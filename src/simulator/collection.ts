/**
 * The rows of one table, generated when they are read.
 *
 * A row is a function of its index, merged with its changes if there are any. So memory holds only the
 * changes, and a workspace of a million rows starts at once. The `updated_at` of generated rows rises with
 * the index; rows that were changed or created are in a second list, sorted by their `updated_at`. Both lists
 * are read as one by rank, which is the number of rows before a row.
 */

import { CountedSet, firstWhere, SortedList } from './order.js';

export type Row = Record<string, unknown>;

/** The position of a row in the order by `updated_at`, then by index. */
export interface Place {
  /** Epoch seconds. */
  readonly time: number;
  readonly index: number;
}

export interface Generator {
  /** Rows that exist from the start. */
  readonly count: number;
  timeOf(index: number): number;
  idOf(index: number): string;
  /** The index in a generated ID, also when there is no such row; NaN for any other ID. */
  indexOf(id: string): number;
  make(index: number, id: string, time: number): Row;
}

interface Created {
  readonly id: string;
  readonly time: number;
}

export class Collection {
  readonly #generator: Generator;
  /** The places of changed and created rows, and their changes. */
  readonly #changed = new Map<number, { readonly time: number; readonly patch: Row }>();
  readonly #created = new Map<number, Created>();
  readonly #createdIds = new Map<string, number>();
  /** The bytes of rows as sent to clients, by index. An entry is removed when its row changes. */
  readonly #texts = new Map<number, Buffer>();
  /** The places of changed and created rows. */
  readonly #moved = new SortedList(comparePlaces);
  /** Generated rows that are no longer in their original place. */
  readonly #gone: CountedSet;
  #next: number;

  constructor(generator: Generator) {
    this.#generator = generator;
    this.#gone = new CountedSet(generator.count);
    this.#next = generator.count;
  }

  get size(): number {
    return this.#generator.count - this.#gone.count + this.#moved.length;
  }

  /** The index of the next row that is created. */
  get end(): number {
    return this.#next;
  }

  /** An ID that no row has or had, like the generated ones. */
  get nextId(): string {
    return this.#generator.idOf(this.#next);
  }

  get(id: string): Row | undefined {
    const index = this.indexOf(id);
    return index === undefined ? undefined : this.at(index);
  }

  at(index: number): Row | undefined {
    if (!this.has(index)) return undefined;
    const created = this.#created.get(index);
    const time = created?.time ?? this.#generator.timeOf(index);
    const row = this.#generator.make(index, this.idAt(index), time);
    return Object.assign(row, this.#changed.get(index)?.patch);
  }

  /** The bytes that `render` returns for a row. It is called once for each version of the row. */
  text(index: number, render: (row: Row) => string): Buffer {
    const kept = this.#texts.get(index) ?? Buffer.from(render(this.at(index) ?? {}));
    this.#texts.set(index, kept);
    return kept;
  }

  has(index: number): boolean {
    return this.#changed.has(index) || (index < this.#generator.count && !this.#gone.has(index));
  }

  idAt(index: number): string {
    return this.#created.get(index)?.id ?? this.#generator.idOf(index);
  }

  /** The index of a row that exists. */
  indexOf(id: string): number | undefined {
    const index = this.#createdIds.get(id) ?? this.#generator.indexOf(id);
    return this.has(index) && this.idAt(index) === id ? index : undefined;
  }

  /**
   * Creates a row with `patch` merged over it at `time` (epoch seconds). Returns its index. Throws for an ID
   * in use.
   */
  create(id: string, time: number, patch: Row, index = this.#next): number {
    if (this.indexOf(id) !== undefined) throw new Error(`there is a row ${id} already`);
    this.#next = Math.max(this.#next, index + 1);
    this.#created.set(index, { id, time });
    this.#createdIds.set(id, index);
    this.#enter(index, time, patch);
    return index;
  }

  /** Merges `patch` over a row and moves it to `time` (epoch seconds). */
  update(index: number, time: number, patch: Row): void {
    const before = this.#changed.get(index)?.patch;
    this.#leave(index);
    this.#enter(index, time, { ...before, ...patch });
  }

  remove(index: number): void {
    this.#leave(index);
  }

  /** The number of rows before `place`, whether or not a row is there. */
  rankOf(place: Place): number {
    return this.#ranksBelow(place) + this.#moved.rankOf(place);
  }

  /** The places from rank `from` up to but not including `to`. */
  places(from: number, to: number): Place[] {
    const moved = firstWhere(
      this.#moved.length,
      (at) => this.#ranksBelow(this.#moved.at(at) as Place) + at >= from,
    );
    return this.#merge(this.#indexAtRank(from - moved), moved, Math.min(to, this.size) - from);
  }

  /** Every row, oldest first. */
  *rows(): globalThis.Generator<Row, void, undefined> {
    const step = 1_000;
    for (let rank = 0; rank < this.size; rank += step)
      for (const { index } of this.places(rank, rank + step)) {
        const row = this.at(index);
        if (row !== undefined) yield row;
      }
  }

  #merge(firstIndex: number, firstMoved: number, count: number): Place[] {
    const places: Place[] = [];
    let index = firstIndex;
    let moved = firstMoved;
    while (places.length < count) {
      while (index < this.#generator.count && this.#gone.has(index)) index += 1;
      const other = this.#moved.at(moved);
      const own = index < this.#generator.count ? { time: this.#generator.timeOf(index), index } : undefined;
      if (own !== undefined && (other === undefined || comparePlaces(own, other) < 0)) {
        places.push(own);
        index += 1;
      } else if (other !== undefined) {
        places.push(other);
        moved += 1;
      } else {
        break;
      }
    }
    return places;
  }

  /** The number of generated rows in their original place that are before `place`. */
  #ranksBelow(place: Place): number {
    const { count, timeOf } = this.#generator;
    const end = firstWhere(count, (index) => comparePlaces({ time: timeOf(index), index }, place) >= 0);
    return end - this.#gone.below(end);
  }

  /** The first index with so many generated rows in their original place before it. */
  #indexAtRank(rank: number): number {
    return firstWhere(this.#generator.count, (index) => index - this.#gone.below(index) >= rank);
  }

  #enter(index: number, time: number, patch: Row): void {
    this.#changed.set(index, { time, patch });
    this.#moved.add({ time, index });
  }

  #leave(index: number): void {
    this.#texts.delete(index);
    const changed = this.#changed.get(index);
    if (changed !== undefined) {
      this.#moved.delete({ time: changed.time, index });
      this.#changed.delete(index);
    } else if (index < this.#generator.count) {
      this.#gone.set(index, true);
    }
  }
}

function comparePlaces(a: Place, b: Place): number {
  return a.time - b.time || a.index - b.index;
}
