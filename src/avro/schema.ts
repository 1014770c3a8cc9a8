/**
 * The schemas of the tables, read from avro/: the one declaration of what a table's rows hold.
 *
 * They are Avro in nested form (records and arrays of records) with a few properties of our own, which say
 * where a value stands in the API's row: `path` and `zero` at a field, `constants` and `elsewhere` at the
 * top. Those are stripped from what is published.
 */

import { readFileSync } from 'node:fs';
import type { TableName } from '../model/table-names.js';

export type Primitive = 'string' | 'long' | 'double' | 'boolean';

/** Epoch milliseconds. */
export interface TimeType {
  readonly type: 'long';
  readonly logicalType: 'timestamp-millis';
}

/** JSON text in a string, marked so that sinks make a JSON column of it. */
export interface JsonType {
  readonly type: 'string';
  readonly 'connect.name': 'io.debezium.data.Json';
  readonly 'connect.parameters': Readonly<Record<string, string>>;
}

export interface ListType {
  readonly type: 'array';
  readonly items: Primitive | RecordSchema;
}

export type FieldType = Primitive | TimeType | JsonType | ListType | RecordSchema;

/** A place in the API's row: a dotted path, or the keys one by one where a key itself has a dot. */
export type Path = string | readonly string[];

export interface Field {
  readonly name: string;
  /** Only the key of a table is not nullable. */
  readonly type: FieldType | readonly ['null', FieldType];
  readonly default?: null;
  readonly doc: string;
  /**
   * Where the API's row holds the value when it is not under the field's name; of several places the first
   * that has one counts.
   */
  readonly path?: string | readonly Path[];
  /**
   * Names that the field had in earlier releases: a reader of this schema finds its value in their records
   * too.
   */
  readonly aliases?: readonly string[];
  /** Of a column made for a custom attribute: the attribute's name. */
  readonly attribute?: string;
  /** `null`: the number 0 means that there is no value. */
  readonly zero?: 'null';
}

export interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc: string;
  readonly fields: readonly Field[];
  /**
   * Values without information (the `type` of a list that is unwrapped), by dotted path; any other value is a
   * leftover.
   */
  readonly constants?: Readonly<Record<string, readonly string[]>>;
  /** Keys of the row that hold the rows of another table, which carries them. */
  readonly elsewhere?: Readonly<Record<string, TableName>>;
}

/** What a field holds, whether nullable or not. */
export type Content =
  | { readonly kind: Primitive | 'time' | 'json' }
  | { readonly kind: 'list'; readonly items: Primitive }
  | { readonly kind: 'record' | 'records'; readonly record: RecordSchema };

/** The mark of JSON text, for fields that are derived rather than declared. */
export const JSON_TEXT: JsonType = {
  type: 'string',
  'connect.name': 'io.debezium.data.Json',
  'connect.parameters': { '__debezium.source.column.type': 'JSONB' },
};

/** The field for everything that no other field holds; the last one of every table. */
export const EXTRA = '_extra';

const loaded = new Map<TableName, RecordSchema>();

/** The nested schema of a table, with the properties that map the API's row to it. */
export function tableSchema(table: TableName): RecordSchema {
  const known = loaded.get(table);
  if (known !== undefined) return known;
  const file = new URL(`../../avro/${table}.avsc`, import.meta.url);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as RecordSchema;
  loaded.set(table, schema);
  return schema;
}

/** The first field of a table's schema, which identifies the row. */
export function keyField(schema: RecordSchema): Field {
  const [first] = schema.fields;
  if (first === undefined) throw new Error(`schema ${schema.name} has no fields`);
  return first;
}

/** What a field holds. Throws for a type that the forms and sinks do not support. */
export function contentOf(field: Field): Content {
  const type = isNullable(field.type) ? field.type[1] : field.type;
  if (typeof type === 'string') return { kind: type };
  switch (type.type) {
    case 'record':
      return { kind: 'record', record: type };
    case 'array':
      return typeof type.items === 'string'
        ? { kind: 'list', items: type.items }
        : { kind: 'records', record: type.items };
    case 'long':
      return { kind: 'time' };
    case 'string':
      return { kind: 'json' };
    default:
      throw new Error(`field ${field.name} has a type that is not supported: ${JSON.stringify(type)}`);
  }
}

function isNullable(type: Field['type']): type is readonly ['null', FieldType] {
  return Array.isArray(type);
}

/** The places of a field in the API's row, each as keys, the preferred one first. */
export function pathsOf(field: Field): readonly (readonly string[])[] {
  const paths: readonly Path[] =
    typeof field.path === 'string' ? [field.path] : (field.path ?? [[field.name]]);
  return paths.map((path) => (typeof path === 'string' ? path.split('.') : path));
}
