/**
 * One cycle of one table: publishes what retries have read, what a reading shows, and what deletions and
 * reconcile find, each with the state that it brings the table to.
 */

import type { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { dueForRetry } from '../model/set-aside.js';
import type { CycleSummary, TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import { CycleParts } from './cycle-parts.js';
import { lastOf } from './cycle-publisher.js';
import { deletionsFrom, newDeletions } from './deletions.js';
import { type Findings, planReconcile, ReconcileScan } from './reconcile.js';
import { Recovery, type Retried } from './recovery.js';
import { nextTime } from './schedule.js';
import { SearchedReading } from './searched-reading.js';
import type { TableSource, TableTasks, TableWork } from './source.js';
import type { TableLedger } from './table-ledger.js';
import { WholeReading } from './whole-reading.js';

export class TableCycle {
  readonly #parts: CycleParts;
  readonly #ledger: TableLedger;
  readonly #source: TableSource;
  readonly #tasks: TableTasks;
  readonly #events: Events;

  constructor({ ledger, tasks }: TableWork, events: Events) {
    this.#parts = new CycleParts(ledger, events);
    this.#ledger = ledger;
    this.#source = ledger.source;
    this.#tasks = tasks;
    this.#events = events;
  }

  /**
   * Reads and publishes everything that is due. `awaitReconcile`: a reconcile that is due ends with the
   * cycle, instead of continuing beside the next ones. Throws a `PublisherError`; what was committed before
   * it stays.
   */
  async run(awaitReconcile: boolean): Promise<CycleSummary> {
    const ledger = this.#ledger;
    const { publisher, byId } = this.#parts;
    this.#events.emit('table:started', ledger.at);
    // A schema that the registry rejects is tried again before anything is published, also a tombstone.
    await ledger.prepare();
    const scan = this.#startReconcile();
    await this.#publishRetried(false);
    const recovery = this.#startRecovery();
    if (awaitReconcile) await recovery?.ended;
    ledger.beginReading();
    const isWhole = this.#source.reads === 'whole';
    await (isWhole ? new WholeReading(this.#parts) : new SearchedReading(this.#parts)).run();
    await this.#readDeletions();
    await byId.settle();
    if (scan !== null) await this.#publishReconciled(scan, awaitReconcile);
    await this.#publishRetried(true);
    await ledger.prepare();
    const summary = publisher.summary(true);
    const ms = Date.now() - publisher.startedAt.getTime();
    const { rowsRead } = publisher;
    const { bookmark } = ledger.state;
    this.#events.emit('table:finished', { ...ledger.at, summary, bookmark, ms, rowsRead });
    return summary;
  }

  get table(): TableName {
    return this.#source.name;
  }

  /** Reports a failure and keeps its reason in the table's state. */
  async fail(error: PublisherError): Promise<void> {
    this.#events.emit('table:failed', { ...this.#ledger.at, error });
    await this.keepReason(error);
  }

  /** Keeps the reason of a failure in the table's state; the bookmark stays where it is. */
  async keepReason({ code, message }: PublisherError): Promise<void> {
    const at = new Date().toISOString();
    await this.#parts.publisher.note({ updatedAt: at, error: { code, message, at } });
  }

  /**
   * Publishes what the API lists as deleted since the last time; before the first cycle nothing was published
   * that could be gone.
   */
  async #readDeletions(): Promise<void> {
    if (this.#source.deletions === null) return;
    const { settings, state } = this.#ledger;
    const start = Math.floor(this.#parts.publisher.startedAt.getTime() / 1000) - settings.lookback;
    const listed = await this.#source.deletions(deletionsFrom(state.deletions, start));
    const { ids, mark } = newDeletions(state.deletions, start, listed);
    await this.#publishDeletes(ids, { deletions: mark });
    this.#tasks.reconcile?.leaveOut(ids);
  }

  /** Resolves with the number of tombstones. */
  async #publishDeletes(ids: readonly string[], reached: Partial<TableState>): Promise<number> {
    const deletes = await this.#parts.publisher.publishDeletes(ids, reached);
    if (deletes > 0) this.#events.emit('deletions:committed', { ...this.#ledger.at, deletes });
    return deletes;
  }

  /** The reconcile under way, or the one that is due now; null when there is neither. */
  #startReconcile(): ReconcileScan | null {
    const { ids } = this.#source;
    const { settings, state } = this.#ledger;
    if (ids === null || settings.reconcile === null || this.#tasks.reconcile !== null)
      return this.#tasks.reconcile;
    const isFirst = state.bookmark === null;
    const at = { now: Date.now(), next: nextTime(settings.reconcile), isFirst };
    const { mark, start } = planReconcile(state.reconcile, at);
    this.#ledger.change({ reconcile: mark });
    if (start)
      this.#tasks.reconcile = new ReconcileScan(
        ids,
        mark.walk?.reached ?? null,
        () => this.#parts.idsSetAside,
      );
    return this.#tasks.reconcile;
  }

  /**
   * Publishes what reconcile has found so far. The next cycle resumes a scan that failed, where it stopped.
   */
  async #publishReconciled(scan: ReconcileScan, toItsEnd: boolean): Promise<void> {
    do {
      if (toItsEnd) await scan.isReady();
      await this.#publishOnce(scan);
    } while (toItsEnd && this.#tasks.reconcile === scan);
  }

  async #publishOnce(scan: ReconcileScan): Promise<void> {
    const { failure } = scan;
    const findings = scan.drain();
    try {
      scan.deletes += await this.#publishFindings(findings);
    } catch (error) {
      scan.putBack(findings);
      throw error;
    }
    if (findings.over || failure !== null) this.#tasks.reconcile = null;
    if (findings.over) this.#events.emit('table:reconciled', { ...this.#ledger.at, deletes: scan.deletes });
    if (failure !== null) throw failure;
  }

  /** Resolves with the number of tombstones. */
  async #publishFindings({ gone, differs, unread, reached, over }: Findings): Promise<number> {
    const find = this.#source.ids?.find;
    if (find !== undefined) await this.#parts.byId.publish(differs, find);
    this.#ledger.setAside(unread);
    const { reconcile } = this.#ledger.state;
    const dueAt = reconcile?.dueAt ?? new Date().toISOString();
    const isNew = over || unread.length > 0 || reached !== (reconcile?.walk?.reached ?? null);
    if (!isNew) return 0;
    return this.#publishDeletes(gone, { reconcile: { dueAt, walk: over ? null : { reached } } });
  }

  /** The retries under way, or those that are due now. */
  #startRecovery(): Recovery | null {
    const ledger = this.#ledger;
    const due = dueForRetry(ledger.state.setAside, Date.now());
    if (this.#tasks.recovery === null && due.length > 0)
      this.#tasks.recovery = new Recovery(this.#source.retry, due, (read) =>
        ledger.holdStanding(ledger.keysOf(read)),
      );
    return this.#tasks.recovery;
  }

  /**
   * Publishes what retries have read so far. Throws what ended them, if that reaches further than their rows.
   */
  async #publishRetried(isLast: boolean): Promise<void> {
    const { recovery } = this.#tasks;
    if (recovery === null) return;
    const { isOver, failure } = recovery;
    const drained = recovery.drain();
    try {
      for (const retried of drained) await this.#publishOneRetried(retried, isLast);
    } finally {
      for (const { standing } of drained) standing.release();
    }
    if (isOver) this.#tasks.recovery = null;
    if (failure !== null) throw failure;
  }

  async #publishOneRetried({ entry, fetched, unread, standing }: Retried, isLast: boolean): Promise<void> {
    const { committed } = await this.#parts.publisher.publish({
      page: this.#ledger.pageOf(fetched),
      gone: fetched.gone,
      found: standing.found,
      isById: entry.id !== null,
      complete: () => {
        this.#ledger.retried(entry, unread);
        return lastOf(isLast);
      },
    });
    await committed;
  }
}
