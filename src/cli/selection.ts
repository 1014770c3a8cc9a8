/** Resolves the arguments of a command to connections and tables. */

import { type CustomColumn, definitionsIn, planColumns } from '../avro/custom-attributes.js';
import { adaptDefinitions } from '../avro/rules.js';
import type { Config, ConnectionConfig } from '../config/config.js';
import type { IntercomApi } from '../intercom/api.js';
import { PublisherError } from '../model/errors.js';
import type { PublishedTable } from '../publisher/published-table.js';
import { unlessForbidden } from '../publisher/table-schema.js';
import { type IntercomTable, tablesOf } from '../tables/all.js';

/** The connection of that name. Throws `usage-invalid` with the existing names. */
export function connectionOf(config: Config, name: string): ConnectionConfig {
  const connection = config.connections.find((each) => each.name === name);
  if (connection !== undefined) return connection;
  const known = config.connections.map((each) => each.name).join(', ');
  throw new PublisherError('usage-invalid', `there is no connection "${name}"; the file has ${known}`);
}

/** The table of that name. Throws `usage-invalid` with the tables of the connection. */
export function tableOf(connection: ConnectionConfig, name: string): IntercomTable {
  const tables = tablesOf(connection);
  const table = tables.find((each) => each.name === name);
  if (table !== undefined) return table;
  const known = tables.map((each) => each.name).join(', ');
  throw new PublisherError(
    'usage-invalid',
    `connection ${connection.name} has no table "${name}"; it has ${known}`,
  );
}

/** The columns for custom attributes that a topic would get: those that it has, and one for each new attribute. */
export async function plannedColumns(
  { table: { customAttributes }, rules, hasColumns }: PublishedTable,
  api: IntercomApi,
  before: readonly CustomColumn[] = [],
): Promise<readonly CustomColumn[]> {
  if (!hasColumns || customAttributes === undefined) return [];
  const definitions = definitionsIn(await unlessForbidden(() => customAttributes(api)));
  return planColumns(before, adaptDefinitions(definitions, rules));
}
