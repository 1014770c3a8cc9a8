/** Messages for zod's issues: what was expected and what was found. They never contain a secret. */

import type { z } from 'zod';

import { type Origin, pathKey } from './environment.js';
import { isMapping, type Path, valueAt } from './path.js';
import type { Problem } from './problem.js';
import { childOf, elementOf, entriesOf, factsOf, type SettingFacts } from './setting.js';
import { nearest } from './spelling.js';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** The checked tree, its schema, and the values that came from the environment. */
export interface Checked {
  readonly tree: unknown;
  readonly schema: Schema;
  readonly origins: ReadonlyMap<string, Origin>;
}

/** The problems for the issues of a check. */
export function problemsOf(issues: readonly Issue[], checked: Checked): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, issue.path as Path, checked));
}

function problemsOfIssue(issue: Issue, path: Path, checked: Checked): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, checked));
  const branch = issue.code === 'invalid_union' ? branchMeant(issue.errors) : undefined;
  if (branch === undefined) return [wrongValue(issue, path, checked)];
  return branch.flatMap((inner) => problemsOfIssue(inner, [...path, ...(inner.path as Path)], checked));
}

/** The alternative that the author probably meant: the one whose problem is not the type of the value. */
function branchMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
}

function unknownKey(key: string, parent: Path, checked: Checked): Problem {
  const known = entriesOf(schemaAt(checked.schema, parent) ?? checked.schema).map(([name]) => name);
  const path = [...parent, key];
  // The key exists in the schema, so a narrower check refused it: other keys of the mapping exclude it.
  if (known.includes(key)) return { path, text: 'not used together with the keys beside it', ofKey: true };
  const meant = nearest(key, known);
  const advice = meant === null ? '' : ` (did you mean \`${meant}\`?)`;
  return { path, text: `unknown key, expected one of ${known.join(', ')}${advice}`, ofKey: true };
}

function wrongValue(issue: Issue, path: Path, checked: Checked): Problem {
  const facts = factsAt(checked.schema, path);
  const expected =
    issue.code === 'custom' && issue.message !== DEFAULT_MESSAGE ? issue.message : facts.expected;
  const value = valueAt(checked.tree, path);
  if (value === undefined) return { path, text: `missing, expected ${expected}` };
  const params: unknown = issue.code === 'custom' ? issue.params : undefined;
  const got = isMapping(params) ? String(params.got) : describe(value, path, facts, checked);
  return { path, text: `expected ${expected}, got ${got}` };
}

/** Zod's message when a check has none of its own. */
const DEFAULT_MESSAGE = 'Invalid input';

function schemaAt(root: Schema, path: Path): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const step of path) schema = schema && childOf(schema, step);
  return schema;
}

const UNDECLARED: SettingFacts = { expected: 'a value', about: '', secret: true };

function factsAt(root: Schema, path: Path): SettingFacts {
  const schema = schemaAt(root, path);
  return (schema && factsOf(schema)) ?? UNDECLARED;
}

/** The found value for a message: the value itself when it may be shown, otherwise its type. */
function describe(value: unknown, path: Path, facts: SettingFacts, checked: Checked): string {
  const origin = checked.origins.get(pathKey(path));
  if (origin !== undefined) return describeOrigin(origin);
  const schema = schemaAt(checked.schema, path);
  const holdsMore = schema !== undefined && (entriesOf(schema).length > 0 || elementOf(schema) !== undefined);
  return facts.secret || holdsMore ? kindOf(value) : show(value);
}

function describeOrigin({ references, empty }: Origin): string {
  const names = [...new Set(references)].map((name) => `\${${name}}`).join(' and ');
  return empty ? `${names}, which is empty` : `the value of ${names}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  return typeof value === 'boolean' ? 'true or false' : 'a number';
}

const MAX_SHOWN = 60;

function show(value: unknown): string {
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return kindOf(value);
  // The part before an @ in a URL may be a password.
  const safe = value.replace(/^.+@/s, '***@');
  return JSON.stringify(safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe);
}
