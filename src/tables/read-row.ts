import type { IntercomApi } from '../intercom/api.js';
import type { RawRow } from '../model/row.js';
import type { IntercomTable } from './all.js';

/**
 * What a table has of one ID when that is read by itself; null: the entity is gone. Empty where an ID can
 * only be checked for its existence, which it has then.
 */
export async function readRow(
  table: IntercomTable,
  api: IntercomApi,
  id: string,
): Promise<readonly RawRow[] | null> {
  if (table.hinted === undefined) return (await table.isGone?.(api, id)) === true ? null : [];
  const detail = await api.whole(table.hinted.entity, id);
  return detail === null ? null : table.hinted.rows(detail.row);
}
