/**
 * The tree of an object in the API's row, and the function that visits it: known keys go where the schema
 * wants them, everything else is kept.
 *
 * Null and missing are the same: neither is carried.
 */

import type { RawObject } from '../model/row.js';
import { type Left, Leftover, type LeftoverTree, withEntry } from './leftovers.js';

/** The record or list that is being filled. */
export type Target = Record<string | number, unknown>;
/** Puts a value that is not null into its place and returns what did not fit. */
export type Fill = (raw: unknown, into: Target, at: string | number) => Left | undefined;

/** What to do with one key of an object in the API's row. */
export interface Step {
  readonly key: string;
  /** False for a second read of a value that another step carries whole. */
  readonly owns: boolean;
  fill(raw: unknown, into: Target): Left | undefined;
}

/** An object in the API's row. */
export interface Node {
  readonly steps: readonly Step[];
  readonly known: ReadonlySet<string>;
}

/** Fills the target from the object and returns what found no place; undefined when everything did. */
export function fillTarget(node: Node, raw: RawObject, into: Target): LeftoverTree | undefined {
  let left: LeftoverTree | undefined;
  let met = 0;
  for (const step of node.steps) {
    const value = raw[step.key];
    if (value === undefined) continue;
    if (step.owns) met++;
    if (value === null) continue;
    const rest = step.fill(value, into);
    if (rest !== undefined) left = withEntry(left, step.key, rest);
  }
  // Counting is cheaper than looking up every key, and most rows hold nothing unknown.
  const keys = Object.keys(raw);
  return met === keys.length ? left : withUnknown(node, raw, keys, left);
}

function withUnknown(node: Node, raw: RawObject, keys: readonly string[], left: LeftoverTree | undefined) {
  let all = left;
  for (const key of keys) {
    const value = raw[key];
    if (!node.known.has(key) && value !== null && value !== undefined)
      all = withEntry(all, key, new Leftover(value));
  }
  return all;
}
