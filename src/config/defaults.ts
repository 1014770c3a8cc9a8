/**
 * `defaults` goes under each connection before anything is checked, so that a connection is checked as it
 * will be used.
 */

import { isMapping, type Path, valueAt } from './path.js';

/**
 * The tree with `defaults` merged under every connection. What has the wrong kind stays as it is, to be told
 * by the checks.
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
 * The settings that are mappings of independent keys: one key of a connection leaves the others as `defaults`
 * have them.
 */
const MERGED = ['deletes', 'retry'];

function merge(defaults: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const { name: _, ...shared } = defaults;
  // They are two answers to one question: the connection's answer counts.
  if ('region' in own) delete shared.baseUrl;
  if ('baseUrl' in own) delete shared.region;
  const merged: Record<string, unknown> = { ...shared, ...own };
  for (const key of MERGED)
    if (isMapping(shared[key]) && isMapping(own[key])) merged[key] = { ...shared[key], ...own[key] };
  return merged;
}

/**
 * Whether what is at the path of the merged tree came from `defaults`, where its problems are reported already.
 */
export function isInherited(path: Path, own: unknown, merged: unknown): boolean {
  const cameWith = (part: Path): boolean =>
    valueAt(own, part) === undefined && valueAt(merged, part) !== undefined;
  return path[0] === 'connections' && (cameWith(path.slice(0, 3)) || cameWith(path));
}
