import type { RawRow } from '../model/row.js';
import type { Replaced } from '../model/table.js';
import { epochSeconds } from '../model/time.js';

/**
 * The contacts that were merged into this one, as its `merge_history` says. Anything else than such a list
 * counts as empty.
 */
export function mergedInto({ merge_history: history }: RawRow): Replaced[] {
  if (!Array.isArray(history)) return [];
  return history.flatMap((entry: unknown): Replaced[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { source_contact_id: id, merged_at: at } = entry as Record<string, unknown>;
    const isText = typeof id === 'string' && id !== '';
    return isText || Number.isSafeInteger(id) ? [{ id: String(id), at: epochSeconds(at) }] : [];
  });
}
