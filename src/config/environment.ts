/**
 * `${NAME}` and `${NAME:-default}` in values.
 *
 * They are replaced after the YAML was read and in text only, so that a value can't add keys. What came from
 * the environment may be a secret: it is never shown, only the variable's name is.
 */

import { z } from 'zod';

import { PublisherError } from '../model/errors.js';
import type { Path } from './path.js';
import type { Problem } from './problem.js';
import { childOf } from './setting.js';

/** The environment: names to values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A tree with its references replaced. */
export interface Substituted {
  readonly tree: unknown;
  /** The variables behind the value at a path (`pathKey`), and whether they left it empty. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly problems: readonly Problem[];
}

export interface Origin {
  readonly variables: readonly string[];
  readonly empty: boolean;
}

/** A path as the key of a map. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/**
 * Replaces every reference in the tree. Where the schema wants a number, `true`, `false` or `null` and not
 * text, a replaced text is read as such.
 */
export function substitute(tree: unknown, env: Environment, schema: z.core.$ZodType): Substituted {
  const origins = new Map<string, Origin>();
  const problems: Problem[] = [];

  const replaceText = (text: string, path: Path, expected: z.core.$ZodType | undefined): unknown => {
    const { result, variables, faults } = expand(text, env);
    problems.push(...faults.map((fault) => ({ path, text: fault })));
    if (variables.length === 0) return result;
    origins.set(pathKey(path), { variables, empty: result === '' });
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

/** A text with its references replaced. Throws `usage-invalid` where one can't be; `what` names the text. */
export function expandText(what: string, text: string, env: Environment): string {
  const { result, faults } = expand(text, env);
  if (faults[0] !== undefined) throw new PublisherError('usage-invalid', `${what}: ${faults[0]}`);
  return result;
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

interface Expanded {
  readonly result: string;
  /** The variables that were named, also those that a default stood in for. */
  readonly variables: readonly string[];
  readonly faults: readonly string[];
}

/**
 * Replaces the references in one text: `$${` stands for `${`; a default also serves for an empty variable, as
 * in a shell.
 */
function expand(text: string, env: Environment): Expanded {
  const variables: string[] = [];
  const faults: string[] = [];
  const result = text.replace(REFERENCE, (reference, inner: string | undefined, end: string) => {
    if (inner === undefined) return '${';
    const [, name, fallback] = NAME_AND_DEFAULT.exec(inner) ?? [];
    if (name === undefined || end === '' || fallback?.includes('${')) {
      faults.push(`expected \${NAME} or \${NAME:-default}, or $\${ for the characters \${ themselves`);
      return reference;
    }
    variables.push(name);
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) faults.push(`environment variable ${name} is not set and has no default`);
    return value ?? '';
  });
  return { result, variables, faults };
}

/** The text as it is where that is right, else as the number, boolean or null that is meant by it. */
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
