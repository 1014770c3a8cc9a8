/** A delayed search index: it shows changes of rows late, and the old version until then. */

import { Collection, type Generator, type Row } from './collection.js';

interface Waiting {
  readonly index: number;
  /** Epoch seconds. */
  readonly due: number;
  readonly apply: () => void;
}

export class LaggingCollection {
  /** The rows as they are. */
  readonly rows: Collection;
  readonly #index: Collection;
  readonly #lag: number;
  readonly #now: () => number;
  #waiting: Waiting[] = [];

  /** `lag` in seconds behind a row's `updated_at`; `now` in epoch seconds. */
  constructor(generator: Generator, lag: number, now: () => number) {
    this.rows = new Collection(generator);
    this.#index = lag === 0 ? this.rows : new Collection(generator);
    this.#lag = lag;
    this.#now = now;
  }

  /** The rows as a search sees them now. */
  get searched(): Collection {
    const now = this.#now();
    const due = this.#waiting.filter((each) => each.due <= now);
    if (due.length > 0) this.#waiting = this.#waiting.filter((each) => each.due > now);
    for (const { apply } of due) apply();
    return this.#index;
  }

  create(id: string, time: number, patch: Row): number {
    const index = this.rows.create(id, time, patch);
    this.#later(index, time, () => this.#index.create(id, time, patch, index));
    return index;
  }

  update(index: number, time: number, patch: Row): void {
    this.rows.update(index, time, patch);
    this.#later(index, time, () => this.#index.update(index, time, patch));
  }

  remove(index: number): void {
    this.rows.remove(index);
    this.#later(index, this.#now(), () => this.#index.remove(index));
  }

  /** Changes of one row appear in their order. */
  #later(index: number, time: number, apply: () => void): void {
    if (this.#index === this.rows) return;
    const before = this.#waiting.findLast((each) => each.index === index)?.due ?? time;
    this.#waiting.push({ index, due: Math.max(before, time + this.#lag), apply });
  }
}
