/** How a field takes its value from the API's row, by what it holds. Whatever does not fit is given back. */

import { canonicalJson } from '../model/json.js';
import { isObject } from '../model/row.js';
import { toBoolean, toDouble, toLong, toText, toTime } from './coerce.js';
import { Leftover, type LeftoverTree, withEntry } from './leftovers.js';
import type { Primitive } from './schema.js';
import { type Node, type Take, type Target, walk } from './walk.js';

const takeText: Take = (raw, into, at) => {
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
export const TAKE_PRIMITIVE: Readonly<Record<Primitive, Take>> = {
  string: takeText,
  long: takeScalar(toLong),
  double: takeScalar(toDouble),
  boolean: takeScalar(toBoolean),
};

/** Times as epoch milliseconds. Of a finer one the field gets the milliseconds, and `_extra` the original. */
export const takeTime: Take = (raw, into, at) => {
  const time = toTime(raw);
  if (time === undefined) return new Leftover(raw);
  into[at] = time.ms;
  return time.isExact ? undefined : new Leftover(raw);
};

/** Anything, as canonical JSON text. */
export const takeJson: Take = (raw, into, at) => {
  into[at] = canonicalJson(raw);
  return undefined;
};

function takeScalar(coerce: (raw: unknown) => number | boolean | undefined): Take {
  return (raw, into, at) => {
    const value = coerce(raw);
    if (value === undefined) return new Leftover(raw);
    into[at] = value;
    return undefined;
  };
}

/** An element that does not fit is left out of the list and given back under its position. */
export function takeList(takeItem: Take): Take {
  return (raw, into, at) => {
    if (!Array.isArray(raw)) return new Leftover(raw);
    const list: unknown[] = [];
    let left: LeftoverTree | undefined;
    for (let i = 0; i < raw.length; i++) {
      const rest = takeItem(raw[i], list as unknown as Target, list.length);
      if (rest !== undefined) left = withEntry(left, String(i), rest);
    }
    into[at] = list;
    return left;
  };
}

/** What another way of taking comes to, as canonical JSON text. */
export function asText(take: Take): Take {
  return (raw, into, at) => {
    const holder: unknown[] = [];
    const left = take(raw, holder as unknown as Target, 0);
    if (holder.length > 0) into[at] = canonicalJson(holder[0]);
    return left;
  };
}

/** A record without any value is no record, but as an element of a list it counts. */
export function takeRecord(node: Node, keepEmpty: boolean): Take {
  return (raw, into, at) => {
    if (!isObject(raw)) return new Leftover(raw);
    const value: Target = {};
    const left = walk(node, raw, value);
    if (keepEmpty || !isEmpty(value)) into[at] = value;
    return left;
  };
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}
