/** A table of a connection, with everything that the configuration determines. */

import { type FieldRules, keepsCustomAttributes } from '../avro/rules.js';
import type { Config, ConnectionConfig } from '../config/config.js';
import { deadLetterTopic, tableTopic } from '../model/topic-names.js';
import { type IntercomTable, tablesOf } from '../tables/all.js';
import { rulesOf } from './field-rules.js';

export interface PublishedTable {
  readonly table: IntercomTable;
  readonly connection: ConnectionConfig;
  readonly topic: string;
  readonly deadLetterTopic: string;
  readonly rules: FieldRules;
  /** Whether custom attributes of its rows become columns. */
  readonly hasColumns: boolean;
}

export function publishedTable(
  { topics: { prefix } }: Pick<Config, 'topics'>,
  connection: ConnectionConfig,
  table: IntercomTable,
): PublishedTable {
  const rules = rulesOf(connection, table.name);
  return {
    table,
    connection,
    topic: tableTopic(prefix, connection.name, table.name),
    deadLetterTopic: deadLetterTopic(prefix, connection.name),
    rules,
    hasColumns:
      connection.customAttributes === 'columns' &&
      table.customAttributes !== undefined &&
      keepsCustomAttributes(rules),
  };
}

/** The tables that a connection replicates. */
export function publishedTables(
  config: Pick<Config, 'topics'>,
  connection: ConnectionConfig,
): PublishedTable[] {
  return tablesOf(connection).map((table) => publishedTable(config, connection, table));
}
