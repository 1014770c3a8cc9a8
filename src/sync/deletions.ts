/** Which entries of a list of deletions are new, and how far the list is processed then. Pure. */

import type { DeletionMark } from '../model/state.js';
import type { Deletion } from '../model/table.js';

/** Where to begin in the list: at the mark, or, before the first one, at `start` (epoch seconds). */
export function deletionsFrom(mark: DeletionMark | null, start: number): number {
  return mark?.at ?? start;
}

/**
 * The IDs that were not published yet, each once, and the mark behind them. `start` is the mark of a table
 * that has none.
 */
export function newDeletions(
  mark: DeletionMark | null,
  start: number,
  listed: readonly Deletion[],
): { readonly ids: readonly string[]; readonly mark: DeletionMark } {
  const known = mark ?? { at: start, ids: [] };
  const fresh = listed.filter(({ id, at }) => at > known.at || (at === known.at && !known.ids.includes(id)));
  const at = fresh.reduce((newest, deletion) => Math.max(newest, deletion.at), known.at);
  const atMark = fresh.filter((deletion) => deletion.at === at).map(({ id }) => id);
  const ids = at === known.at ? [...known.ids, ...atMark] : atMark;
  return { ids: [...new Set(fresh.map(({ id }) => id))], mark: { at, ids: [...new Set(ids)] } };
}
