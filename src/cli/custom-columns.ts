/** The columns for custom attributes, as the workspace defines them now. */

import type { CustomColumn } from '../avro/custom-attributes.js';
import type { Config, ConnectionConfig } from '../config/config.js';
import { asPublisherError } from '../model/errors.js';
import { Events } from '../model/events.js';
import type { TableName } from '../model/table-names.js';
import { openApi } from '../publisher/api.js';
import { publishedTables } from '../publisher/published-table.js';
import { printRemark } from './remarks.js';
import { plannedColumns } from './selection.js';

/**
 * The columns by table: those of `before`, and one for each new attribute. When the request fails it reports
 * a remark, and returns what it has.
 */
export async function customColumns(
  config: Config,
  connection: ConnectionConfig,
  before: ReadonlyMap<TableName, readonly CustomColumn[]> = new Map(),
): Promise<Map<TableName, readonly CustomColumn[]>> {
  const columns = new Map<TableName, readonly CustomColumn[]>();
  try {
    const { api, transport } = await openApi(connection, new Events(), new AbortController().signal, 1);
    try {
      for (const published of publishedTables(config, connection)) {
        const { name } = published.table;
        columns.set(name, await plannedColumns(published, api, before.get(name)));
      }
    } finally {
      await transport.close();
    }
  } catch (error) {
    printRemark(`${connection.name}: custom attributes are left out: ${asPublisherError(error).message}`);
  }
  return columns;
}
