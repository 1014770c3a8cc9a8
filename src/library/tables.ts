/** What there is to replicate, for programs. */

import { type ValueForm, valueSchema } from '../avro/codec.js';
import { publishedText } from '../avro/published.js';
import type { KeyName, ReplicationMethod } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { TABLES } from '../tables/all.js';

export interface TableInfo {
  readonly name: TableName;
  readonly method: ReplicationMethod;
  /** The field that identifies a row, and the only one of the topic's keys. */
  readonly key: KeyName;
  /** The column that an incremental table's bookmark counts by; null of full tables. */
  readonly replicationKey: string | null;
  /** The Avro schema of the topic's values, as an object, without the columns that a workspace's custom attributes add. */
  schema(form?: ValueForm): object;
}

/** The tables by name. */
export const tables = Object.fromEntries(
  TABLES.map(({ name, method, key, replicationKey = 'updated_at' }): [TableName, TableInfo] => [
    name,
    {
      name,
      method,
      key,
      replicationKey: method === 'incremental' ? replicationKey : null,
      schema: (form = 'flat') => JSON.parse(publishedText(valueSchema(name, form))) as object,
    },
  ]),
) as Readonly<Record<TableName, TableInfo>>;
