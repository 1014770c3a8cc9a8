/** Applies what operators request in the control topic to the tables of one session. */

import type { Control } from '../model/control.js';
import type { Events } from '../model/events.js';
import { afterReading, beginResync, cancelled, isUnderway, pendingResync } from '../model/resync.js';
import type { ResyncMark, TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import type { CycleEnd, FailedTable } from '../sync/cycle.js';
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

/** What a table follows now. */
type Followed = Pick<TableState, 'paused' | 'controlRevision' | 'syncRevision'>;

/** The requests that a cycle serves, by their revisions; 0: none. */
interface Served {
  readonly sync: number;
  readonly resync: number;
}

export class TableControls {
  readonly #options: TableControlsOptions;
  /** What was applied last. The states follow: an answer waits for the table's lock. */
  readonly #followed: Map<TableName, Followed>;
  /** Tables whose cycle runs. */
  readonly #running = new Map<TableName, Served>();
  /** The last answer of each table: the next one follows it. */
  readonly #answers = new Map<TableName, Promise<void>>();
  readonly #resyncs: TableResyncs;

  constructor(options: TableControlsOptions) {
    this.#options = options;
    this.#followed = new Map([...options.work].map(([table, { ledger }]) => [table, ledger.state]));
    const { work, events, retries, onFailure } = options;
    const isPaused = (table: TableName) => this.#followed.get(table)?.paused ?? false;
    this.#resyncs = new TableResyncs({ work, events, retries, isPaused, onFailure });
    for (const table of work.keys()) this.apply(table);
  }

  /** Follows what is requested of a table now, and answers in its state. */
  apply(table: TableName): void {
    const { work, schedule, controlOf, events } = this.#options;
    const before = this.#followed.get(table);
    const ledger = work.get(table)?.ledger;
    if (before === undefined || ledger === undefined) return;
    const control = controlOf(table);
    const { paused, revision } = control ?? { ...before, revision: before.controlRevision };
    this.#followed.set(table, { ...before, paused, controlRevision: revision });
    if (paused) schedule.pause(table);
    else schedule.resume(table);
    if (this.#pendingSync(table) > 0 && !paused) schedule.request(table);
    this.#resyncs.follow(table);
    if (paused === before.paused && revision === before.controlRevision) return;
    this.#inTurn(table, () => this.#answer(table, ledger, { paused, controlRevision: revision }, control));
    if (paused !== before.paused) events.emit('table:paused', { ...ledger.at, isPaused: paused });
    if (paused && this.#isAtWork(table)) this.#options.onPausedAtWork();
  }

  /** Cycles of these tables begin. */
  started(tables: readonly TableName[]): void {
    for (const table of tables)
      this.#running.set(table, { sync: this.#pendingSync(table), resync: this.#wholeResync(table) });
  }

  /** The cycle of a table is over. One that was cut serves no `sync`: a later cycle does. */
  done(table: TableName, end: CycleEnd): void {
    const { sync, resync } = this.#running.get(table) ?? { sync: 0, resync: 0 };
    this.#running.delete(table);
    const { cycle, error } = this.#options.work.get(table)?.ledger.state ?? {};
    const before = this.#followed.get(table);
    if (end === 'cut' || cycle === undefined || error === undefined || before === undefined) return;
    if (sync > 0) {
      this.#followed.set(table, { ...before, syncRevision: sync });
      this.#inTurn(table, (ledger) => ledger.record({ syncRevision: sync, syncResult: { cycle, error } }));
    }
    if (resync > 0 && cycle !== null && cycle.finishedAt !== null)
      this.#inTurn(table, (ledger) => this.#hasRead(table, ledger, resync));
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

  #isAtWork(table: TableName): boolean {
    const { reconcile, recovery } = this.#options.work.get(table)?.tasks ?? {};
    return this.#running.has(table) || reconcile != null || recovery != null;
  }

  /** The revision of a `sync` that no cycle has served; 0: none. */
  #pendingSync(table: TableName): number {
    const requested = this.#options.controlOf(table)?.sync ?? 0;
    return requested > (this.#followed.get(table)?.syncRevision ?? 0) ? requested : 0;
  }

  /** The revision of a resync that the next complete cycle of a table serves, which is read whole; 0: none. */
  #wholeResync(table: TableName): number {
    const { source, state } = this.#options.work.get(table)?.ledger ?? {};
    const resync = state?.resync ?? null;
    const isRead = source?.reads === 'whole' && isUnderway(resync) && resync.phase === 'reading';
    return isRead ? resync.revision : 0;
  }

  /** Answers of a table follow one another. */
  #inTurn(table: TableName, answer: (ledger: TableLedger) => Promise<void>): void {
    const { ledger } = this.#options.work.get(table) ?? {};
    if (ledger === undefined) return;
    const before = this.#answers.get(table) ?? Promise.resolve();
    this.#answers.set(table, before.then(() => answer(ledger)).catch(this.#options.onFailure));
  }

  async #answer(
    table: TableName,
    ledger: TableLedger,
    change: Partial<TableState>,
    control: Control | undefined,
  ): Promise<void> {
    const isRepublished = pendingResync(control, ledger.state)?.republish === true;
    const ends = isRepublished ? await ledger.rowLog.ends() : null;
    let before = ledger.state;
    await ledger.record(() => {
      before = ledger.state;
      return control === undefined ? change : { ...change, resync: resyncAfter(control, before, ends) };
    });
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
