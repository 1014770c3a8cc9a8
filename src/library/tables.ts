/** The tables that can be replicated, for programs. */

import { type ValueForm, valueSchema } from '../avro/codec.js';
import { publishedText } from '../avro/published.js';
import { type KeyName, type ReplicationMethod, replicationKeyOf } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { ALL_TABLES } from '../tables/all.js';

export interface TableInfo {
  readonly name: TableName;
  readonly method: ReplicationMethod;
  /** The field that identifies a row, and the only one of the topic's keys. */
  readonly key: KeyName;
  /** The column of an incremental table's bookmark; null for full tables. */
  readonly replicationKey: string | null;
  /**
   * The Avro schema of the topic's values, as an object, without the columns that a workspace's custom
   * attributes add.
   */
  schema(form?: ValueForm): object;
}

/** The tables by name. */
export const tables = Object.fromEntries(
  ALL_TABLES.map((table): [TableName, TableInfo] => [
    table.name,
    {
      name: table.name,
      method: table.method,
      key: table.key,
      replicationKey: replicationKeyOf(table),
      schema: (form = 'flat') => JSON.parse(publishedText(valueSchema(table.name, form))) as object,
    },
  ]),
) as Readonly<Record<TableName, TableInfo>>;
