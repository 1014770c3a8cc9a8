/** What the parts of one cycle share. */

import type { Events } from '../model/events.js';
import { FailureCount, idsIn, type Unread } from '../model/set-aside.js';
import { CyclePublisher } from './cycle-publisher.js';
import { RowsById } from './rows-by-id.js';
import { PendingPages } from './side-by-side.js';
import type { TableLedger } from './table-ledger.js';

/**
 * Pages in memory that are not committed yet, beside those that are being waited for: more than arrive during
 * a transaction, so that reading continues.
 */
const MAX_PAGES = 80;

export class CycleParts {
  readonly ledger: TableLedger;
  readonly events: Events;
  readonly publisher: CyclePublisher;
  readonly failures = new FailureCount();
  readonly pending = new PendingPages(MAX_PAGES);
  readonly byId: RowsById;

  constructor(ledger: TableLedger, events: Events) {
    this.ledger = ledger;
    this.events = events;
    this.publisher = new CyclePublisher(ledger, events);
    this.byId = new RowsById(this);
  }

  /** The IDs that are left to the retries. */
  get idsSetAside(): ReadonlySet<string> {
    return idsIn(this.ledger.state.setAside);
  }

  /** Those of the IDs that are not left to the retries. */
  withoutSetAside(ids: readonly string[]): readonly string[] {
    const setAside = this.idsSetAside;
    return ids.filter((id) => !setAside.has(id));
  }

  /** Sets aside what could not be read; throws when that is too much of what was requested. */
  countUnread(asked: number, unread: readonly Unread[]): void {
    const rows = unread.filter(({ id }) => id !== null).map(({ error }) => error);
    this.failures.add('row', asked, rows);
    this.ledger.setAside(unread);
  }
}
