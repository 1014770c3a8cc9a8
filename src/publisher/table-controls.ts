/** Applies what operators request in the control topic to the tables of one session. */

import type { Control } from '../model/control.js';
import type { Events } from '../model/events.js';
import { afterReading, beginResync, cancelled, isUnderway, pendingResync } from '../model/resync.js';
import type { ResyncMark, TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import type { FailedTable } from '../sync/cycle.js';
import type { TableWork } from '../sync/source.js';
import type { TableLedger } from '../sync/table-ledger.js';
import { TableResyncs } from './table-resyncs.js';

/** What decides when tables are due. */
interface Pausable {
  pause(table: TableName): void;
  resume(table: TableName): void;
  /** Makes a table due now, whatever its schedule. */
  request(table: TableName): void;
}

interface TableControlsOptions {
  readonly work: ReadonlyMap<TableName, TableWork>;
  readonly schedule: Pausable;
  readonly events: Events;
  /** Whether a resync that fails is tried again. */
  readonly retries: boolean;
  /** What was requested of a table until now. */
  readonly controlOf: (table: TableName) => Control | undefined;
  /** Called where work of a table is under way that is paused now. */
  readonly onPausedAtWork: () => void;
  /** Called with what keeps an answer from being written, which ends the session. */
  readonly onFailure: (error: unknown) => void;
}

/** The requests that a cycle serves, by their revisions; 0: none. */
interface Served {
  readonly sync: number;
  readonly resync: number;
}

export class TableControls {
  readonly #options: TableControlsOptions;
  readonly #resyncs: TableResyncs;
  /** Tables whose cycle runs. */
  readonly #running = new Map<TableName, Served>();
  /** The last answer of each table: the next one follows it. */
  readonly #answers = new Map<TableName, Promise<void>>();

  constructor(options: TableControlsOptions) {
    this.#options = options;
    const { work, events, retries, onFailure } = options;
    const isPaused = (table: TableName) => this.#isPaused(table);
    this.#resyncs = new TableResyncs({ work, events, retries, isPaused, onFailure });
    for (const table of work.keys()) this.apply(table);
  }

  /** Follows what is requested of a table now, and answers in its state. */
  apply(table: TableName): void {
    const { work, schedule, controlOf, onPausedAtWork } = this.#options;
    const own = work.get(table);
    if (own === undefined) return;
    const control = controlOf(table);
    const paused = this.#isPaused(table);
    if (paused) schedule.pause(table);
    else schedule.resume(table);
    if (this.#pendingSync(table) > 0 && !paused) schedule.request(table);
    this.#resyncs.follow(table);
    if (control === undefined || control.revision === own.ledger.state.controlRevision) return;
    this.#inTurn(table, () => this.#answer(table, own.ledger));
    const isAtWork = this.#running.has(table) || own.tasks.reconcile !== null || own.tasks.recovery !== null;
    if (paused && isAtWork) onPausedAtWork();
  }

  /** Cycles of these tables begin. */
  started(tables: readonly TableName[]): void {
    for (const table of tables)
      this.#running.set(table, { sync: this.#pendingSync(table), resync: this.#wholeResync(table) });
  }

  /** The cycle of a table is over, and its outcome is in its state. */
  done(table: TableName): void {
    const { sync, resync } = this.#running.get(table) ?? { sync: 0, resync: 0 };
    this.#running.delete(table);
    const ledger = this.#options.work.get(table)?.ledger;
    if (ledger === undefined) return;
    if (sync > 0) this.#inTurn(table, () => ledger.record({ syncRevision: sync }));
    const finishedAt = ledger.state.cycle?.finishedAt ?? null;
    if (resync > 0 && finishedAt !== null) this.#inTurn(table, () => this.#hasRead(table, ledger, resync));
  }

  /** Resolves when all answers are written. */
  async settled(): Promise<void> {
    await Promise.all(this.#answers.values());
  }

  /** Resolves when all answers are written and no resync runs. */
  async resynced(): Promise<void> {
    await this.settled();
    await this.#resyncs.settled();
  }

  /** The tables whose resyncs failed and are not tried again. */
  get failedResyncs(): readonly FailedTable[] {
    return this.#resyncs.failed;
  }

  /** Ends the resyncs; the next session continues them. */
  stop(): void {
    this.#resyncs.stop();
  }

  #isPaused(table: TableName): boolean {
    const { work, controlOf } = this.#options;
    return controlOf(table)?.paused ?? work.get(table)?.ledger.state.paused ?? false;
  }

  /** The revision of a `sync` that no cycle has served; 0: none. */
  #pendingSync(table: TableName): number {
    const { work, controlOf } = this.#options;
    const requested = controlOf(table)?.sync ?? 0;
    const served = work.get(table)?.ledger.state.syncRevision ?? 0;
    return requested > served ? requested : 0;
  }

  /** The revision of a resync that the next complete cycle of a table serves, which is read whole; 0: none. */
  #wholeResync(table: TableName): number {
    const { source, state } = this.#options.work.get(table)?.ledger ?? {};
    const resync = state?.resync ?? null;
    const isRead = source?.reads === 'whole' && isUnderway(resync) && resync.phase === 'reading';
    return isRead ? resync.revision : 0;
  }

  /** Answers of a table follow one another. */
  #inTurn(table: TableName, answer: () => Promise<void>): void {
    const before = this.#answers.get(table) ?? Promise.resolve();
    this.#answers.set(table, before.then(answer).catch(this.#options.onFailure));
  }

  async #answer(table: TableName, ledger: TableLedger): Promise<void> {
    const control = this.#options.controlOf(table);
    if (control === undefined || control.revision === ledger.state.controlRevision) return;
    const isRepublished = pendingResync(control, ledger.state)?.republish === true;
    const ends = isRepublished ? await ledger.rowLog.ends() : null;
    const { paused, revision: controlRevision } = control;
    let before = ledger.state;
    await ledger.record(() => {
      before = ledger.state;
      return { paused, controlRevision, resync: resyncAfter(control, before, ends) };
    });
    if (paused !== before.paused)
      this.#options.events.emit('table:paused', { ...ledger.at, isPaused: paused });
    this.#reportResync(ledger, before.resync, ledger.state.resync);
    if (this.#wholeResync(table) > 0) this.#options.schedule.request(table);
    this.#resyncs.follow(table);
  }

  #reportResync({ at }: TableLedger, before: ResyncMark | null, after: ResyncMark | null): void {
    const { events } = this.#options;
    if (after === null) return;
    const isOther = after.revision !== before?.revision;
    if (isUnderway(before) && (isOther || after.phase === 'cancelled')) {
      const resync = isOther ? cancelled(before, Date.now()) : after;
      events.emit('resync:changed', { ...at, what: 'cancelled', resync });
    }
    if (!isOther) return;
    const what = isUnderway(after) ? 'started' : 'finished';
    events.emit('resync:changed', { ...at, what, resync: after });
  }

  /** A complete cycle has compared the table. */
  async #hasRead(table: TableName, ledger: TableLedger, revision: number): Promise<void> {
    const { events } = this.#options;
    const { records = 0, deletes = 0 } = ledger.state.cycle ?? {};
    await ledger.record(() => {
      const { resync } = ledger.state;
      if (!isUnderway(resync) || resync.revision !== revision) return {};
      return { resync: afterReading({ ...resync, records, deletes }, Date.now()) };
    });
    const { resync } = ledger.state;
    if (resync?.revision === revision && resync.phase === 'finished')
      events.emit('resync:changed', { ...ledger.at, what: 'finished', resync });
    this.#resyncs.follow(table);
  }
}

/** The resync in the state of a table that follows the control. */
function resyncAfter(control: Control, state: TableState, ends: readonly number[] | null): ResyncMark | null {
  const now = Date.now();
  const requested = pendingResync(control, state);
  if (requested !== null) return beginResync(requested, state, { now, ends });
  const { resync } = state;
  const isCancelled = control.resync === null && isUnderway(resync) && control.revision > resync.revision;
  return isCancelled ? cancelled(resync, now) : resync;
}
