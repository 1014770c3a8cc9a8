/**
 * The flat form, which every sink accepts: derived from the nested one, never written by hand.
 *
 * A record becomes one field for each of its own (`location_city`), an array of records becomes JSON text,
 * and everything else stays. Both forms carry the same facts.
 */

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
  const aliases = field.aliases === undefined ? {} : { aliases: field.aliases.map((each) => prefix + each) };
  return [{ name, ...aliases, type, ...(field.default === null ? { default: null } : {}), doc: field.doc }];
}
