/**
 * Typed columns for the custom attributes that a workspace defines, beside the JSON that holds all of them.
 *
 * A column is a field at the end of the table's schema that says of which attribute it is, so that the schema
 * registered last is the memory: whatever became a column stays one, under its name and type. What no longer
 * fits gets a new column, never another type.
 */

import { createHash } from 'node:crypto';
import type { RawRow } from '../model/row.js';
import { isObject } from '../model/row.js';
import { toBoolean, toDouble, toLong, toText, toTime } from './coerce.js';
import type { Field, FieldType, RecordSchema } from './schema.js';

/** The field that holds all custom attributes as JSON. */
export const CUSTOM_ATTRIBUTES = 'custom_attributes';

export type ColumnKind = 'string' | 'long' | 'double' | 'boolean' | 'time';

/** A custom attribute as the workspace defines it. */
export interface AttributeDefinition {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** A typed field for one attribute. */
export interface CustomColumn {
  /** Name of the field. */
  readonly field: string;
  readonly attribute: string;
  readonly kind: ColumnKind;
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
  string: 'string',
  list: 'string',
  integer: 'long',
  float: 'double',
  decimal: 'double',
  boolean: 'boolean',
  date: 'time',
  datetime: 'time',
};

const TYPES: Readonly<Record<ColumnKind, FieldType>> = {
  string: 'string',
  long: 'long',
  double: 'double',
  boolean: 'boolean',
  time: { type: 'long', logicalType: 'timestamp-millis' },
};

/** PostgreSQL cuts longer names, others refuse them. */
const MAX_NAME = 63;

/**
 * The custom attributes among the rows of an attribute list, in the order in which they were defined. Left
 * out: types that no column can hold (files, relations), and names that Avro's text can't carry.
 */
export function definitionsIn(rows: readonly RawRow[]): AttributeDefinition[] {
  const defined = rows.flatMap((row) => {
    const kind = kindNamed(row.data_type);
    const name = nameOf(row);
    if (row.custom === false || kind === undefined || name === null) return [];
    // An object may refuse to become a number.
    const id = typeof row.id === 'object' ? Number.NaN : Number(row.id);
    return [{ name, kind, id: Number.isFinite(id) ? id : Number.MAX_SAFE_INTEGER }];
  });
  return defined
    .sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map(({ name, kind }) => ({ name, kind }));
}

function kindNamed(type: unknown): ColumnKind | undefined {
  return typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
}

function nameOf({ name, full_name: fullName }: RawRow): string | null {
  const prefix = `${CUSTOM_ATTRIBUTES}.`;
  const key =
    typeof fullName === 'string' && fullName.startsWith(prefix) ? fullName.slice(prefix.length) : name;
  return typeof key === 'string' && key !== '' && key.isWellFormed() ? key : null;
}

/** The columns of a schema that was published, whatever published it. */
export function columnsIn(fields: readonly Field[]): CustomColumn[] {
  return fields.flatMap((field) => {
    const kind = kindOf(field);
    if (field.attribute === undefined || kind === null) return [];
    return [{ field: field.name, attribute: field.attribute, kind }];
  });
}

function kindOf(field: Field): ColumnKind | null {
  const type: unknown = Array.isArray(field.type) ? field.type[1] : field.type;
  if (typeof type === 'string') return type in TYPES ? (type as ColumnKind) : null;
  return isObject(type) && type.logicalType === 'timestamp-millis' ? 'time' : null;
}

/**
 * The columns that there are from now on: all there were, and one for each definition that has none of its
 * type yet. Gives `before` itself when nothing is new.
 */
export function planColumns(
  before: readonly CustomColumn[],
  definitions: readonly AttributeDefinition[],
): readonly CustomColumn[] {
  const columns = [...before];
  const used = new Set(before.map(({ field }) => field.toLowerCase()));
  for (const { name, kind } of definitions) {
    if (columns.some((column) => column.attribute === name && column.kind === kind)) continue;
    const field = freeName(name, kind, used);
    used.add(field.toLowerCase());
    columns.push({ field, attribute: name, kind });
  }
  return columns.length === before.length ? before : columns;
}

/**
 * The plain name. Where that is in use (by another spelling, or by an earlier type of the attribute), the
 * name with a suffix that distinguishes it.
 */
function freeName(attribute: string, kind: ColumnKind, used: ReadonlySet<string>): string {
  const digest = createHash('sha256').update(attribute, 'utf8').digest('hex').slice(0, 8);
  const candidates = [
    fieldName(attribute, ''),
    fieldName(attribute, kind),
    fieldName(attribute, `${kind}_${digest}`),
  ];
  const free = candidates.find((name) => !used.has(name.toLowerCase()));
  if (free === undefined) throw new Error(`no free column name for a custom attribute (${digest})`);
  return free;
}

/**
 * A name that Avro and databases accept. Accents are dropped. Every other character that is no letter, digit
 * or underscore becomes an underscore. A name of which nothing remains, or that would be too long, ends in a
 * digest of the attribute's name.
 */
function fieldName(attribute: string, suffix: string): string {
  const plain = attribute
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '_');
  const end = suffix === '' ? '' : `_${suffix}`;
  const name = `${CUSTOM_ATTRIBUTES}_${plain}`;
  if (/[A-Za-z0-9]/.test(plain) && name.length + end.length <= MAX_NAME) return name + end;
  const digest = createHash('sha256').update(attribute, 'utf8').digest('hex').slice(0, 8);
  const start = /[A-Za-z0-9]/.test(plain) ? name : CUSTOM_ATTRIBUTES;
  return `${start.slice(0, MAX_NAME - end.length - digest.length - 1)}_${digest}${end}`;
}

/** The schema with the columns at its end. */
export function withColumns(schema: RecordSchema, columns: readonly CustomColumn[]): RecordSchema {
  if (columns.length === 0) return schema;
  const fields = columns.map(
    ({ field, attribute, kind }): Field => ({
      name: field,
      type: ['null', TYPES[kind]],
      default: null,
      doc: `Custom attribute ${JSON.stringify(attribute)}.`,
      attribute,
    }),
  );
  return { ...schema, fields: [...schema.fields, ...fields] };
}

const COERCE: Readonly<Record<ColumnKind, (raw: unknown) => unknown>> = {
  string: (raw) => toText(raw)?.toWellFormed(),
  long: toLong,
  double: toDouble,
  boolean: toBoolean,
  time: (raw) => toTime(raw)?.ms,
};

/**
 * Fills the columns of a row and returns the names of attributes whose value fits none of their columns: it
 * stays in the JSON only. Of an attribute with several columns, whose type changed, the newest one that can
 * hold the value gets it.
 */
export function compileColumns(
  columns: readonly CustomColumn[],
): (raw: RawRow, into: Record<string, unknown>) => string[] {
  const byAttribute = new Map<string, CustomColumn[]>();
  for (const column of columns)
    byAttribute.set(column.attribute, [column, ...(byAttribute.get(column.attribute) ?? [])]);
  return (raw, into) => {
    const values = raw[CUSTOM_ATTRIBUTES];
    if (!isObject(values)) return [];
    const misfits: string[] = [];
    for (const [attribute, newestFirst] of byAttribute) {
      const value = Object.hasOwn(values, attribute) ? values[attribute] : null;
      if (value === null || value === undefined) continue;
      if (!newestFirst.some((column) => fill(column, value, into))) misfits.push(attribute);
    }
    return misfits;
  };
}

function fill({ field, kind }: CustomColumn, value: unknown, into: Record<string, unknown>): boolean {
  const typed = COERCE[kind](value);
  if (typed !== undefined) into[field] = typed;
  return typed !== undefined;
}

/** The function that gives the names under which a row has values that no column is for. */
export function compileUnknown(columns: readonly CustomColumn[]): (raw: RawRow) => string[] {
  const known = new Set(columns.map(({ attribute }) => attribute));
  return (raw) => {
    const values = raw[CUSTOM_ATTRIBUTES];
    return isObject(values) ? Object.keys(values).filter((name) => !known.has(name)) : [];
  };
}
