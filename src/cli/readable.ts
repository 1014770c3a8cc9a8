/** Published values in a readable form: JSON fields as JSON, times as ISO 8601 texts. */

import { contentOf, type Field, type RecordSchema } from '../avro/schema.js';

type Value = Readonly<Record<string, unknown>>;

/** A number that may not fit into a double: such a text is shown unchanged. */
const LARGE_NUMBER = /\d{16}|e\+?\d{3}/i;
const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;

/** The readable form of a value of this schema. Fields that the schema does not have are unchanged. */
export function readable(schema: RecordSchema, value: Value): Value {
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, readableField(fields.get(name), each)]),
  );
}

function readableField(field: Field | undefined, value: unknown): unknown {
  if (field === undefined || value === null || value === undefined) return value;
  const content = contentOf(field);
  switch (content.kind) {
    case 'time':
      return typeof value === 'number' ? new Date(value).toISOString() : value;
    case 'json':
      return typeof value === 'string' ? parsed(value) : value;
    case 'record':
      return readable(content.record, value as Value);
    case 'records':
      return (value as readonly Value[]).map((each) => readable(content.record, each));
    default:
      return value;
  }
}

function parsed(text: string): unknown {
  if (LARGE_NUMBER.test(text.replace(JSON_STRING, ''))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
