/** Tells when tables are due, by their cron expressions in UTC. */

import cron, { type ScheduledTask } from 'node-cron';
import type { TableName } from '../model/table-names.js';

export interface ScheduledTable {
  readonly name: TableName;
  /** Cron expression; null: due again as soon as it was read. */
  readonly schedule: string | null;
}

/** The time in epoch milliseconds at which the cron expression (in UTC) comes round next. */
export function nextTime(expression: string): number {
  const task = cron.schedule(expression, () => undefined, { timezone: 'UTC' });
  try {
    return task.getNextRun()?.getTime() ?? Number.MAX_SAFE_INTEGER;
  } finally {
    void task.destroy();
  }
}

/**
 * The tables that are due. All are due at the start; after that a table becomes due at each time of its schedule, once,
 * however often that passes while a cycle runs: a cycle never overlaps itself and none is made up for.
 */
export class Schedule {
  readonly #tables: readonly ScheduledTable[];
  readonly #tasks: ScheduledTask[];
  #due: Set<TableName>;
  #wake: (() => void) | null = null;

  constructor(tables: readonly ScheduledTable[]) {
    this.#tables = tables;
    this.#due = new Set(tables.map(({ name }) => name));
    const expressions = new Set(tables.flatMap(({ schedule }) => schedule ?? []));
    this.#tasks = [...expressions].map((expression) =>
      cron.schedule(expression, () => this.#becomeDue(expression), { timezone: 'UTC' }),
    );
  }

  /** Waits until a table is due and takes all that are; an empty list when the signal aborts. */
  async next(signal: AbortSignal): Promise<TableName[]> {
    while (this.#due.size === 0 && !signal.aborted) await this.#turn(signal);
    if (signal.aborted) return [];
    const due = [...this.#due];
    this.#due = new Set(this.#tables.flatMap(({ name, schedule }) => (schedule === null ? [name] : [])));
    return due;
  }

  /** Makes every table due, as after a start. */
  allDue(): void {
    for (const { name } of this.#tables) this.#due.add(name);
  }

  stop(): void {
    for (const task of this.#tasks) void task.destroy();
  }

  #becomeDue(expression: string): void {
    for (const { name, schedule } of this.#tables) if (schedule === expression) this.#due.add(name);
    this.#wake?.();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
