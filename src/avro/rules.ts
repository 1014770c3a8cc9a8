/**
 * Field rules: which fields of a table are left out (`exclude`), and which are published as a keyed hash in
 * place of the value (`hash`).
 *
 * Rules are applied to the API's row before anything else reads it, at every place where a field may stand,
 * so that no part of an excluded or hashed value is published elsewhere (in `_extra`, in JSON text, in a
 * typed column).
 */

import { createHmac } from 'node:crypto';
import { canonicalJson } from '../model/json.js';
import type { RawRow } from '../model/row.js';
import { isObject, type RawObject } from '../model/row.js';
import { type AttributeDefinition, CUSTOM_ATTRIBUTES } from './custom-attributes.js';
import { contentOf, type Field, keyField, pathsOf, type RecordSchema } from './schema.js';

/**
 * The rules of one table: dotted paths of fields as `catalog` and docs/tables.md name them in nested form.
 */
export interface FieldRules {
  readonly exclude: readonly string[];
  readonly hash: readonly string[];
  /** Key of the hashes. */
  readonly hashKey: string;
}

export const NO_RULES: FieldRules = { exclude: [], hash: [], hashKey: '' };

export interface CompiledRules {
  /** The nested schema without the excluded fields, and with texts in place of the hashed ones. */
  readonly schema: RecordSchema;
  /**
   * The row without excluded values, and with hashes in place of hashed ones. Returns the row itself where no
   * rule applies.
   */
  redact(raw: RawRow): RawRow;
}

/** A rule that can't be applied: where it stands in the rules, and why. */
export interface RuleProblem {
  readonly rule: 'exclude' | 'hash';
  readonly index: number;
  readonly message: string;
}

/**
 * Everything that is wrong with the rules of a table. `needed` names fields that can't be done without.
 */
export function ruleProblems(
  schema: RecordSchema,
  rules: FieldRules,
  needed: readonly string[] = [],
): RuleProblem[] {
  const problems = (rule: RuleProblem['rule']) =>
    rules[rule].flatMap((path, index) => {
      const message = problemOf(schema, rule, path, needed) ?? (rule === 'hash' ? clash(path, rules) : null);
      return message === null ? [] : [{ rule, index, message }];
    });
  return [...problems('exclude'), ...problems('hash')];
}

function clash(path: string, { exclude }: FieldRules): string | null {
  const over = exclude.find((each) => path === each || path.startsWith(`${each}.`));
  return over === undefined ? null : `expected a field that is published, but ${over} is excluded`;
}

function problemOf(
  schema: RecordSchema,
  rule: RuleProblem['rule'],
  path: string,
  needed: readonly string[],
): string | null {
  if (path === keyField(schema).name) return `expected a field that is not the key, got ${path}`;
  if (needed.includes(path))
    return `expected a field that is not needed, but ${path} decides which rows are deleted`;
  const target = resolve(schema, path.split('.'));
  if (target === null)
    return `expected a field of the table, got ${path}; \`intercom-kafka catalog\` lists them`;
  const kind = contentOf(target.field).kind;
  if (rule === 'hash' && target.inside.length === 0 && (kind === 'record' || kind === 'records'))
    return `expected a field that holds a value, but ${path} holds records: name fields of them, or exclude it`;
  return null;
}

interface Target {
  readonly field: Field;
  /** The fields on the way, the target last. */
  readonly fields: readonly Field[];
  /** Keys below a field that holds JSON. */
  readonly inside: readonly string[];
}

/** The field at a path, or the value inside a field that holds JSON; null when there is none. */
function resolve(record: RecordSchema, path: readonly string[], above: readonly Field[] = []): Target | null {
  const [name = '', ...rest] = path;
  const field = record.fields.find((each) => each.name === name);
  if (field === undefined) return null;
  const fields = [...above, field];
  const content = contentOf(field);
  if (rest.length === 0) return { field, fields, inside: [] };
  if (content.kind === 'json') return { field, fields, inside: insideOf(name, rest) };
  return content.kind === 'record' || content.kind === 'records'
    ? resolve(content.record, rest, fields)
    : null;
}

/** The names of custom attributes may contain dots. */
function insideOf(name: string, rest: readonly string[]): readonly string[] {
  return name === CUSTOM_ATTRIBUTES ? [rest.join('.')] : rest;
}

/** Compiles the rules of a table. Throws where `ruleProblems` finds something. */
export function compileRules(schema: RecordSchema, rules: FieldRules): CompiledRules {
  if (rules.exclude.length === 0 && rules.hash.length === 0) return { schema, redact: (raw) => raw };
  const changes = [
    ...rules.exclude.flatMap((path) => placesOf(schema, path).map(exclusionAt)),
    ...rules.hash.flatMap((path) => placesOf(schema, path).map(hashingAt(rules.hashKey))),
  ];
  const redact = (raw: RawRow) => changes.reduce<unknown>((row, apply) => apply(row), raw) as RawRow;
  return { schema: redactSchema(schema, rules, ''), redact };
}

/** The keys by which a value is reached in the API's row: those of each field on the way, outermost first. */
type Place = readonly (readonly string[])[];

/** Every place at which the value of a field may stand. */
function placesOf(schema: RecordSchema, path: string): Place[] {
  const target = resolve(schema, path.split('.'));
  if (target === null) throw new Error(`no field ${path} in ${schema.name}`);
  const places = target.fields.reduce<Place[]>(
    (all, field) => all.flatMap((place) => pathsOf(field).map((keys) => [...place, keys])),
    [[]],
  );
  return target.inside.length === 0 ? places : places.map((place) => [...place, target.inside]);
}

/** What to do with what is found at a place; `undefined` removes it. */
interface Change {
  readonly value: (value: unknown) => unknown;
  /** What stands in the way: a value that can't be gone into. */
  readonly obstacle: (value: unknown) => unknown;
  /** Whether a list that stands where the object that wraps it is expected is what is meant. */
  readonly bareLists: boolean;
}

function exclusionAt(place: Place): (row: unknown) => unknown {
  const remove = () => undefined;
  return (row) => change(row, place, { value: remove, obstacle: remove, bareLists: true });
}

/**
 * Of a field with several places each value is hashed once: an object at one of them holds another one, and
 * an obstacle on the way to one stands at another.
 */
function hashingAt(
  key: string,
): (place: Place, index: number, all: readonly Place[]) => (row: unknown) => unknown {
  const hash = hasher(key);
  return (place, index, all) => {
    const elsewhere = (value: unknown) => (all.length > 1 ? value : undefined);
    const value = (found: unknown) => (isObject(found) ? elsewhere(found) : hash(found));
    return (row) => change(row, place, { value, obstacle: elsewhere, bareLists: index === 0 });
  };
}

/**
 * A copy of the tree with the value at the place changed; the tree itself where there is no such value. Each
 * entry of a list is visited.
 */
function change(node: unknown, [keys = [], ...inner]: Place, to: Change, isEntered = false): unknown {
  if (node === null || node === undefined) return node;
  if (keys.length === 0) return inner.length === 0 ? to.value(node) : changeEach(node, inner, to);
  if (Array.isArray(node)) {
    if (!isEntered || !to.bareLists) return to.obstacle(node);
    return inner.length === 0 ? to.value(node) : changeEach(node, inner, to);
  }
  if (!isObject(node)) return to.obstacle(node);
  const [key = '', ...below] = keys;
  if (!Object.hasOwn(node, key)) return node;
  return withValue(node, key, change(node[key], [below, ...inner], to, true));
}

function changeEach(node: unknown, inner: Place, to: Change): unknown {
  if (!Array.isArray(node)) return change(node, inner, to);
  return node.map((each: unknown) => change(each, inner, to) ?? null);
}

/** Built anew, since a key from outside (`__proto__`) may not be assigned. */
function withValue(node: RawObject, key: string, value: unknown): RawObject {
  if (value === node[key]) return node;
  const entries = Object.entries(node).map(([name, each]) => [name, name === key ? value : each] as const);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}

/**
 * The definitions of custom attributes that remain under the rules: excluded ones are dropped, and a hashed
 * one is a text.
 */
export function adaptDefinitions(
  definitions: readonly AttributeDefinition[],
  { exclude, hash }: FieldRules,
): AttributeDefinition[] {
  const has = (rules: readonly string[], name: string) => rules.includes(`${CUSTOM_ATTRIBUTES}.${name}`);
  return definitions
    .filter(({ name }) => !has(exclude, name))
    .map((definition) => (has(hash, definition.name) ? { ...definition, kind: 'string' } : definition));
}

/** Whether the rules leave the custom attributes as an object that columns can be filled from. */
export function keepsCustomAttributes({ exclude, hash }: FieldRules): boolean {
  return !exclude.includes(CUSTOM_ATTRIBUTES) && !hash.includes(CUSTOM_ATTRIBUTES);
}

/** HMAC-SHA-256 of a value's text in lower-case hexadecimal; for a list, of each entry. */
function hasher(key: string): (value: unknown) => unknown {
  const hash = (value: unknown): unknown => {
    if (value === null || value === undefined) return value;
    if (Array.isArray(value)) return value.map(hash);
    const text = typeof value === 'string' ? value : canonicalJson(value);
    return createHmac('sha256', key).update(text, 'utf8').digest('hex');
  };
  return hash;
}

function redactSchema(record: RecordSchema, rules: FieldRules, prefix: string): RecordSchema {
  const fields = record.fields.flatMap((field) => redactField(field, rules, prefix + field.name));
  return { ...record, fields };
}

function redactField(field: Field, rules: FieldRules, path: string): Field[] {
  if (rules.exclude.includes(path)) return [];
  const content = contentOf(field);
  if (rules.hash.includes(path)) {
    const type =
      content.kind === 'list' ? ({ type: 'array', items: 'string' } as const) : ('string' as const);
    return [{ ...field, type: ['null', type], doc: `HMAC-SHA-256 of: ${field.doc}` }];
  }
  if (content.kind !== 'record' && content.kind !== 'records') return [field];
  const record = redactSchema(content.record, rules, `${path}.`);
  if (record.fields.length === 0) return [];
  const type = content.kind === 'record' ? record : ({ type: 'array', items: record } as const);
  return [{ ...field, type: ['null', type] }];
}
