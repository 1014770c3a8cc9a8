/** Reads a table whole: it is complete with its last page, so that keys that were not met are gone. */

import { PublisherError } from '../model/errors.js';
import { pageSpan } from '../model/spans.js';
import type { Page } from '../model/table.js';
import { inOpenSpan, type OpenSpan } from '../model/tracing.js';
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
    const pages = source.pull({ from: settings.startDate, to: null }, idsSetAside)[Symbol.asyncIterator]();
    marks.beginReading();
    const pipeline = new Pipeline(pending);
    let isComplete = false;
    try {
      for (let next = await this.#readNext(pages, pipeline); next !== null; ) {
        isComplete = next.last;
        next = await this.#readNext(pages, pipeline);
      }
    } finally {
      await pages.return?.();
      await pipeline.end();
    }
    if (!isComplete)
      throw new PublisherError('internal', `${source.name}: the reading ended before its last page`);
  }

  /** Reads and publishes the next page; null behind the last one. */
  #readNext(pages: AsyncIterator<Page>, pipeline: Pipeline): Promise<Pick<Page, 'last'> | null> {
    return inOpenSpan(pageSpan(this.#parts.ledger.at), async (span) => {
      const { value: page, done } = await pages.next();
      if (done) return null;
      span.set({ 'intercom_kafka.rows': page.rows.length });
      await pipeline.push(() => this.#publish(page, span));
      return { last: page.last };
    });
  }

  async #publish(page: Page, span: OpenSpan): Promise<Underway> {
    const isMet = (key: string) => this.#parts.ledger.marks.isMet(key);
    const complete = (batch: Batch) => this.#end(page, batch);
    const underway = await this.#parts.publisher.publish({ page, isMet, complete });
    span.endWith(underway.committed);
    return underway;
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
