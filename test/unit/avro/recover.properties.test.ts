/**
 * Any JSON value in any field: what is published, together with `_extra`, tells what was sent.
 *
 * The oracle knows the types of the fields and the rules of docs/tables.md, and none of the code that shapes
 * rows.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Content, contentOf, type Field, pathsOf, tableSchema } from '../../../src/avro/schema.js';
import { compileShape } from '../../../src/avro/shape.js';
import { parseJson } from '../../../src/intercom/parse.js';
import { canonicalJson } from '../../../src/model/json.js';
import { ALL_TABLE_NAMES } from '../../../src/model/table-names.js';

type Json = unknown;
type Tree = Readonly<Record<string, Json>>;

/** Values at the borders of every type, among any others. */
const scalar: fc.Arbitrary<Json> = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: 2n ** 53n, max: 10n ** 30n }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom<Json>(
    ...[0, 1, 0.5, 1e21, 5e-324, 2 ** 52, -(2 ** 52) - 1, 2 ** 53 - 2, 2 ** 53, 8.64e15, 8.64e15 + 1],
    ...[253_402_300_799, 253_402_300_800, -62_135_596_800, 1_700_000_000.1234, 1_700_000_000_123.5],
    ...['0', '-0', '00', '1.0', '1.5', '1e3', ' 1', '0x10', 'NaN', 'Infinity', 'true', 'TRUE', 'null', ''],
    ...['2024-02-29', '2024-02-30', '2023-02-29T10:00:00Z', '2024-04-31T10:00:00+02:00', '2024-13-01'],
    ...['2024-01-01T24:00:00Z', '2024-01-01T10:00:00.123456Z', '1700000000.1234', '1700000000000000000'],
    ...['\ud800', 'a\udc00b', '😀'],
  ),
  fc
    .tuple(
      fc.integer({ min: 0, max: 9999 }),
      fc.nat(14),
      fc.nat(33),
      fc.constantFrom('', 'Z', '-08:00', ' +0530'),
    )
    .map(([year, month, day, zone]) => {
      const two = (value: number) => String(value).padStart(2, '0');
      const clock = zone === '' ? '' : `T10:20:30${zone}`;
      return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}${clock}`;
    }),
);
const json = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { weight: 8, arbitrary: scalar },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: fc.array(tie('any'), { maxLength: 4 }) },
    {
      weight: 1,
      arbitrary: fc.dictionary(fc.constantFrom('id', 'type', 'zzz', 'at'), tie('any'), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    },
  ),
})).any;

const same = (a: Json, b: Json) => canonicalJson(a) === canonicalJson(b);

/** Whether a published value of this kind says what was sent. */
function says(kind: Content['kind'], found: Json, sent: Json): boolean {
  switch (kind) {
    case 'string':
      return found === String(sent) && typeof sent !== 'object';
    case 'long':
    case 'double':
      return typeof sent === 'string'
        ? String(found) === sent
        : found === sent || (found === 0 && sent === 0);
    case 'boolean':
      return String(found) === String(sent) && typeof sent !== 'object';
    case 'time':
      return typeof found === 'number' && saysTime(found, sent);
    case 'json':
      return found === canonicalJson(sent);
    default:
      return false;
  }
}

/** Whether the time, written down as it was sent, gives the same characters. */
function saysTime(ms: number, sent: Json): boolean {
  const text = String(sent).trim();
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) {
    const number = Number(text);
    const shown = Math.abs(number) < 253_402_300_800 ? ms / 1000 : ms;
    return shown === number;
  }
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(text.slice(10)) ?? [];
  const ahead = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  const local = new Date(ms + ahead).toISOString().replace('T', ' ').slice(0, -1);
  const written = text
    .replace(/[Tt]/, ' ')
    .replace(/\s?(Z|UTC|[+-]\d\d:?\d\d)$/i, (zone, _, offset) => (offset > 9 ? '' : zone));
  return local.startsWith(written) && /^[0 :.-]*$/.test(local.slice(written.length));
}

/** Whether everything in the list is published, or under its position in `_extra`. */
function listSays(items: Content['kind'], found: Json, left: Json, sent: Json): boolean {
  if (!Array.isArray(sent) || !Array.isArray(found)) return false;
  const rest = (left ?? {}) as Tree;
  const published = [...found];
  return sent.every((each, index) => {
    const kept = rest[String(index)];
    // Broken text has its place in the list too.
    if (kept !== undefined && typeof each === 'string' && items === 'string') published.shift();
    return kept === undefined ? says(items, published.shift(), each) : same(kept, each);
  });
}

function isRecovered(field: Field, found: Json, left: Json, sent: Json): boolean {
  if (sent === null || (left !== undefined && same(left, sent))) return true;
  if (field.zero === 'null' && (sent === 0 || sent === '0')) return (found ?? null) === null;
  const content = contentOf(field);
  if (content.kind === 'list') return listSays(content.items, found, left, sent);
  return left === undefined && says(content.kind, found, sent);
}

/** The fields of a table's row itself that hold values, and where the row has them. */
function leavesOf(fields: readonly Field[]): { field: Field; path: readonly string[] }[] {
  return fields.slice(1, -1).flatMap((field) => {
    const { kind } = contentOf(field);
    if (kind === 'record' || kind === 'records') return [];
    return pathsOf(field).map((path) => ({ field, path }));
  });
}

/**
 * Whether a field holds, as JSON text, all that stands above the path: then a field of its own repeats a part
 * of it.
 */
function isInJson(value: Tree, [first = '', ...below]: readonly string[], sent: Json): boolean {
  const text = value[first];
  return below.length > 0 && typeof text === 'string' && same(at(parseJson(text), below), sent);
}

const at = (tree: Json, path: readonly string[]) =>
  path.reduce<Json>(
    (node, key) => (typeof node === 'object' && node !== null ? (node as Tree)[key] : undefined),
    tree,
  );

const isBelow = (path: readonly string[], above: readonly string[]) =>
  path.length > above.length && above.every((key, index) => path[index] === key);

const wrap = (path: readonly string[], value: Json): Tree =>
  path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as Tree;

describe.each(ALL_TABLE_NAMES)('%s', (table) => {
  const schema = tableSchema(table);
  const shape = compileShape(schema);
  const key = schema.fields[0]?.name ?? '';
  const leaves = leavesOf(schema.fields);

  it('loses nothing of any value in any field', () => {
    fc.assert(
      fc.property(fc.constantFrom(...leaves), json, ({ field, path }, sent) => {
        // An object that other fields stand in is taken apart.
        fc.pre(!(typeof sent === 'object' && leaves.some((each) => isBelow(each.path, path))));
        const shaped = shape({ [key]: '1', ...wrap(path, sent) });
        expect(shaped.key).toBe('1');
        const value: Tree = 'value' in shaped ? shaped.value : {};
        const extra = parseJson(String(value._extra ?? '{}'));
        const what = canonicalJson({ field: field.name, sent, published: value });
        const isThere =
          isRecovered(field, value[field.name], at(extra, path), sent) || isInJson(value, path, sent);
        expect(isThere, what).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('keeps what stands where an object is expected, and what no field knows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...leaves), scalar, fc.string(), ({ path }, sent, unknown) => {
        const place = path.length > 1 ? path.slice(0, -1) : [`zzz${unknown}`];
        const shaped = shape({ [key]: '1', ...wrap(place, sent) });
        const value: Tree = 'value' in shaped ? shaped.value : {};
        const left = at(parseJson(String(value._extra ?? '{}')), place);
        // One key on the way may hold a value of its own as well (the picture of a teammate).
        const isField = [String(sent), canonicalJson(sent)].includes(String(value[place[0] ?? '']));
        expect(
          isField || same(left, sent) || isInJson(value, place, sent),
          canonicalJson({ place, sent }),
        ).toBe(true);
      }),
    );
  });
});
