/** Reads a table whole: it is complete with its last page, so that keys that were not met are gone. */

import { PublisherError } from '../model/errors.js';
import type { Page } from '../model/table.js';
import type { Batch } from './batch.js';
import type { CycleParts } from './cycle-parts.js';
import type { PageEnd, Underway } from './cycle-publisher.js';
import { DELETES_KEPT_MS } from './published.js';
import { Pipeline } from './side-by-side.js';

export class WholeReading {
  readonly #parts: CycleParts;

  constructor(parts: CycleParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { ledger, pending, idsSetAside } = this.#parts;
    const { source, settings, marks } = ledger;
    const pages = source.pull({ from: settings.startDate, to: null }, idsSetAside);
    marks.beginReading();
    const pipeline = new Pipeline(pending);
    let isComplete = false;
    try {
      for await (const page of pages) {
        await pipeline.push(() => this.#publish(page));
        isComplete = page.last;
      }
    } finally {
      await pipeline.end();
    }
    if (!isComplete)
      throw new PublisherError('internal', `${source.name}: the reading ended before its last page`);
  }

  #publish(page: Page): Promise<Underway> {
    const isMet = (key: string) => this.#parts.ledger.marks.isMet(key);
    return this.#parts.publisher.publish({ page, isMet, complete: (batch) => this.#end(page, batch) });
  }

  async #end(page: Page, batch: Batch): Promise<PageEnd> {
    const { ledger, byId, publisher } = this.#parts;
    const { marks, source } = ledger;
    for (const key of batch.met) marks.meet(key);
    for (const { key } of batch.twins) marks.meet(key);
    byId.note(page, batch);
    const progress = { rowsExpected: marks.size || null, covered: 0, toCover: 0 };
    if (!page.last) return { finished: false, progress };
    const gone = await this.#confirmGone(ledger.unmet(publisher.startedAt.getTime() - DELETES_KEPT_MS));
    const { fetchedAt } = page;
    const bookmark = source.method === 'incremental' ? page.newest : null;
    return {
      finished: true,
      progress,
      tombstones: gone.map((key) => ({ op: 'delete', key, fetchedAt })),
      freed: [...ledger.deadLetterKeys()].filter((key) => !marks.isMet(key)),
      ...(bookmark === null ? {} : { reached: { bookmark, ahead: [] } }),
    };
  }

  /** Those of the keys whose rows are gone. A row that can't be checked is kept, and delays no other. */
  async #confirmGone(keys: readonly string[]): Promise<readonly string[]> {
    const asked = this.#parts.withoutSetAside(keys);
    const { gone, unread } = await this.#parts.ledger.source.confirmGone(asked);
    this.#parts.countUnread(asked.length, unread);
    return gone;
  }
}
