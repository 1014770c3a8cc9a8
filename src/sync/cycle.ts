/** One pass of a connection over the tables that are due: side by side, under the connection's one budget. */

import { asPublisherError, type PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import type { TableName } from '../model/table-names.js';
import type { TableWork } from './source.js';
import { TableCycle } from './table-cycle.js';

export interface FailedTable {
  readonly table: TableName;
  readonly error: PublisherError;
}

/**
 * How a cycle ended. `recorded`: complete, or failed with its reason in the table's state. `cut`: by a signal,
 * or by what no state can record.
 */
export type CycleEnd = 'recorded' | 'cut';

type OnDone = (table: TableName, end: CycleEnd) => void;

/**
 * Runs the cycles of all given tables and returns those that failed. A failure that reaches further than its
 * table (the credentials, the connection's ownership, Kafka) is thrown once the other cycles have ended;
 * `abandon` is called to end them. `onDone` is called with each table as soon as its cycle has ended in one
 * of the two ways. `awaitReconcile`: see `TableCycle.run`.
 */
export async function runCycle(
  connection: string,
  tables: readonly TableWork[],
  events: Events,
  { abandon, awaitReconcile, onDone }: { abandon: () => void; awaitReconcile: boolean; onDone: OnDone },
): Promise<FailedTable[]> {
  const startedAt = Date.now();
  const cycles = tables.map((work) => new TableCycle(work, events));
  events.emit('cycle:started', { connection, tables: tables.map(({ ledger }) => ledger.source.name) });
  const outcomes = await Promise.allSettled(
    cycles.map((cycle) =>
      runTable(cycle, awaitReconcile).then(
        (failed) => {
          onDone(cycle.table, 'recorded');
          return failed;
        },
        (error: unknown) => {
          abandon();
          throw error;
        },
      ),
    ),
  );
  const thrown = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [asPublisherError(outcome.reason)] : [],
  );
  if (thrown.length > 0) {
    const error = firstCause(thrown);
    const ended = cycles.filter((_, index) => outcomes[index]?.status === 'rejected');
    let end: CycleEnd = 'cut';
    try {
      end = await settle(error, cycles);
    } finally {
      for (const { table } of ended) onDone(table, end);
    }
    throw error;
  }
  const failed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? (outcome.value ?? []) : []));
  events.emit('cycle:finished', { connection, ms: Date.now() - startedAt, failed: failed.length });
  return failed;
}

/** Null when the table is up to date; throws what reaches further than the table. */
async function runTable(cycle: TableCycle, awaitReconcile: boolean): Promise<FailedTable | null> {
  try {
    await cycle.run(awaitReconcile);
    return null;
  } catch (thrown) {
    const error = asPublisherError(thrown);
    if (error.reach !== 'table') throw error;
    await cycle.fail(error);
    return { table: cycle.table, error };
  }
}

/**
 * Writes a failure of the connection into each table's state as its reason, where this instance can still
 * write states. Returns how the cycles that it ended count.
 */
async function settle(error: PublisherError, cycles: readonly TableCycle[]): Promise<CycleEnd> {
  const { reach, origin } = error;
  if (reach !== 'connection' || origin === 'kafka' || origin === 'group') return 'cut';
  await Promise.all(cycles.map((cycle) => cycle.keepReason(error)));
  return 'recorded';
}

/** The error that caused the others: tables that were abandoned only report that they stopped. */
export function firstCause(errors: readonly PublisherError[]): PublisherError {
  const [first] = errors;
  if (first === undefined) throw new Error('no error was thrown');
  return errors.find(({ code }) => code !== 'stopped') ?? first;
}
