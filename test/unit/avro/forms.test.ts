/** What holds for every table and any row: generated rows mix what is expected with what is not. */

import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatSchema } from '../../../src/avro/flat.js';
import { publishedText } from '../../../src/avro/published.js';
import { contentOf, pathsOf, type RecordSchema, tableSchema } from '../../../src/avro/schema.js';
import { compileShape } from '../../../src/avro/shape.js';
import { TABLE_NAMES } from '../../../src/model/table-names.js';

type Value = Record<string, unknown>;

/** JSON text of a row, so that keys such as `__proto__` arrive as they do from the API. */
type Text = fc.Arbitrary<string>;

const odd: Text = fc.json({ maxDepth: 3 });
const oddKey = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', 'id', 'type'),
);

function objectText(members: [string, Text][]): Text {
  const known = members.map(([key, value]) =>
    fc.option(value, { freq: 4 }).map((text) => (text === null ? [] : [`${JSON.stringify(key)}:${text}`])),
  );
  const unknown = fc.array(
    fc.tuple(oddKey, odd).map(([key, text]) => `${JSON.stringify(key)}:${text}`),
    { maxLength: 2 },
  );
  // Unknown keys first: of a key that comes twice, the last counts.
  return fc.tuple(unknown, ...known).map((parts) => `{${parts.flat().join()}}`);
}

function listText(item: Text): Text {
  return fc
    .array(fc.oneof({ weight: 6, arbitrary: item }, odd), { maxLength: 3 })
    .map((items) => `[${items.join()}]`);
}

const SCALARS = {
  string: fc.oneof(
    fc.string().map((text) => JSON.stringify(text)),
    fc.integer().map(String),
    fc.constant('"\\ud800x"'),
  ),
  long: fc.oneof(fc.maxSafeInteger().map(String), fc.constantFrom('"12"', '1.5', '-0', '1e300')),
  double: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.constant('1e999'),
  ),
  boolean: fc.constantFrom('true', 'false', '"true"'),
  time: fc.oneof(
    fc.integer().map(String),
    fc.constantFrom('0', '-1.5', '"2024-02-29T12:00:00Z"', '"never"', '253402300799'),
  ),
  json: odd,
};

/** The row of a schema: each value where the schema looks for it, sometimes replaced by anything. */
function rowText(record: RecordSchema): Text {
  const wrapped = new Map<string, [string, Text][]>();
  for (const field of record.fields) {
    const content = contentOf(field);
    const fit =
      'record' in content
        ? content.kind === 'record'
          ? rowText(content.record)
          : listText(rowText(content.record))
        : content.kind === 'list'
          ? listText(SCALARS[content.items])
          : SCALARS[content.kind];
    const text = fc.oneof({ weight: 8, arbitrary: fit }, { weight: 1, arbitrary: odd });
    for (const [key = '', ...rest] of pathsOf(field)) {
      const inner = wrapped.get(key) ?? [];
      wrapped.set(key, [...inner, [rest[0] ?? '', text]]);
    }
  }
  const members = [...wrapped].map(([key, inner]): [string, Text] => {
    const below = inner.filter(([name]) => name !== '');
    const itself = inner.filter(([name]) => name === '').map(([, text]) => text);
    return [key, fc.oneof(...itself, ...(below.length > 0 ? [objectText(below)] : []))];
  });
  return objectText(members);
}

function withKey(schema: RecordSchema, text: string): Value {
  return { ...JSON.parse(text), [schema.fields[0]?.name ?? 'id']: 'k1' };
}

/** The nested value out of the flat one: what proves that they carry the same. */
function rebuild(schema: RecordSchema, flat: Value, prefix = ''): Value {
  const value: Value = {};
  for (const field of schema.fields) {
    const content = contentOf(field);
    const held = flat[prefix + field.name];
    if (content.kind === 'record') {
      const inner = rebuild(content.record, flat, `${prefix}${field.name}_`);
      if (Object.keys(inner).length > 0) value[field.name] = inner;
    } else if (held !== undefined)
      value[field.name] = content.kind === 'records' ? JSON.parse(String(held)) : held;
  }
  return value;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, held]) => held !== null);
  return Object.fromEntries(entries.map(([key, held]) => [key, withoutNulls(held)]));
}

function throughAvro(schema: RecordSchema, value: Value): unknown {
  const type = avsc.Type.forSchema(JSON.parse(publishedText(schema)));
  return withoutNulls(type.fromBuffer(type.toBuffer(value)));
}

describe.each(TABLE_NAMES)('%s', (table) => {
  const nested = tableSchema(table);
  const flat = flatSchema(nested);
  const shape = compileShape(nested);
  const shapeFlat = compileShape(
    nested,
    flat.fields.map(({ name }) => name),
  );
  const rows = rowText(nested).map((text) => withKey(nested, text));

  function shaped(row: Value) {
    const result = shape(row);
    if (result.key === null) throw new Error(result.reason);
    return result;
  }

  function flatOf(row: Value) {
    const result = shapeFlat(row);
    if (result.key === null) throw new Error(result.reason);
    return withoutNulls(result.value) as Value;
  }

  it('takes any row', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          rows,
          fc.json().map((text) => JSON.parse(text)),
        ),
        (row) => {
          expect(shape(row)).toHaveProperty('key');
          expect(shapeFlat(row).key).toBe(shape(row).key);
        },
      ),
    );
  });

  it('writes fields in the order of the schema, and only those that hold something', () => {
    const order = (schema: RecordSchema, value: Value) =>
      schema.fields.map(({ name }) => name).filter((name) => Object.hasOwn(value, name));
    fc.assert(
      fc.property(rows, (row) => {
        const { value } = shaped(row);
        expect(Object.keys(value)).toEqual(order(nested, value));
        expect(Object.keys(flatOf(row))).toEqual(order(flat, flatOf(row)));
        expect(withoutNulls(value)).toStrictEqual(value);
      }),
    );
  });

  it('carries the same in both forms', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const { value } = shaped(row);
        expect(rebuild(nested, flatOf(row))).toStrictEqual(value);
      }),
    );
  });

  it('comes back from Avro as it was', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const { value } = shaped(row);
        expect(throughAvro(nested, value)).toEqual(value);
        expect(throughAvro(flat, flatOf(row))).toEqual(flatOf(row));
      }),
      { numRuns: 50 },
    );
  });

  it('loses nothing', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const marked = mark(row);
        const { value } = shaped(marked as Value);
        const found = new Set(marksIn(nested, value));
        expect(marksOf(withoutElsewhere(nested, marked)).filter((text) => !found.has(text))).toEqual([]);
      }),
    );
  });
});

/** The same row with each text and number replaced by one that stands nowhere else. */
function mark(row: unknown): unknown {
  let next = 1000;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value === 'string') return `v${next++}`;
    if (typeof value === 'number') return next++;
    if (typeof value !== 'object' || value === null) return value;
    return JSON.parse(
      `{${Object.entries(value)
        .map(([key, held]) => `${JSON.stringify(key)}:${JSON.stringify(visit(held))}`)
        .join()}}`,
    );
  };
  return visit(row);
}

function marksOf(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(marksOf);
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
}

/** The marks in a shaped value: inside JSON text too, and times as the seconds that they were. */
function marksIn(schema: RecordSchema, value: Value): string[] {
  return schema.fields.flatMap((field) => {
    const content = contentOf(field);
    const held = value[field.name];
    if (held === undefined) return [];
    if (content.kind === 'json') return marksOf(JSON.parse(String(held)));
    if (content.kind === 'time') return [String(Number(held) / 1000)];
    if (content.kind === 'record') return marksIn(content.record, held as Value);
    if (content.kind === 'records') return (held as Value[]).flatMap((item) => marksIn(content.record, item));
    return marksOf(held);
  });
}

function withoutElsewhere(schema: RecordSchema, row: unknown): unknown {
  const entries = Object.entries(row as Value).filter(([key]) => !Object.hasOwn(schema.elsewhere ?? {}, key));
  return entries.map(([, value]) => value);
}
