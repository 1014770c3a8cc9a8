/**
 * Turns rows as the API sends them into Avro values.
 *
 * The schema is compiled once. Nothing is lost: a value that fits no field, and a key that no schema knows,
 * is kept in `_extra`.
 */

import type { RawRow } from '../model/row.js';
import { isObject } from '../model/row.js';
import { leftoverPaths, leftoverText } from './leftovers.js';
import { compileRow } from './places.js';
import { fillTarget } from './row-tree.js';
import { EXTRA, keyField, type RecordSchema } from './schema.js';

/**
 * A row in its published form, or why it has no place in the table: then the caller keeps it as a dead
 * letter.
 */
export type Shaped =
  | {
      readonly key: string;
      /**
       * In schema order: of the nested form only the fields that are not null, of the flat one all of them.
       */
      readonly value: Record<string, unknown>;
      /** Dotted paths of what went to `_extra`, without the values. */
      readonly leftovers: readonly string[];
    }
  | { readonly key: null; readonly reason: string };

/**
 * The function that shapes the rows of a table with this nested schema. It never throws for parsed JSON,
 * whatever its shape. `flatFields` are the fields of the flat form, which is the nested one without them. All
 * of a table's rows have the same fields then, which is what makes them fast to read and to encode.
 */
export function compileShape(schema: RecordSchema, flatFields?: readonly string[]): (raw: RawRow) => Shaped {
  const keyName = keyField(schema).name;
  const node = compileRow(schema, flatFields === undefined ? 'nested' : 'flat');
  const empty = templateOf(flatFields ?? []);
  const keepsExtra = schema.fields.some(({ name }) => name === EXTRA);
  return (raw) => {
    if (!isObject(raw)) return { key: null, reason: 'the row is not an object' };
    const key = usableKey(raw[keyName]);
    if (key === undefined) return { key: null, reason: `the row has no usable ${keyName}` };
    const value: Record<string, unknown> = { ...empty };
    value[keyName] = key;
    const left = fillTarget(node, raw, value);
    if (left === undefined) return { key, value, leftovers: [] };
    if (keepsExtra) value[EXTRA] = leftoverText(left);
    return { key, value, leftovers: leftoverPaths(left) };
  };
}

/**
 * An object with these fields, all null, as JSON makes it: of one that is built field by field copies are a
 * hundred times slower.
 */
function templateOf(fields: readonly string[]): Record<string, unknown> {
  return JSON.parse(`{${fields.map((field) => `${JSON.stringify(field)}:null`).join()}}`) as Record<
    string,
    unknown
  >;
}

/** A key must name one row for certain, so nothing is mended in it: no rounded numbers, no broken text. */
function usableKey(raw: unknown): string | undefined {
  if (typeof raw === 'bigint') return String(raw);
  if (typeof raw === 'number') return Number.isSafeInteger(raw) ? String(raw) : undefined;
  return typeof raw === 'string' && raw !== '' && raw.isWellFormed() ? raw : undefined;
}
