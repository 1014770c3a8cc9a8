/**
 * What a row holds beyond its schema: collected while the row is shaped, published in `_extra`.
 *
 * A tree mirrors the nesting of the API's row, with positions in a list as keys. Keys from outside live in
 * Maps only.
 */

import { canonicalJson } from '../model/json.js';

/** A value that no field holds, as it was sent. */
export class Leftover {
  constructor(readonly raw: unknown) {}
}

export type LeftoverTree = Map<string, Left>;
export type Left = Leftover | LeftoverTree;

/** The tree with one more entry; made when it is the first. */
export function withEntry(tree: LeftoverTree | undefined, key: string, left: Left): LeftoverTree {
  return (tree ?? new Map<string, Left>()).set(key, left);
}

/** Canonical JSON text. */
export function leftoverText(left: Left): string {
  if (left instanceof Leftover) return canonicalJson(left.raw);
  const keys = [...left.keys()].sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${leftoverText(left.get(key) as Left)}`).join()}}`;
}

/** Where the values stand in the row, as dotted paths without the values. */
export function leftoverPaths(tree: LeftoverTree): string[] {
  const paths: string[] = [];
  for (const [key, left] of tree) {
    if (left instanceof Leftover) paths.push(key);
    else for (const path of leftoverPaths(left)) paths.push(`${key}.${path}`);
  }
  return paths;
}
