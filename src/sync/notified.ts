/**
 * Publishes what was fetched because of a notification, between the pages of the table's cycles. It is
 * compared like every other row, so a notification that arrives late, twice or out of order publishes only
 * what is new.
 */

import type { Events } from '../model/events.js';
import type { Fetched } from './source.js';
import type { Commit, Publication, TableLedger } from './table-ledger.js';

/**
 * Publishes what memory can judge, and returns the rest, for `publishBeyondMemory`. `hintedAt`: broker's time
 * (epoch milliseconds) up to which the notifications of this table are processed then; null: that is not
 * known.
 */
export async function publishNotified(
  ledger: TableLedger,
  events: Events,
  fetched: Fetched,
  hintedAt: number | null,
): Promise<Fetched | null> {
  const rest: { beyond: Fetched | null } = { beyond: null };
  const commit = await ledger.publish(() => {
    const { known, beyond } = ledger.divide(fetched);
    rest.beyond = beyond;
    return publicationOf(ledger, known, hintedAt);
  });
  await report(ledger, events, commit);
  return rest.beyond;
}

/** Publishes the rest: reads the topic first, which may take minutes. */
export async function publishBeyondMemory(
  ledger: TableLedger,
  events: Events,
  fetched: Fetched,
): Promise<void> {
  const publication = publicationOf(ledger, fetched, null);
  await report(ledger, events, await ledger.publishKnowing(ledger.keysOf(fetched), publication));
}

function publicationOf(ledger: TableLedger, fetched: Fetched, hintedAt: number | null): Publication {
  return {
    page: ledger.pageOf(fetched),
    gone: fetched.gone,
    complete: () => {
      const before = ledger.state.hintedAt;
      const reached = hintedAt === null ? before : Math.max(hintedAt, before ?? 0);
      return { change: () => ({ hintedAt: reached }), isNews: reached !== before };
    },
  };
}

async function report(ledger: TableLedger, events: Events, commit: Commit): Promise<void> {
  const { records, deletes, deadLetters, letters, batch, committed } = commit;
  await committed;
  events.emit('hints:committed', {
    ...ledger.at,
    records,
    deletes,
    deadLetters,
    ...(letters === null ? {} : { letters }),
    unknownFields: batch.leftovers,
  });
}
