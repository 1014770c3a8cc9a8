/**
 * Merges `defaults` under each connection before the checks, so that a connection is checked as it is used.
 */

import { isMapping, type Path, valueAt } from './path.js';

/**
 * The tree with `defaults` merged under every connection. A value of the wrong type is left unchanged, and
 * the checks report it.
 */
export function withDefaults(tree: unknown): unknown {
  if (!isMapping(tree) || !isMapping(tree.defaults) || !Array.isArray(tree.connections)) return tree;
  const { defaults } = tree;
  return {
    ...tree,
    connections: tree.connections.map((own: unknown) => (isMapping(own) ? merge(defaults, own) : own)),
  };
}

/**
 * The settings that are mappings of independent keys. When a connection sets one key, the others come from
 * `defaults`.
 */
const MERGED = ['deletes', 'retry'];

function merge(defaults: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const { name: _, ...shared } = defaults;
  // The two keys are alternatives: the connection's key replaces the one of `defaults`.
  if ('region' in own) delete shared.baseUrl;
  if ('baseUrl' in own) delete shared.region;
  const merged: Record<string, unknown> = { ...shared, ...own };
  for (const key of MERGED)
    if (isMapping(shared[key]) && isMapping(own[key])) merged[key] = { ...shared[key], ...own[key] };
  return merged;
}

/**
 * Whether the value at the path of the merged tree comes from `defaults`, where its problems are reported
 * already.
 */
export function isInherited(path: Path, own: unknown, merged: unknown): boolean {
  const cameWith = (part: Path): boolean =>
    valueAt(own, part) === undefined && valueAt(merged, part) !== undefined;
  return path[0] === 'connections' && (cameWith(path.slice(0, 3)) || cameWith(path));
}
