/**
 * Fills a field of the published row from the API's row, by the type of the field. What does not fit is
 * returned.
 */

import { canonicalJson } from '../model/json.js';
import { isObject } from '../model/row.js';
import { toBoolean, toDouble, toLong, toText, toTime } from './coerce.js';
import { Leftover, type LeftoverTree, withEntry } from './leftovers.js';
import { type Fill, fillTarget, type Node, type Target } from './row-tree.js';
import type { Primitive } from './schema.js';

const fillText: Fill = (raw, into, at) => {
  const text = toText(raw);
  if (text === undefined) return new Leftover(raw);
  if (text.isWellFormed()) {
    into[at] = text;
    return undefined;
  }
  // Avro strings are UTF-8, which has no lone surrogates: the field gets U+FFFD, `_extra` the original.
  into[at] = text.toWellFormed();
  return new Leftover(raw);
};

/** Values without a structure. */
export const FILL_PRIMITIVE: Readonly<Record<Primitive, Fill>> = {
  string: fillText,
  long: fillScalar(toLong),
  double: fillScalar(toDouble),
  boolean: fillScalar(toBoolean),
};

/** Times as epoch milliseconds. Of a finer one the field gets the milliseconds, and `_extra` the original. */
export const fillTime: Fill = (raw, into, at) => {
  const time = toTime(raw);
  if (time === undefined) return new Leftover(raw);
  into[at] = time.ms;
  return time.isExact ? undefined : new Leftover(raw);
};

/** Anything, as canonical JSON text. */
export const fillJson: Fill = (raw, into, at) => {
  into[at] = canonicalJson(raw);
  return undefined;
};

function fillScalar(coerce: (raw: unknown) => number | boolean | undefined): Fill {
  return (raw, into, at) => {
    const value = coerce(raw);
    if (value === undefined) return new Leftover(raw);
    into[at] = value;
    return undefined;
  };
}

/** An element that does not fit is left out of the list and returned under its position. */
export function fillList(fillItem: Fill): Fill {
  return (raw, into, at) => {
    if (!Array.isArray(raw)) return new Leftover(raw);
    const list: unknown[] = [];
    let left: LeftoverTree | undefined;
    for (let i = 0; i < raw.length; i++) {
      const rest = fillItem(raw[i], list as unknown as Target, list.length);
      if (rest !== undefined) left = withEntry(left, String(i), rest);
    }
    into[at] = list;
    return left;
  };
}

/** Fills the field with canonical JSON text of the value that another function makes. */
export function asText(fill: Fill): Fill {
  return (raw, into, at) => {
    const holder: unknown[] = [];
    const left = fill(raw, holder as unknown as Target, 0);
    if (holder.length > 0) into[at] = canonicalJson(holder[0]);
    return left;
  };
}

/** A record without any value is no record, but as an element of a list it counts. */
export function fillRecord(node: Node, keepEmpty: boolean): Fill {
  return (raw, into, at) => {
    if (!isObject(raw)) return new Leftover(raw);
    const value: Target = {};
    const left = fillTarget(node, raw, value);
    if (keepEmpty || !isEmpty(value)) into[at] = value;
    return left;
  };
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}
