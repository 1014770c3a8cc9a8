/**
 * The flat form, which every sink can take: derived from the nested one, never written by hand.
 *
 * A record becomes one field for each of its own (`location_city`), an array of records becomes JSON text, and everything
 * else stays. Both forms carry the same facts.
 */

import { canonicalJson } from './json.js';
import { contentOf, type Field, JSON_TEXT, type RecordSchema } from './schema.js';

/** The flat schema of a nested one. Throws when two fields would get the same name. */
export function flatSchema(nested: RecordSchema): RecordSchema {
  const fields = nested.fields.flatMap((field) => flatFields(field, ''));
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw new Error(`schema ${nested.name}: two fields are called ${name} in flat form`);
    names.add(name);
  }
  const namespace = nested.namespace === undefined ? {} : { namespace: nested.namespace };
  return { type: 'record', name: nested.name, ...namespace, doc: nested.doc, fields };
}

function flatFields(field: Field, prefix: string): Field[] {
  const content = contentOf(field);
  const name = prefix + field.name;
  if (content.kind === 'record')
    return content.record.fields.flatMap((child) => flatFields(child, `${name}_`));
  const type: Field['type'] = content.kind === 'records' ? ['null', JSON_TEXT] : field.type;
  return [{ name, type, ...(field.default === null ? { default: null } : {}), doc: field.doc }];
}

type Row = Record<string, unknown>;
type Copy = (from: Readonly<Row>, into: Row) => void;

/**
 * The function that turns values of the nested form into the flat one.
 * Both hold only the fields that are not null, in the order of their schema.
 */
export function compileFlatten(nested: RecordSchema): (value: Readonly<Row>) => Row {
  const copy = compileCopy(nested, '');
  return (value) => {
    const flat: Row = {};
    copy(value, flat);
    return flat;
  };
}

function compileCopy(record: RecordSchema, prefix: string): Copy {
  const copies = record.fields.map((field) => {
    const content = contentOf(field);
    const name = prefix + field.name;
    const convert = content.kind === 'records' ? canonicalJson : null;
    const inner = content.kind === 'record' ? compileCopy(content.record, `${name}_`) : null;
    return { from: field.name, name, convert, inner };
  });
  return (from, into) => {
    for (const copy of copies) {
      const value = from[copy.from];
      if (value === undefined || value === null) continue;
      if (copy.inner !== null) copy.inner(value as Row, into);
      else into[copy.name] = copy.convert === null ? value : copy.convert(value);
    }
  };
}
