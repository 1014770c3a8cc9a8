/**
 * Eight connections on a healthy cluster, replicated by `run --once` three times while their workspaces
 * change in between.
 */

import { TABLE_NAMES } from '../../src/model/table-names.js';
import { Changes } from './changes.js';
import { Fleet, type FleetConnection } from './fleet.js';
import { findProblems, type TableProblem } from './verify.js';

export interface CalmOptions {
  readonly seed: number;
  /** Rows in all workspaces together, about. */
  readonly rows: number;
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly log: (line: string) => void;
}

const CONNECTIONS = 8;
const RUNS = 3;
/** Part of the rows that change between two runs. */
const CHANGED = 0.01;
/** Each change picks its row among all of a table. */
const MAX_CHANGES = 400;

/**
 * Opens the fleet, runs, and checks after each run. Returns what the last check found; the caller closes the
 * fleet.
 */
export async function runCalmly(
  options: CalmOptions,
): Promise<{ fleet: Fleet; problems: FleetProblem[]; records: number }> {
  const { seed, rows, log } = options;
  const fleet = await openFleet(options);
  const changes = fleet.connections.map(
    ({ simulator, name }) => new Changes(simulator.workspace, seed, name),
  );
  let problems: FleetProblem[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    if (run > 1)
      for (let change = 0; change < Math.min(MAX_CHANGES, rows * CHANGED); change += 1)
        changes[change % CONNECTIONS]?.next();
    await fleet.cycle();
    problems = await problemsOfFleet(fleet.connections);
    log(`run ${run}: ${describeProblems(problems)}`);
  }
  return { fleet, problems, records: await countRecords(fleet.connections) };
}

function openFleet({ seed, rows, brokers, registryUrl }: CalmOptions): Promise<Fleet> {
  const share = rows / CONNECTIONS;
  return Fleet.open({
    brokers,
    registryUrl,
    connections: CONNECTIONS,
    simulator: (index) => ({
      seed: seed + index,
      counts: {
        contacts: Math.round(share * 0.4),
        conversations: Math.round(share * 0.1),
        parts: 4,
        companies: Math.round(share * 0.05),
      },
      budget: null,
    }),
    defaults: { deletes: { reconcile: '* * * * * *' } },
  });
}

/** Records in all topics of tables. */
export async function countRecords(connections: readonly FleetConnection[]): Promise<number> {
  let count = 0;
  for (const { versions } of connections) {
    const tables = await Promise.all(TABLE_NAMES.map((table) => versions(table)));
    count += tables.flat().length;
  }
  return count;
}

export interface FleetProblem extends TableProblem {
  readonly connection: string;
}

/**
 * What is wrong with the topics of all connections: one after another, since kafkajs asks for the metadata of
 * one topic at a time.
 */
export async function problemsOfFleet(connections: readonly FleetConnection[]): Promise<FleetProblem[]> {
  const found: FleetProblem[] = [];
  for (const connection of connections) {
    const problems = await findProblems(connection);
    found.push(...problems.map((problem) => ({ ...problem, connection: connection.name })));
  }
  return found;
}

/** How many there are of each kind. */
export function describeProblems(problems: readonly FleetProblem[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of problems) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const parts = [...counts].map(([kind, count]) => `${count} ${kind}`);
  return parts.length === 0 ? 'nothing lost, doubled or stale' : parts.join(', ');
}
