/**
 * A resync: reads a table again beside its cycles, publishes what differs from its topic and what is gone, and
 * on request each row once more.
 *
 * It publishes through the table's ledger, between the pages of the cycles, as notifications do. Rows that
 * differ are requested by their IDs first, so that no version overtakes another. How far it is stands in the
 * table's state, in the transaction of what it publishes: the next owner continues there. A table that is read
 * whole is compared by its own next complete cycle.
 */

import { asPublisherError, PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { afterReading, finished, isUnderway } from '../model/resync.js';
import { FailureCount, idsIn } from '../model/set-aside.js';
import type { ResyncMark, TableState } from '../model/state.js';
import { fetchById } from './fetch-by-id.js';
import { type Findings, type IdSource, ReconcileScan } from './reconcile.js';
import { republish } from './republish.js';
import type { Fetched } from './source.js';
import type { End, Held, TableLedger } from './table-ledger.js';

/** What a scan has found is published so often, or sooner where it is much: each time may read the topic. */
const PUBLISH_EVERY_MS = 30_000;
/** Rows that are fetched by ID before they are published together. */
const MAX_FETCHED = 1_000;
/** Readings of a window whose rows keep leaving it: polls find the rows that have left. */
const MAX_READINGS = 5;

const NOTHING: Fetched = { rows: [], gone: [], fetchedAt: 0, askedAt: undefined };

/** Whether a resync can continue now: a table that is read whole waits for its cycle. */
export function canContinue({ source, state }: TableLedger): boolean {
  const { resync } = state;
  return isUnderway(resync) && (resync.phase !== 'reading' || source.reads === 'searched');
}

export class Resync {
  /** Of the request that it serves. */
  readonly revision: number;
  /** Resolves with null when it is complete, was stopped or was cancelled, or with what ended it. */
  readonly ended: Promise<PublisherError | null>;
  readonly #ledger: TableLedger;
  readonly #events: Events;
  readonly #stop = new AbortController();
  readonly #failures = new FailureCount();
  readonly #maxKeys: number | undefined;

  /** Continues at once the resync in the ledger's state. `maxKeys`: see `Republication`. */
  constructor(ledger: TableLedger, events: Events, maxKeys?: number) {
    this.#ledger = ledger;
    this.#events = events;
    this.#maxKeys = maxKeys;
    this.revision = ledger.state.resync?.revision ?? 0;
    this.ended = this.#run().then(
      () => null,
      (thrown: unknown) => (this.#isCurrent ? asPublisherError(thrown) : null),
    );
  }

  /** Ends it behind the commit under way. */
  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    if (this.#mark.phase === 'reading') {
      await this.#read();
      await this.#record((mark) => afterReading(mark, Date.now()));
    } else await this.#republish();
    const { resync } = this.#ledger.state;
    if (resync?.revision !== this.revision) return;
    if (resync.phase === 'republishing') return this.#run();
    if (resync.phase === 'finished')
      this.#events.emit('resync:changed', { ...this.#ledger.at, what: 'finished', resync });
  }

  /** Throws `stopped` where the request is no longer the one that counts. */
  get #mark(): ResyncMark {
    const { resync } = this.#ledger.state;
    if (resync === null || !this.#isCurrent) throw stopped();
    return resync;
  }

  get #isCurrent(): boolean {
    const { resync } = this.#ledger.state;
    return !this.#stop.signal.aborted && resync?.revision === this.revision && isUnderway(resync);
  }

  /** The change of the state; none where the resync was cancelled meanwhile. */
  #change(next: (mark: ResyncMark) => Partial<ResyncMark>): Partial<TableState> {
    const { resync } = this.#ledger.state;
    if (resync?.revision !== this.revision || !isUnderway(resync)) return {};
    const changed = { ...resync, error: null, ...next(resync) };
    return { resync: changed, updatedAt: new Date().toISOString() };
  }

  async #record(next: (mark: ResyncMark) => Partial<ResyncMark>): Promise<void> {
    await this.#ledger.record(() => this.#change(next));
  }

  #reportProgress(): void {
    const { resync } = this.#ledger.state;
    if (resync?.revision === this.revision && isUnderway(resync))
      this.#events.emit('resync:changed', { ...this.#ledger.at, what: 'progress', resync });
  }

  async #read(): Promise<void> {
    const { source } = this.#ledger;
    const { until } = this.#mark;
    // Where nothing is published yet, or all that is there never changes, there is nothing to compare.
    if (source.ids !== null && until !== null) await this.#compare(source.ids, until);
  }

  async #compare(ids: IdSource, until: number): Promise<void> {
    const { source, settings } = this.#ledger;
    const { since, reached } = this.#mark;
    const end = new AbortController();
    const scan = new ReconcileScan(
      ids,
      reached ?? (since === null ? null : Math.max(since, settings.startDate) - 1),
      () => idsIn(this.#ledger.state.setAside),
      {
        start: settings.startDate,
        until,
        // The search shows parents, whose rows are in their details.
        isEveryRow: source.isChild === true,
        readings: MAX_READINGS,
        signal: AbortSignal.any([end.signal, this.#stop.signal]),
      },
    );
    try {
      for (let isOver = false; !isOver; ) {
        await settledWithin(PUBLISH_EVERY_MS, scan.isReady());
        const { failure } = scan;
        const findings = scan.drain();
        await this.#publishFindings(findings, ids);
        if (failure !== null) throw failure;
        isOver = findings.over;
      }
    } finally {
      end.abort();
      await scan.ended;
    }
  }

  /** What was found is published before the place up to which it was compared is recorded. */
  async #publishFindings({ gone, differs, unread, reached }: Findings, { find }: IdSource): Promise<void> {
    const asked = find === undefined ? [] : differs;
    this.#ledger.setAside(unread);
    for (let start = 0; start === 0 || start < asked.length; start += MAX_FETCHED) {
      const batch = asked.slice(start, start + MAX_FETCHED);
      const fetched = find === undefined || batch.length === 0 ? NOTHING : await this.#fetch(batch, find);
      const isLast = start + MAX_FETCHED >= asked.length;
      const all = { ...fetched, gone: [...fetched.gone, ...(isLast ? gone : [])] };
      await this.#publish(all, isLast ? reached : null);
    }
  }

  /** Rows that can't be fetched are set aside, in the commit of the others. */
  async #fetch(ids: readonly string[], find: NonNullable<IdSource['find']>): Promise<Fetched> {
    const { fetched, unread } = await fetchById(ids, find);
    this.#failures.add(
      'row',
      ids.length,
      unread.map(({ error }) => error),
    );
    this.#ledger.setAside(unread);
    return fetched;
  }

  async #publish(fetched: Fetched, reached: number | null): Promise<void> {
    const placeOf = (mark: ResyncMark) => ({ reached: reached ?? mark.reached });
    if (fetched.rows.length + fetched.gone.length > 0) await this.#publishRows(fetched, placeOf);
    else if (reached !== null && reached !== this.#mark.reached) await this.#record(placeOf);
    else return;
    this.#reportProgress();
  }

  async #publishRows(fetched: Fetched, placeOf: (mark: ResyncMark) => Partial<ResyncMark>): Promise<void> {
    const ledger = this.#ledger;
    const complete = (): End => {
      if (!this.#isCurrent) throw stopped();
      const change = ({ records, deletes }: Held) =>
        this.#change((mark) => ({
          ...placeOf(mark),
          records: mark.records + records,
          deletes: mark.deletes + deletes,
        }));
      return { isNews: true, change };
    };
    const publication = { page: ledger.pageOf(fetched), gone: fetched.gone, complete };
    const commit = await ledger.publishKnowing(ledger.keysOf(fetched), publication);
    const { records, deletes, deadLetters, letters, batch, committed } = commit;
    await committed;
    this.#events.emit('resync:committed', {
      ...ledger.at,
      ...{ records, deletes, deadLetters, unknownFields: batch.leftovers, republished: 0 },
      ...(letters === null ? {} : { letters }),
    });
  }

  async #republish(): Promise<void> {
    const ledger = this.#ledger;
    const { rowLog: log } = ledger;
    if (this.#mark.ends === null) {
      const ends = await log.ends();
      await this.#record(() => ({ ends, offsets: [] }));
    }
    const { ends, offsets, since } = this.#mark;
    await republish({
      log,
      ends: ends ?? [],
      from: offsets,
      since,
      signal: this.#stop.signal,
      ...(this.#maxKeys === undefined ? {} : { maxKeys: this.#maxKeys }),
      watch: () => ledger.watchKeys(),
      publish: async (versions, newer, reached) => {
        const changeOf = (count: number) =>
          this.#isCurrent
            ? this.#change((mark) => ({ offsets: reached, republished: mark.republished + count }))
            : null;
        this.#reportRepublished(await ledger.republish(versions, newer, changeOf));
      },
    });
    await this.#record((mark) => finished(mark, Date.now()));
  }

  #reportRepublished(republished: number): void {
    const unknownFields = new Map<string, number>();
    const counts = { records: 0, deletes: 0, deadLetters: 0, unknownFields, republished };
    this.#events.emit('resync:committed', { ...this.#ledger.at, ...counts });
    this.#reportProgress();
  }
}

function stopped(): PublisherError {
  return new PublisherError('stopped', 'the resync was stopped');
}

/** Resolves as `work` does, or after so many milliseconds. */
async function settledWithin(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
