/**
 * The text of a schema as the registry gets it.
 *
 * A registry distinguishes versions by their characters, so the text depends on nothing but the schema's
 * content: keys in a fixed order, no white space, and nothing in it that only maps the API's rows.
 */

import type { RecordSchema } from './schema.js';

const MAPPING: ReadonlySet<string> = new Set(['path', 'zero', 'constants', 'elsewhere']);
/** First in this order, as a reader wants them; any other key after them, sorted. */
const ORDER = ['type', 'name', 'namespace', 'doc', 'items', 'fields', 'default'];

/** Plain Avro in canonical text, documentation kept. */
export function publishedText(schema: RecordSchema): string {
  return JSON.stringify(tidy(schema));
}

function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (typeof node !== 'object' || node === null) return node;
  const keys = Object.keys(node).filter((key) => !MAPPING.has(key));
  const source = node as Readonly<Record<string, unknown>>;
  return Object.fromEntries(keys.sort(byRank).map((key) => [key, tidy(source[key])]));
}

function byRank(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

function rank(key: string): number {
  const place = ORDER.indexOf(key);
  return place === -1 ? ORDER.length : place;
}
