import type { IntercomApi } from '../intercom/api.js';
import type { RawRow } from '../model/row.js';
import type { IntercomTable } from './all.js';

/**
 * Reads the rows of one ID by itself. Null: the entity is gone. Empty where the table can only check whether
 * an ID exists, and it does.
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
