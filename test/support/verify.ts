/** Compares everything that a project published with its workspace. */

import { TABLE_NAMES, type TableName, type UsualTableName } from '../../src/model/table-names.js';
import type { Row } from '../../src/simulator/collection.js';
import type { Simulator } from '../../src/simulator/server.js';
import type { Workspace } from '../../src/simulator/workspace.js';
import { logProblems } from './log-verifier.js';
import { missingFrom } from './lossless.js';
import { latestByKey, type Version } from './topics.js';

/** What was published of one workspace. */
export interface Replica {
  readonly simulator: Pick<Simulator, 'workspace'>;
  versions(table: TableName): Promise<Version[]>;
}

/** All that is wrong with the topics of these tables, whose workspace rests and was replicated completely. */
export async function problemsOf(
  project: Replica,
  tables: readonly UsualTableName[] = TABLE_NAMES,
  workspace = project.simulator.workspace,
): Promise<string[]> {
  const problems = await Promise.all(tables.map((table) => tableProblems(project, table, workspace)));
  return problems.flat();
}

async function tableProblems(
  project: Replica,
  table: UsualTableName,
  workspace: Workspace,
): Promise<string[]> {
  const versions = await project.versions(table);
  const rows = [...workspace.rows(table)];
  const latest = latestByKey(versions);
  if (table.endsWith('_attributes'))
    return latest.size === rows.length ? [] : [`${table}: ${latest.size} rows for ${rows.length}`];
  const log = logProblems(versions, new Set(rows.map(keyOf)));
  const stale = rows.flatMap((row) => {
    const value = latest.get(keyOf(row))?.value;
    return value === undefined || value === null ? [] : missingFrom(row, value);
  });
  return [...log, ...stale].map((problem) => `${table} ${problem}`);
}

const keyOf = ({ id }: Row) => String(id);
