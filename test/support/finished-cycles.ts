/** The complete cycles that the records of the state topic tell of. */

import type { TopicRecord } from '../../src/kafka/reader.js';
import type { CycleSummary } from '../../src/model/state.js';
import type { FinishedCycle } from './log-checker.js';

/** Of one connection, by table. */
export function cyclesOf(
  connection: string,
  records: readonly TopicRecord[],
): ReadonlyMap<string, readonly FinishedCycle[]> {
  const byTable = new Map<string, Map<number, FinishedCycle>>();
  for (const { key, value } of records) {
    const [owner, table = ''] = String(key).split('/');
    if (owner !== connection || value === null) continue;
    const { cycle } = JSON.parse(value.toString('utf8')) as { cycle: CycleSummary | null };
    if (typeof cycle?.finishedAt !== 'string') continue;
    const cycles = byTable.get(table) ?? new Map<number, FinishedCycle>();
    const finishedAt = Date.parse(cycle.finishedAt);
    byTable.set(table, cycles.set(finishedAt, { startedAt: Date.parse(cycle.startedAt), finishedAt }));
  }
  return new Map([...byTable].map(([table, cycles]) => [table, [...cycles.values()]]));
}
