/**
 * Declares settings: a zod schema with the texts that describe it.
 *
 * Checks, error messages, conversion of environment values and the reference page are derived from these
 * declarations. The functions here that inspect a schema serve all of them.
 */

import { z } from 'zod';

type Schema = z.core.$ZodType;

export interface SettingFacts {
  /** The expected value; completes "expected …". */
  readonly expected: string;
  /** The description of the setting. */
  readonly about: string;
  /** True when the value must not be shown. */
  readonly secret: boolean;
}

const declared = z.registry<SettingFacts>();

/** Declares a setting. Its default is the schema's `prefault`: written as the file would write it. */
export function setting<S extends Schema>(schema: S, expected: string, about: string): S {
  return declare(schema, { expected, about, secret: false });
}

/** Declares a setting whose value is never shown. */
export function secretSetting<S extends Schema>(schema: S, expected: string, about: string): S {
  return declare(schema, { expected, about, secret: true });
}

/** Settings of one type share a schema (`text`), so each gets a copy with its own texts. */
function declare<S extends Schema>(schema: S, facts: SettingFacts): S {
  const own = z.core.clone(schema);
  declared.add(own, facts);
  return own;
}

/** The schema that a wrapper (optional, default, …) is around; undefined when it is no wrapper. */
function inside(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodOptional) return schema.unwrap();
  if (schema instanceof z.ZodNullable) return schema.unwrap();
  if (schema instanceof z.ZodPrefault) return schema.unwrap();
  if (schema instanceof z.ZodPipe) return schema.in;
  return undefined;
}

/** The schema and everything that it wraps, from the outside in. */
function layers(schema: Schema): Schema[] {
  const found: Schema[] = [];
  for (let layer: Schema | undefined = schema; layer !== undefined; layer = inside(layer)) found.push(layer);
  return found;
}

function core(schema: Schema): Schema {
  return layers(schema).at(-1) ?? schema;
}

/** The declaration of the schema, or undefined when it has none of its own. */
export function factsOf(schema: Schema): SettingFacts | undefined {
  for (const layer of layers(schema)) {
    const facts = declared.get(layer);
    if (facts !== undefined) return facts;
  }
  return undefined;
}

/** The keys that a mapping of this schema may have, with their schemas; empty for anything else. */
export function entriesOf(schema: Schema): [string, Schema][] {
  const inner = core(schema);
  if (inner instanceof z.ZodObject) return Object.entries<Schema>(inner.shape);
  if (inner instanceof z.ZodUnion) return inner.options.flatMap(entriesOf);
  return [];
}

/** The schema of a list's elements, or undefined when it is no list. */
export function elementOf(schema: Schema): Schema | undefined {
  const inner = core(schema);
  return inner instanceof z.ZodArray ? inner.element : undefined;
}

/** The schema of a mapping's value under the key, or of a list's element; undefined when there is none. */
export function childOf(schema: Schema, step: string | number): Schema | undefined {
  if (typeof step === 'number') return elementOf(schema);
  const inner = core(schema);
  if (inner instanceof z.ZodRecord) return inner.valueType;
  return entriesOf(schema).find(([key]) => key === step)?.[1];
}

/** The default of a setting, as the file would write it; `required` and `none` when there is no default. */
export function fallbackOf(schema: Schema): 'required' | 'none' | { readonly value: unknown } {
  const wrappers = layers(schema);
  const prefault = wrappers.find((layer) => layer instanceof z.ZodPrefault);
  if (prefault !== undefined) return { value: prefault.def.defaultValue };
  return wrappers.some((layer) => layer instanceof z.ZodOptional) ? 'none' : 'required';
}
