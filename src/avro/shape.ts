/**
 * Turns rows as the API sends them into Avro values of the nested form.
 *
 * The schema is compiled once. Nothing is lost: a value that fits no field, and a key that no schema knows, is kept in
 * `_extra`.
 */

import type { RawRow } from '../model/row.js';
import { leftoverPaths, leftoverText } from './leftovers.js';
import { compileRow } from './places.js';
import { EXTRA, keyField, type RecordSchema } from './schema.js';
import { isObject, walk } from './walk.js';

/** A row in nested form, or why it has no place in the table: then the caller keeps it as a dead letter. */
export type Shaped =
  | {
      readonly key: string;
      /** Only the fields that are not null, in schema order. */
      readonly value: Record<string, unknown>;
      /** Dotted paths of what went to `_extra`, without the values. */
      readonly leftovers: readonly string[];
    }
  | { readonly key: null; readonly reason: string };

/** The function that shapes the rows of a table. It never throws for parsed JSON, whatever its shape. */
export function compileShape(schema: RecordSchema): (raw: RawRow) => Shaped {
  const keyName = keyField(schema).name;
  const node = compileRow(schema);
  const keepsExtra = schema.fields.some(({ name }) => name === EXTRA);
  return (raw) => {
    if (!isObject(raw)) return { key: null, reason: 'the row is not an object' };
    const key = usableKey(raw[keyName]);
    if (key === undefined) return { key: null, reason: `the row has no usable ${keyName}` };
    const value: Record<string, unknown> = { [keyName]: key };
    const left = walk(node, raw, value);
    if (left === undefined) return { key, value, leftovers: [] };
    if (keepsExtra) value[EXTRA] = leftoverText(left);
    return { key, value, leftovers: leftoverPaths(left) };
  };
}

/** A key must name one row for certain, so nothing is mended in it: no rounded numbers, no broken text. */
function usableKey(raw: unknown): string | undefined {
  if (typeof raw === 'bigint') return String(raw);
  if (typeof raw === 'number') return Number.isSafeInteger(raw) ? String(raw) : undefined;
  return typeof raw === 'string' && raw !== '' && raw.isWellFormed() ? raw : undefined;
}
