/** Applies what operators request in the control topic to the tables of one session. */

import type { Control } from '../model/control.js';
import type { TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import type { CycleEnd } from '../sync/cycle.js';
import type { TableWork } from '../sync/source.js';

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
  /** What was requested of a table until now. */
  readonly controlOf: (table: TableName) => Control | undefined;
  /** Called when a table is paused or resumed. */
  readonly onPaused: (table: TableName, isPaused: boolean) => void;
  /** Called where work of a table is under way that is paused now. */
  readonly onPausedAtWork: () => void;
  /** Called with what keeps an answer from being written, which ends the session. */
  readonly onFailure: (error: unknown) => void;
}

/** What a table follows now. */
type Followed = Pick<TableState, 'paused' | 'controlRevision' | 'syncRevision'>;

export class TableControls {
  readonly #options: TableControlsOptions;
  /** What was applied last. The states follow: an answer waits for the table's lock. */
  readonly #followed: Map<TableName, Followed>;
  /** Tables whose cycle runs, with the `sync` that it serves; 0: none. */
  readonly #running = new Map<TableName, number>();
  readonly #answers = new Set<Promise<void>>();

  constructor(options: TableControlsOptions) {
    this.#options = options;
    this.#followed = new Map([...options.work].map(([table, { ledger }]) => [table, ledger.state]));
    for (const table of options.work.keys()) this.apply(table);
  }

  /** Follows what is requested of a table now, and answers in its state. */
  apply(table: TableName): void {
    const { schedule, controlOf, onPaused } = this.#options;
    const before = this.#followed.get(table);
    if (before === undefined) return;
    const { paused, revision } = controlOf(table) ?? { ...before, revision: before.controlRevision };
    if (paused) schedule.pause(table);
    else schedule.resume(table);
    if (this.#pendingSync(table) > 0 && !paused) schedule.request(table);
    if (paused === before.paused && revision === before.controlRevision) return;
    this.#answer(table, { paused, controlRevision: revision });
    if (paused !== before.paused) onPaused(table, paused);
    if (paused && this.#isAtWork(table)) this.#options.onPausedAtWork();
  }

  /** Cycles of these tables begin. */
  started(tables: readonly TableName[]): void {
    for (const table of tables) this.#running.set(table, this.#pendingSync(table));
  }

  /** The cycle of a table is over. One that was cut serves no `sync`: a later cycle does. */
  done(table: TableName, end: CycleEnd): void {
    const sync = this.#running.get(table) ?? 0;
    this.#running.delete(table);
    const { cycle, error } = this.#options.work.get(table)?.ledger.state ?? {};
    if (sync === 0 || end === 'cut' || cycle === undefined || error === undefined) return;
    this.#answer(table, { syncRevision: sync, syncResult: { cycle, error } });
  }

  /** Resolves when all answers are written. */
  async settled(): Promise<void> {
    await Promise.all(this.#answers);
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

  #answer(table: TableName, change: Partial<TableState>): void {
    const { ledger } = this.#options.work.get(table) ?? {};
    const before = this.#followed.get(table);
    if (ledger === undefined || before === undefined) return;
    this.#followed.set(table, { ...before, ...change });
    const answer: Promise<void> = ledger
      .record(change)
      .catch(this.#options.onFailure)
      .finally(() => this.#answers.delete(answer));
    this.#answers.add(answer);
  }
}
