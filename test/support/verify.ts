/**
 * The door to the checker: compares everything that a project published with what its workspace's replies
 * showed.
 */

import { TABLE_NAMES, type TableName, type UsualTableName } from '../../src/model/table-names.js';
import type { Simulator } from '../../src/simulator/server.js';
import type { Workspace } from '../../src/simulator/workspace.js';
import { checkLog, type FinishedCycle, type Problem } from './log-checker.js';
import { keyOf, type SeenVersions } from './seen.js';
import type { Version } from './topics.js';

/** What was published of one workspace. */
export interface Replica {
  readonly simulator: Pick<Simulator, 'workspace'>;
  /** What the replies of the simulator showed since it was started. */
  readonly seen: SeenVersions;
  versions(table: TableName): Promise<Version[]>;
  /** The complete cycles of each table, as far as the state topic tells. */
  cycles(): Promise<ReadonlyMap<string, readonly FinishedCycle[]>>;
}

export interface Verification {
  readonly tables?: readonly UsualTableName[];
  /** Left out: the simulator's. */
  readonly workspace?: Workspace;
  /** False where the publisher has not been told of what is gone. */
  readonly expectsTombstones?: boolean;
}

export interface TableProblem extends Problem {
  readonly table: UsualTableName;
}

/** All that is wrong with the topics of these tables, whose workspace rests and was replicated completely. */
export async function problemsOf(replica: Replica, verification?: Verification): Promise<string[]> {
  const problems = await findProblems(replica, verification);
  return problems.map(({ table, text }) => `${table} ${text}`);
}

/** The same, with the kind of each problem. */
export async function findProblems(
  replica: Replica,
  { tables = TABLE_NAMES, workspace, expectsTombstones = true }: Verification = {},
): Promise<TableProblem[]> {
  const cycles = await replica.cycles();
  const found = await Promise.all(
    tables.map(async (table) => {
      const versions = await replica.versions(table);
      const rows = [...(workspace ?? replica.simulator.workspace).rows(table)];
      const { problems, current } = checkLog(versions, {
        seen: replica.seen.of(table),
        cycles: cycles.get(table) ?? [],
        rows: new Map(rows.map((row) => [keyOf(table, row), row])),
        expectsTombstones,
      });
      if (problems.length === 0) for (const version of current) version.isConfirmed = true;
      return problems.map((problem) => ({ ...problem, table }));
    }),
  );
  return found.flat();
}
