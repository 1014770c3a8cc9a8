/**
 * Compiles a schema into the tree that `fillTarget` visits: it has the nesting of the API's row, not that of
 * the schema.
 */

import { isObject } from '../model/row.js';
import { asText, FILL_PRIMITIVE, fillJson, fillList, fillRecord, fillTime } from './fill.js';
import { Leftover } from './leftovers.js';
import { type Fill, fillTarget, type Node, type Step } from './row-tree.js';
import {
  type Content,
  contentOf,
  EXTRA,
  type Field,
  keyField,
  pathsOf,
  type RecordSchema,
} from './schema.js';

/** A key of the API's row on the way to one or more fields. */
interface Place {
  readonly key: string;
  readonly owns: boolean;
  /** Fills in the value itself; absent where only values below it are wanted. */
  fill?: Step['fill'];
  /** Fills in a list that stands in place of the object that wraps it. */
  fillBare?: Step['fill'];
  readonly below: Map<string, Place>;
}

type Places = Map<string, Place>;

/**
 * Where the fields of a record put their values: into a record of their own, or, flat, under their path into
 * that of the row.
 */
interface Form {
  readonly isFlat: boolean;
  readonly prefix: string;
}

const NESTED: Form = { isFlat: false, prefix: '' };

/**
 * The tree for the rows of a table. Throws when fields contradict each other. The key is left to the caller.
 */
export function compileRow(schema: RecordSchema, form: 'nested' | 'flat'): Node {
  const places = placesOf(schema, { isFlat: form === 'flat', prefix: '' });
  for (const [path, values] of Object.entries(schema.constants ?? {})) {
    placeAt(places, path.split('.')).fill = (raw) =>
      values.includes(raw as string) ? undefined : new Leftover(raw);
  }
  for (const key of Object.keys(schema.elsewhere ?? {})) placeAt(places, [key]).fill = () => undefined;
  placeAt(places, [keyField(schema).name]).fill = () => undefined;
  return nodeOf(places);
}

function compileNode(record: RecordSchema, form = NESTED): Node {
  return nodeOf(placesOf(record, form));
}

function placesOf(record: RecordSchema, form: Form): Places {
  const places: Places = new Map();
  const fields = record.fields.filter((field) => field.name !== EXTRA);
  const json = fields.filter((field) => contentOf(field).kind === 'json');
  const whole = new Set(json.flatMap(keyOfWhole));
  for (const field of fields) {
    for (const path of pathsOf(field)) {
      const [key = ''] = path;
      if (path.length > 1 && whole.has(key))
        places.set(`${key} ${field.name}`, copyFromJson(field, path, form));
      else claim(places, field, path, form);
    }
  }
  return places;
}

/** The key of the row that a field reads with everything below. */
function keyOfWhole(field: Field): string[] {
  return pathsOf(field).flatMap((path) => (path.length === 1 ? path : []));
}

function claim(places: Places, field: Field, path: readonly string[], form: Form): void {
  const key = path[0] ?? '';
  // Steps run in the order of the raw row's places: it must be the schema's, in which the values are written.
  if (places.has(key) && [...places.keys()].at(-1) !== key)
    throw new Error(`field ${field.name}: the fields that read ${key} must stand together`);
  const at = placeAt(places, path);
  if (at.fill !== undefined) throw new Error(`field ${field.name}: another field reads ${path.join('.')}`);
  const fill = fillField(field, form);
  at.fill = fill;
  const kind = contentOf(field).kind;
  if (path.length > 1 && (kind === 'records' || kind === 'list'))
    placeAt(places, path.slice(0, -1)).fillBare ??= fill;
}

/** The place at a path, made when it is not there yet. */
function placeAt(places: Places, path: readonly string[]): Place {
  const [key = '', ...rest] = path;
  const found = places.get(key) ?? { key, owns: true, below: new Map<string, Place>() };
  places.set(key, found);
  return rest.length === 0 ? found : placeAt(found.below, rest);
}

/** A field that copies a value out of a JSON field: what does not fit is still in the JSON. */
function copyFromJson(field: Field, [key = '', ...rest]: readonly string[], form: Form): Place {
  const fill = fillField(field, form);
  return {
    key,
    owns: false,
    below: new Map(),
    fill: (raw, into) => {
      const value = rest.reduce<unknown>(
        (at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : null),
        raw,
      );
      if (value !== null) fill(value, into);
      return undefined;
    },
  };
}

function nodeOf(places: Places): Node {
  const all = [...places.values()];
  const steps = all.map((at) => ({ key: at.key, owns: at.owns, fill: fillPlace(at) }));
  return { steps, known: new Set(all.map((at) => at.key)) };
}

function fillPlace({ fill, fillBare, below }: Place): Step['fill'] {
  const itself = fill ?? ((raw: unknown) => new Leftover(raw));
  if (below.size === 0) return itself;
  const node = nodeOf(below);
  return (raw, into) => {
    if (isObject(raw)) return fillTarget(node, raw, into);
    if (fillBare !== undefined && Array.isArray(raw) && raw.every(isObject)) return fillBare(raw, into);
    return itself(raw, into);
  };
}

function fillContent(content: Content): Fill {
  switch (content.kind) {
    case 'time':
      return fillTime;
    case 'json':
      return fillJson;
    case 'list':
      return fillList(FILL_PRIMITIVE[content.items]);
    case 'record':
      return fillRecord(compileNode(content.record), false);
    case 'records':
      return fillList(fillRecord(compileNode(content.record), true));
    default:
      return FILL_PRIMITIVE[content.kind];
  }
}

/** In the flat form the fields of a record stand in that of the row, and a list of records is JSON text. */
function fillFlat(content: Content, name: string): Fill {
  if (content.kind === 'records') return asText(fillContent(content));
  if (content.kind !== 'record') return fillContent(content);
  const node = compileNode(content.record, { isFlat: true, prefix: `${name}_` });
  return (raw, into) => (isObject(raw) ? fillTarget(node, raw, into) : new Leftover(raw));
}

function fillField(field: Field, { isFlat, prefix }: Form): Step['fill'] {
  const name = prefix + field.name;
  const content = contentOf(field);
  const fill = isFlat ? fillFlat(content, name) : fillContent(content);
  if (field.zero === 'null')
    return (raw, into) => (raw === 0 || raw === '0' ? undefined : fill(raw, into, name));
  if (pathsOf(field).length === 1) return (raw, into) => fill(raw, into, name);
  return (raw, into) => ((into[name] ?? null) === null ? fill(raw, into, name) : new Leftover(raw));
}
