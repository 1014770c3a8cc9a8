/** Hashes of rows: one shows whether a row changed, the other identifies attributes, which have no ID. */

import { hash } from 'node:crypto';
import { canonicalJson } from '../model/json.js';
import type { RawRow } from '../model/row.js';

/**
 * 32 hexadecimal digits that distinguish the contents of encoded rows of one schema. Nulls at the end, a zero
 * byte each, don't count, so that fields that a later schema has at its end don't change the hash of rows
 * without them.
 */
export function contentHash(encoded: Buffer): string {
  let end = encoded.length;
  while (end > 0 && encoded[end - 1] === 0) end -= 1;
  return hash('sha256', encoded.subarray(0, end), 'hex').slice(0, 32);
}

/**
 * The `_sdc_record_hash` of an attribute, as the Stitch integration computes it with Python's `str()`: a
 * missing part is nothing, null is `None`. Python keeps 1 and 1.0 apart, parsed JSON in JavaScript does not:
 * both count as 1 here.
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

/**
 * Python prints every digit of an integer, and writes a small fraction as 1e-05 where JavaScript has 0.00001.
 */
function pythonNumber(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (Math.abs(value) >= 1e-4 || Number.isNaN(value)) return String(value);
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
}
