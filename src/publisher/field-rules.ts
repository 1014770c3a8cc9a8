/**
 * Checks the field rules of a configuration against the tables' schemas. Problems name the place in the file.
 */

import { type FieldRules, ruleProblems } from '../avro/rules.js';
import { tableSchema } from '../avro/schema.js';
import type { ConnectionConfig } from '../config/config.js';
import { isMapping } from '../config/path.js';
import type { Problem } from '../config/problem.js';
import { asSearched } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { ALL_TABLES } from '../tables/all.js';

/**
 * All problems with `exclude` and `hash` in the tree of a file. Parts that the file's own checks report are
 * skipped.
 */
export function fieldRuleProblems(tree: unknown): Problem[] {
  if (!isMapping(tree) || !Array.isArray(tree.connections)) return [];
  return tree.connections.flatMap((connection: unknown, index) =>
    isMapping(connection) ? problemsIn(connection, index) : [],
  );
}

function problemsIn(connection: Record<string, unknown>, index: number): Problem[] {
  const { tables } = connection;
  if (!isMapping(tables)) return [];
  return ALL_TABLES.flatMap((table) => {
    const { name } = table;
    const settings = tables[name];
    if (!isMapping(settings)) return [];
    const rules = { exclude: textsIn(settings.exclude), hash: textsIn(settings.hash), hashKey: '' };
    const parent = asSearched(table)?.parent;
    const needed = parent === undefined ? [] : [parent.id, parent.updatedAt];
    const path = ['connections', index, 'tables', name];
    return ruleProblems(tableSchema(name), rules, needed).map(
      ({ rule, index: at, message }): Problem => ({ path: [...path, rule, at], text: message }),
    );
  });
}

/** The texts of a list. The file's own checks report elements of any other type. */
function textsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.map((each: unknown) => (typeof each === 'string' ? each : '')) : [];
}

/**
 * The field rules of a table. Without a `hashKey` the connection's name is the key: every reader of the topic
 * can then guess values and check them.
 */
export function rulesOf({ name, tables, hashKey }: ConnectionConfig, table: TableName): FieldRules {
  const { exclude = [], hash = [] } = tables.find((each) => each.name === table) ?? {};
  return { exclude, hash, hashKey: hashKey ?? name };
}

/** A warning when hashes can be recomputed without a secret, or null. */
export function weakHashes({ name, tables, hashKey }: ConnectionConfig): string | null {
  const hashed = tables.filter(({ hash }) => hash.length > 0).map((table) => table.name);
  if (hashed.length === 0 || hashKey !== null) return null;
  return `connection ${name} hashes fields of ${hashed.join(', ')} without a hashKey: anyone can guess values and check them; set hashKey to a secret`;
}
