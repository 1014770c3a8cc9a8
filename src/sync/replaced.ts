/** IDs of rows that others have replaced (contacts that were merged), each to be requested once. */

import type { RawRow } from '../model/row.js';
import type { Replaced } from '../model/table.js';

/**
 * IDs that are remembered as requested; the oldest are forgotten first, and are requested again when a row
 * names them.
 */
const MAX_ASKED = 10_000;

export class ReplacedIds {
  readonly #replaces: (row: RawRow) => readonly Replaced[];
  readonly #asked = new Set<string>();

  /** `replaces` gives what a row says that it has replaced. */
  constructor(replaces: (row: RawRow) => readonly Replaced[]) {
    this.#replaces = replaces;
  }

  /**
   * Those that were not requested yet and were replaced at or after `floor` (epoch seconds): the readings of
   * their time found the earlier ones.
   */
  due(rows: Iterable<RawRow>, floor: number): string[] {
    const due: string[] = [];
    for (const row of rows)
      for (const { id, at } of this.#replaces(row))
        if ((at ?? floor) >= floor && !this.#asked.has(id)) due.push(id);
    return due;
  }

  /** Remembers IDs that were requested and answered. */
  add(ids: Iterable<string>): void {
    for (const id of ids) this.#asked.add(id);
    for (const id of this.#asked) {
      if (this.#asked.size <= MAX_ASKED) break;
      this.#asked.delete(id);
    }
  }
}
