/**
 * `${NAME}`, `${NAME:-default}` and `${file:PATH}` in values.
 *
 * They are replaced after the YAML is parsed, and only in texts, so that a value can't add keys. A value from
 * the environment or a file may be a secret. Messages show only the name of the variable or file.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

import { PublisherError } from '../model/errors.js';
import type { Path } from './path.js';
import type { Problem } from './problem.js';
import { childOf } from './setting.js';

/** The environment: names to values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The source of references. */
export interface Sources {
  readonly env: Environment;
  /** The directory that relative paths of files start from. */
  readonly folder: string;
}

/** A tree with its references replaced. */
export interface Substituted {
  readonly tree: unknown;
  /** By path (`pathKey`): the references in the value, and whether the replaced value is empty. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly problems: readonly Problem[];
}

export interface Origin {
  /** Names of variables, and of files as `file:PATH`. */
  readonly references: readonly string[];
  readonly empty: boolean;
}

/** A path as the key of a map. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/**
 * Replaces every reference in the tree. When the schema expects a number, a boolean or null and no text, the
 * replaced text is converted.
 */
export function substitute(tree: unknown, sources: Sources, schema: z.core.$ZodType): Substituted {
  const origins = new Map<string, Origin>();
  const problems: Problem[] = [];

  const replaceText = (text: string, path: Path, expected: z.core.$ZodType | undefined): unknown => {
    const { result, references, faults } = expand(text, sources);
    problems.push(...faults.map((fault) => ({ path, text: fault })));
    if (references.length === 0) return result;
    origins.set(pathKey(path), { references, empty: result === '' });
    return expected === undefined || faults.length > 0 ? result : readAs(result, expected);
  };

  const replace = (
    value: unknown,
    path: Path,
    expected: z.core.$ZodType | undefined,
    around: readonly unknown[],
  ): unknown => {
    if (typeof value === 'string') return replaceText(value, path, expected);
    if (typeof value !== 'object' || value === null) return value;
    if (around.includes(value)) {
      problems.push({ path, text: 'expected a value, got an alias to what is around it' });
      return null;
    }
    const child = (step: string | number, inner: unknown): unknown =>
      replace(inner, [...path, step], expected && childOf(expected, step), [...around, value]);
    if (Array.isArray(value)) return value.map((inner, index) => child(index, inner));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, child(key, inner)]));
  };

  return { tree: replace(tree, [], schema, []), origins, problems };
}

/**
 * A text with its references replaced. Throws `usage-invalid` when a reference can't be replaced; `what`
 * names the text in the message.
 */
export function expandText(what: string, text: string, env: Environment): string {
  const { result, faults } = expand(text, { env, folder: '.' });
  if (faults[0] !== undefined) throw new PublisherError('usage-invalid', `${what}: ${faults[0]}`);
  return result;
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
const FILE = /^file:(.+)$/s;
const FORMS = `\${NAME}, \${NAME:-default} or \${file:PATH}, or $\${ for the characters \${ themselves`;

interface Expanded {
  readonly result: string;
  /** All referenced names, also variables that a default replaced. */
  readonly references: readonly string[];
  readonly faults: readonly string[];
}

/** The value of a reference, or its problem. */
type Meaning = { readonly value: string } | { readonly fault: string };

/** Replaces the references in one text: `$${` stands for `${`. */
function expand(text: string, sources: Sources): Expanded {
  const references: string[] = [];
  const faults: string[] = [];
  const result = text.replace(REFERENCE, (reference, inner: string | undefined, end: string) => {
    if (inner === undefined) return '${';
    const [, file] = FILE.exec(inner) ?? [];
    const [, name, fallback] = NAME_AND_DEFAULT.exec(inner) ?? [];
    const named = file === undefined ? name : inner;
    if (named === undefined || end === '' || inner.includes('${')) {
      faults.push(`expected ${FORMS}`);
      return reference;
    }
    references.push(named);
    const meaning =
      file === undefined ? inEnvironment(named, fallback, sources.env) : inFile(file, sources.folder);
    if ('value' in meaning) return meaning.value;
    faults.push(meaning.fault);
    return '';
  });
  return { result, references, faults };
}

/** A default also serves for an empty variable, as in a shell. */
function inEnvironment(name: string, fallback: string | undefined, env: Environment): Meaning {
  const value = env[name];
  if (fallback !== undefined) return { value: value === undefined || value === '' ? fallback : value };
  return value === undefined
    ? { fault: `environment variable ${name} is not set and has no default` }
    : { value };
}

/** The text of a file, without the line break at its end. */
function inFile(path: string, folder: string): Meaning {
  try {
    return { value: readFileSync(resolve(folder, path), 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return { fault: `file ${path} ${code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`}` };
  }
}

/** The text itself when the schema accepts it, otherwise the number, boolean or null that it represents. */
function readAs(text: string, expected: z.core.$ZodType): unknown {
  const fits = (value: unknown): boolean => z.safeParse(expected, value).success;
  if (fits(text)) return text;
  const scalar = readScalar(text);
  return scalar !== undefined && fits(scalar) ? scalar : text;
}

function readScalar(text: string): number | boolean | null | undefined {
  if (text === '' || text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}
