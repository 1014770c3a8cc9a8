/**
 * Rows that a cycle requests by their IDs, because its readings do not show for certain whether they exist.
 */

import { idOf } from '../model/row.js';
import type { Page } from '../model/table.js';
import type { Batch } from './batch.js';
import type { CycleParts } from './cycle-parts.js';
import { fetchById } from './fetch-by-id.js';
import type { FoundRows } from './source.js';

/**
 * Rows that are fetched by ID before they are published together: publishing them may need a reading of their
 * whole topic.
 */
const MAX_FETCHED = 1_000;

export class RowsById {
  readonly #parts: CycleParts;
  /** IDs of rows that the readings show although they are gone. */
  readonly #returned = new Set<string>();
  /** IDs of rows that others have replaced, of which the topic may have some. */
  readonly #replaced = new Set<string>();
  /** Epoch seconds: what was replaced earlier was found by earlier cycles. */
  readonly #replacedSince: number;

  constructor(parts: CycleParts) {
    this.#parts = parts;
    const { ledger, publisher } = parts;
    const start = ledger.state.bookmark ?? publisher.startedAt.getTime() / 1000;
    this.#replacedSince = start - ledger.settings.lookback;
  }

  /** Remembers which rows of a page are to be requested by ID after the reading. */
  note({ rows }: Page, { returned }: Batch): void {
    const { ledger } = this.#parts;
    const { find, askedAs = idOf, replaced } = ledger.source;
    if (find === undefined) return;
    for (const { key, raw } of returned) if (ledger.shouldCheck(key)) this.#returned.add(askedAs(raw));
    for (const id of replaced?.due(rows, this.#replacedSince) ?? [])
      if (ledger.known(id)?.gone !== true) this.#replaced.add(id);
  }

  /**
   * Requests the noted rows and publishes the result. A row that is shown although it is gone has come back
   * if it exists by its ID. A row that was replaced is gone if it does not. A long history names thousands of
   * rows that were replaced before the first reading: those that the topic lacks are not requested.
   */
  async settle(): Promise<void> {
    const { ledger } = this.#parts;
    const { find, replaced } = ledger.source;
    if (find === undefined) return;
    const replacedIds = [...this.#replaced];
    await this.publish([...this.#returned, ...(await ledger.published(replacedIds))], find);
    replaced?.add(replacedIds);
  }

  /** Requests rows by their IDs and publishes the result. Rows that can't be fetched are set aside. */
  async publish(ids: readonly string[], find: (id: string) => Promise<FoundRows | null>): Promise<void> {
    const asked = this.#parts.withoutSetAside(ids);
    for (let start = 0; start < asked.length; start += MAX_FETCHED) {
      const batch = asked.slice(start, start + MAX_FETCHED);
      const { fetched, unread } = await fetchById(batch, find);
      // Before the commit, whose state carries it.
      this.#parts.countUnread(batch.length, unread);
      await this.#parts.publisher.publishFetched(fetched);
    }
  }
}
