/**
 * One line for each active table on a terminal: rows, speed, use of the budget, progress and remaining time.
 */

import type { BudgetUse, EventMap, Events, Progress } from '../model/events.js';
import type { Terminal } from './terminal.js';

interface ActiveTable {
  readonly connection: string;
  readonly table: string;
  readonly startedAt: number;
  records: number;
  progress: Progress | null;
}

const REDRAW_MS = 100;

/** Shows the active tables until the returned function is called. */
export function showProgress(events: Events, terminal: Terminal, now: () => number = Date.now): () => void {
  const budgets = new Map<string, BudgetUse>();
  events.on('api:attempt', ({ connection, budget }) => budgets.set(connection, budget));
  const active = followActive(events, now);
  const redraw = () =>
    terminal.show(
      [...active.values()].map((each) => progressLine(each, budgets.get(each.connection) ?? null, now())),
    );
  events.on('table:finished', (event) => {
    redraw();
    terminal.print(finishedLine(event));
  });
  events.on('table:failed', (event) => {
    redraw();
    terminal.print(`✗ ${label(event)} ${event.error.message}`);
  });
  const timer = setInterval(redraw, REDRAW_MS);
  return () => {
    clearInterval(timer);
    terminal.show([]);
  };
}

/** The tables that are being read, by their labels. Updated by events from now on. */
function followActive(events: Events, now: () => number): ReadonlyMap<string, ActiveTable> {
  const active = new Map<string, ActiveTable>();
  events.on('table:started', (event) => {
    const { connection, table } = event;
    active.set(label(event), { connection, table, startedAt: now(), records: 0, progress: null });
  });
  events.on('page:committed', (event) => {
    const at = active.get(label(event));
    if (at === undefined) return;
    at.records += event.records;
    at.progress = event.progress;
  });
  events.on('table:finished', (event) => active.delete(label(event)));
  events.on('table:failed', (event) => active.delete(label(event)));
  // The next session starts unfinished cycles again.
  events.on('connection:released', ({ connection }) => {
    for (const [key, each] of active) if (each.connection === connection) active.delete(key);
  });
  return active;
}

function finishedLine(event: EventMap['table:finished']): string {
  const { records, deletes } = event.summary;
  const parts = [
    `${count(records, 'row')} published`,
    count(deletes, 'tombstone'),
    `${event.rowsRead.toLocaleString('en')} read`,
    seconds(event.ms),
  ];
  return `✓ ${label(event)} ${parts.join(', ')}`;
}

/** The line of one table, without colours. */
function progressLine(table: ActiveTable, budget: BudgetUse | null, now: number): string {
  const elapsed = Math.max(1, now - table.startedAt);
  const rows = table.progress?.rows ?? 0;
  const parts = [
    `${label(table)} ${count(rows, 'row')}`,
    `${Math.round((rows * 1000) / elapsed).toLocaleString('en')}/s`,
  ];
  if (table.records !== rows) parts.push(`${table.records.toLocaleString('en')} new`);
  if (budget !== null && budget.limit !== null) parts.push(`budget ${budget.used}/${budget.limit}`);
  const done = fractionDone(table.progress);
  if (table.progress !== null && table.progress.toCover > 0) {
    parts.push(`${duration(table.progress.covered)} of ${duration(table.progress.toCover)}`);
  }
  if (done !== null && done > 0 && done < 1) parts.push(`${seconds((elapsed * (1 - done)) / done)} left`);
  return `  ${parts.join(' · ')}`;
}

function fractionDone(progress: Progress | null): number | null {
  if (progress === null) return null;
  if (progress.toCover > 0) return Math.min(1, progress.covered / progress.toCover);
  return progress.rowsExpected === null
    ? null
    : Math.min(1, progress.rows / Math.max(1, progress.rowsExpected));
}

function label({ connection, table }: { connection: string; table: string }): string {
  return `${connection}/${table}`.padEnd(28);
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000);
}

/** The two largest units of a time in seconds. */
export function duration(total: number): string {
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ];
  const parts: string[] = [];
  let rest = Math.round(total);
  for (const [unit, size] of units) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}
