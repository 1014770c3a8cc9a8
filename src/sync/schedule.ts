/** When tables are due, by their cron expressions in UTC. */

import cron, { type ScheduledTask, type TaskOptions } from 'node-cron';
import type { TableName } from '../model/table-names.js';
import type { CycleEnd } from './cycle.js';

export interface ScheduledTable {
  readonly name: TableName;
  /** Cron expression; null: due again as soon as it was read. */
  readonly schedule: string | null;
}

/** By default node-cron writes to the console, once for each time that it missed. */
const CRON_OPTIONS: TaskOptions = {
  timezone: 'UTC',
  logger: {
    info: () => undefined,
    debug: () => undefined,
    warn: (message) => process.emitWarning(message, { type: 'ScheduleWarning', code: 'MISSED_TIME' }),
    error: (error) => process.emitWarning(String(error), { type: 'ScheduleWarning' }),
  },
};

/** The time in epoch milliseconds at which the cron expression (in UTC) comes round next. */
export function nextTime(expression: string): number {
  const task = cron.schedule(expression, () => undefined, CRON_OPTIONS);
  try {
    return task.getNextRun()?.getTime() ?? Number.MAX_SAFE_INTEGER;
  } finally {
    void task.destroy();
  }
}

/**
 * The tables that are due. All are due at the start; after that a table becomes due at each time of its
 * schedule, once, however often that passes while it is read: a table's cycle never overlaps itself and none
 * is made up for. Tables do not wait for each other: a back-fill of hours, or a scroll that another program
 * holds, delays no other table.
 */
export class Schedule {
  readonly #tables: readonly ScheduledTable[];
  readonly #tasks: ScheduledTask[];
  readonly #busy = new Set<TableName>();
  readonly #paused = new Set<TableName>();
  #due: Set<TableName>;
  #wake: (() => void) | null = null;

  constructor(tables: readonly ScheduledTable[]) {
    this.#tables = tables;
    this.#due = new Set(tables.map(({ name }) => name));
    const expressions = new Set(tables.flatMap(({ schedule }) => schedule ?? []));
    this.#tasks = [...expressions].map((expression) =>
      cron.schedule(expression, () => this.#becomeDue(expression), CRON_OPTIONS),
    );
  }

  /**
   * Waits until a table is due and returns all that are due. None of them is returned again until `done` is
   * called for it. Returns an empty list when the signal aborts.
   */
  async next(signal: AbortSignal): Promise<TableName[]> {
    let ready = this.#ready();
    while (ready.length === 0 && !signal.aborted) {
      await this.#turn(signal);
      ready = this.#ready();
    }
    if (signal.aborted) return [];
    for (const name of ready) {
      this.#due.delete(name);
      this.#busy.add(name);
    }
    return ready;
  }

  /** The cycle of a table is over. A table whose cycle was cut is due at once. */
  done(table: TableName, end: CycleEnd = 'recorded'): void {
    this.#busy.delete(table);
    const isUnscheduled = this.#tables.some(({ name, schedule }) => name === table && schedule === null);
    if (isUnscheduled || end === 'cut') this.#due.add(table);
    this.#wake?.();
  }

  /** Makes every table due, as after a start. */
  allDue(): void {
    this.#busy.clear();
    for (const { name } of this.#tables) this.#due.add(name);
  }

  /** Nothing makes the table due until it is resumed. */
  pause(table: TableName): void {
    this.#paused.add(table);
  }

  /** A table that was paused is due. */
  resume(table: TableName): void {
    if (this.#paused.delete(table)) this.request(table);
  }

  /** Makes the table due now; where its cycle runs, once more behind that. */
  request(table: TableName): void {
    this.#due.add(table);
    this.#wake?.();
  }

  stop(): void {
    for (const task of this.#tasks) void task.destroy();
  }

  #becomeDue(expression: string): void {
    for (const { name, schedule } of this.#tables) if (schedule === expression) this.#due.add(name);
    this.#wake?.();
  }

  #ready(): TableName[] {
    return [...this.#due].filter((name) => !this.#busy.has(name) && !this.#paused.has(name));
  }

  async #turn(signal: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    await turn;
    signal.removeEventListener('abort', wake);
  }
}
