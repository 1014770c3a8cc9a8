/**
 * Canonical JSON text: the same data always gives the same characters, so that unchanged rows stay unchanged.
 *
 * Keys are sorted by code unit, there is no white space, and numbers are as JavaScript prints them. The text
 * is built directly: keys from outside never become keys of an object of ours. A tree deeper than MAX_DEPTH
 * is cut there. The levels below become a string that holds their JSON text, because readers and databases
 * refuse unbounded nesting.
 */

import { createHash } from 'node:crypto';

/** How many levels of objects and lists a text has at most. */
export const MAX_DEPTH = 200;

/** The canonical text of parsed JSON. `undefined` counts as null; lone surrogates come out as escapes. */
export function canonicalJson(value: unknown): string {
  return nested(value, MAX_DEPTH);
}

/** Names parsed JSON by its content: 32 hexadecimal digits. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
}

function nested(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return scalarJson(value);
  if (depth === 0) return JSON.stringify(unboundedJson(value));
  return Array.isArray(value) ? listJson(value, depth - 1) : objectJson(value as JsonObject, depth - 1);
}

type JsonObject = Readonly<Record<string, unknown>>;

function listJson(list: readonly unknown[], depth: number): string {
  let text = '[';
  let separator = '';
  for (const item of list) {
    text += separator + nested(item, depth);
    separator = ',';
  }
  return `${text}]`;
}

function objectJson(object: JsonObject, depth: number): string {
  let text = '{';
  let separator = '';
  for (const key of Object.keys(object).sort()) {
    text += `${separator + label(key)}${nested(object[key], depth)}`;
    separator = ',';
  }
  return `${text}}`;
}

/** The same keys come in every row: as JSON text, with the colon, up to as many as a workspace has. */
const labels = new Map<string, string>();
const MAX_LABELS = 1_000;

function label(key: string): string {
  const known = labels.get(key);
  if (known !== undefined) return known;
  const text = `${quoted(key)}:`;
  if (labels.size < MAX_LABELS) labels.set(key, text);
  return text;
}

/** Text in which JSON escapes nothing. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function scalarJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return numberJson(value);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'boolean' ? String(value) : 'null';
}

/**
 * JSON has no infinity, but a number too large for a double is parsed as one: this prints a number that
 * parses so again.
 */
function numberJson(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'null' : `${value < 0 ? '-' : ''}1e999`;
}

/** Still to be written: text as it is, or a value. */
type Pending = { readonly text: string } | { readonly value: unknown };

/** As canonicalJson, for a tree of any depth: its stack is a list, not the call stack. */
function unboundedJson(root: object): string {
  const pending: Pending[] = [{ value: root }];
  let text = '';
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ('text' in next) text += next.text;
    else if (typeof next.value !== 'object' || next.value === null) text += scalarJson(next.value);
    else for (const piece of pieces(next.value).reverse()) pending.push(piece);
  }
  return text;
}

function pieces(value: object): Pending[] {
  const list = Array.isArray(value);
  const entries = list
    ? value.map((item: unknown) => ['', item] as const)
    : sortedEntries(value as JsonObject);
  const inner = entries.flatMap(([label, item], i): Pending[] => [
    { text: (i === 0 ? '' : ',') + label },
    { value: item },
  ]);
  return [{ text: list ? '[' : '{' }, ...inner, { text: list ? ']' : '}' }];
}

function sortedEntries(object: JsonObject): (readonly [string, unknown])[] {
  return Object.keys(object)
    .sort()
    .map((key) => [label(key), object[key]] as const);
}
