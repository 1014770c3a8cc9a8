/** Hashes of rows: one tells whether a row changed, the other identifies attributes, which have no ID. */

import { hash } from 'node:crypto';
import type { RawRow } from '../model/row.js';
import { canonicalJson } from './json.js';

/**
 * The function that gives 32 hexadecimal digits which tell the contents of these fields apart. Fields without a value don't count, so that
 * fields that a later schema adds don't change the hash of rows without them.
 */
export function compileContentHash(
  fields: readonly string[],
): (value: Readonly<Record<string, unknown>>) => string {
  const labels = fields.map((field) => `${field}=`);
  return (value) => {
    let text = '';
    for (let at = 0; at < fields.length; at += 1) {
      const content = value[fields[at] as string];
      if (content === null || content === undefined) continue;
      // Lengths keep the texts apart, whatever they hold.
      if (typeof content === 'string') text += `${labels[at] as string}${content.length}:${content}`;
      else text += `${labels[at] as string}${JSON.stringify(content)};`;
    }
    return sha256(text).slice(0, 32);
  };
}

/**
 * The `_sdc_record_hash` of an attribute, as the Stitch integration computes it with Python's `str()`: a missing part
 * is nothing, null is `None`. Python keeps 1 and 1.0 apart, parsed JSON in JavaScript does not: both count as 1 here.
 */
export function recordHash(raw: RawRow): string {
  return sha256(pythonText(raw.id) + pythonText(raw.name) + pythonText(raw.description));
}

/** A lone surrogate counts as U+FFFD. */
function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

function pythonText(part: unknown): string {
  switch (typeof part) {
    case 'string':
      return part;
    case 'undefined':
      return '';
    case 'number':
      return pythonNumber(part);
    case 'boolean':
      return part ? 'True' : 'False';
    default:
      return part === null ? 'None' : canonicalJson(part);
  }
}

/** Python prints every digit of an integer, and writes a small fraction as 1e-05 where JavaScript has 0.00001. */
function pythonNumber(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (Math.abs(value) >= 1e-4 || Number.isNaN(value)) return String(value);
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
}
