/** Runs the resyncs of a session's tables, beside their cycles. */

import type { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { pause } from '../model/pause.js';
import { isUnderway } from '../model/resync.js';
import type { TableName } from '../model/table-names.js';
import type { FailedTable } from '../sync/cycle.js';
import { canContinue, Resync } from '../sync/resync.js';
import type { TableTasks, TableWork } from '../sync/source.js';
import type { TableLedger } from '../sync/table-ledger.js';

const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = 5 * 60_000;

interface TableResyncsOptions {
  readonly work: ReadonlyMap<TableName, TableWork>;
  readonly events: Events;
  /** Whether a resync that fails is tried again. */
  readonly retries: boolean;
  /** Whether nothing of the table may run now. */
  readonly isPaused: (table: TableName) => boolean;
  /** Called with a failure that reaches further than its table, which ends the session. */
  readonly onFailure: (error: unknown) => void;
}

export class TableResyncs {
  readonly #options: TableResyncsOptions;
  readonly #stop = new AbortController();
  /** The runs under way, and waits behind their failures. */
  readonly #runs = new Map<TableName, Promise<void>>();
  /** What ends the wait behind a failure of the resync with this revision. */
  readonly #waits = new Map<TableName, { readonly revision: number; readonly end: AbortController }>();
  /** Failures in a row. */
  readonly #failures = new Map<TableName, number>();
  /** Tables whose resync does not continue in this session. */
  readonly #givenUp = new Set<TableName>();
  readonly #failed: FailedTable[] = [];

  constructor(options: TableResyncsOptions) {
    this.#options = options;
  }

  /** Starts the resync in the table's state if it can continue now, and stops one that no longer counts. */
  follow(table: TableName): void {
    const work = this.#options.work.get(table);
    if (work === undefined) return;
    const { ledger, tasks } = work;
    const { resync } = ledger.state;
    const isWanted = isUnderway(resync) && !this.#options.isPaused(table) && !this.#stop.signal.aborted;
    const isOther = (revision: number) => !isWanted || revision !== resync.revision;
    if (tasks.resync !== null && isOther(tasks.resync.revision)) tasks.resync.stop();
    const wait = this.#waits.get(table);
    if (wait !== undefined && isOther(wait.revision)) wait.end.abort();
    if (!isWanted || this.#runs.has(table) || this.#givenUp.has(table)) return;
    if (canContinue(ledger)) this.#start(table, ledger, tasks);
  }

  /** Resolves when no resync runs. */
  async settled(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs.values());
  }

  /** The tables whose resyncs failed and are not tried again. */
  get failed(): readonly FailedTable[] {
    return this.#failed;
  }

  /** Ends all of them behind the commits under way. */
  stop(): void {
    this.#stop.abort();
    for (const { tasks } of this.#options.work.values()) tasks.resync?.stop();
  }

  #start(table: TableName, ledger: TableLedger, tasks: TableTasks): void {
    const resync = new Resync(ledger, this.#options.events);
    tasks.resync = resync;
    const run = resync.ended
      .then((error) => {
        tasks.resync = null;
        if (error !== null) return this.#handle(error, table, ledger);
        this.#failures.delete(table);
      })
      .finally(() => {
        this.#runs.delete(table);
        this.follow(table);
      });
    this.#runs.set(table, run);
  }

  /** Resolves when the resync may be tried again. */
  async #handle(error: PublisherError, table: TableName, ledger: TableLedger): Promise<void> {
    const { retries, onFailure } = this.#options;
    if (error.reach !== 'table' || !retries) this.#givenUp.add(table);
    // `stopped`: the session ends.
    if (error.reach === 'connection') onFailure(error);
    if (error.reach !== 'table') return;
    await this.#keepReason(error, ledger).catch(onFailure);
    if (retries) await this.#wait(table, ledger);
    else this.#failed.push({ table, error });
  }

  async #keepReason({ code, message }: PublisherError, ledger: TableLedger): Promise<void> {
    const reason = { code, message, at: new Date().toISOString() };
    await ledger.record(() => {
      const { resync } = ledger.state;
      return isUnderway(resync) ? { resync: { ...resync, error: reason } } : {};
    });
    const { resync } = ledger.state;
    if (isUnderway(resync))
      this.#options.events.emit('resync:changed', { ...ledger.at, what: 'waiting', resync });
  }

  async #wait(table: TableName, { state: { resync } }: TableLedger): Promise<void> {
    const failures = this.#failures.get(table) ?? 0;
    this.#failures.set(table, failures + 1);
    const end = new AbortController();
    this.#waits.set(table, { revision: resync?.revision ?? 0, end });
    const signal = AbortSignal.any([end.signal, this.#stop.signal]);
    await pause(Math.min(FIRST_WAIT_MS * 2 ** failures, MAX_WAIT_MS), signal).catch(() => undefined);
    this.#waits.delete(table);
  }
}
