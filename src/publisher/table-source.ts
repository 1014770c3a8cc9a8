/** The source of a table's cycles: reads its rows, shapes them, and confirms deletes. */

import type { IntercomApi } from '../intercom/api.js';
import { mustGet } from '../model/must-get.js';
import { idOf, type RawRow } from '../model/row.js';
import type { Window } from '../model/state.js';
import { asSearched, type Page, type SearchedTable } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { epochSeconds } from '../model/time.js';
import type { IdSource } from '../sync/reconcile.js';
import type { RetrySource } from '../sync/recovery.js';
import { ReplacedIds } from '../sync/replaced.js';
import type { TableSource } from '../sync/source.js';
import type { IntercomTable } from '../tables/all.js';
import { confirmGone } from '../tables/confirm-gone.js';
import { readRow } from '../tables/read-row.js';
import type { GrainOf } from './grain.js';
import type { PublishedTable } from './published-table.js';
import { knownIds } from './restore.js';
import type { SessionParts } from './session-parts.js';
import { isShaped, shapingRequester } from './shaping/requester.js';
import type { TableSchema } from './table-schema.js';

/** Windows of a table that are read side by side at most: each has a page in memory. */
const WINDOWS_AT_ONCE = 24;

/** Tables of attributes, and the tables whose columns they define. */
const DEFINES_COLUMNS_OF: Partial<Record<TableName, TableName>> = {
  company_attributes: 'companies',
  contact_attributes: 'contacts',
};

export function createSource(parts: SessionParts, published: PublishedTable, grain: GrainOf): TableSource {
  const { table, connection } = published;
  const { ofTable, schemas } = parts;
  const schema = mustGet(schemas, table.name);
  const api = ofTable(table.name, (lane) =>
    shapingRequester(lane, table.name, (list) => schema.decoder(list)),
  );
  const defined = schemas.get(DEFINES_COLUMNS_OF[table.name] ?? table.name) ?? schema;
  const find = finder(table, api);
  const own = asSearched(table);
  const timeOf = own?.versionTime ?? (({ updated_at }: RawRow) => updated_at);
  const versionTime = (raw: RawRow) => epochSeconds(timeOf(raw));
  const isTimed = table.method === 'incremental';
  const { startDate } = connection;
  type Pull = (window: Window, setAside?: ReadonlySet<string>) => AsyncIterable<Page>;
  const pull: Pull =
    own?.polling?.(api, connection.lookback) ?? ((window, setAside) => table.pull(api, window, setAside));
  return {
    name: table.name,
    method: table.method,
    reads: table.reads,
    pull: (window, setAside) =>
      defined === schema ? pull(window, setAside) : collectDefinitions(pull(window, setAside), defined),
    prefetch: async () => {
      if (isShaped(table.name)) void parts.context.shaping.start();
      await Promise.all([own === null ? null : grain(own), schema.prefetch()]);
    },
    shape: (raw, fetchedAt) => schema.shape(raw, fetchedAt),
    prepare: (rows) => schema.prepare(rows),
    versionTime,
    isTooOld: (raw) => isTimed && (versionTime(raw) ?? startDate) < startDate,
    confirmGone: (keys) => confirmGone(table, api, keys),
    ...(find === undefined ? {} : { find }),
    retry: retrySource(table, parts),
    ...(own === null ? ONE_WINDOW : searchedSource(own, api, parts, published, grain)),
  };
}

/** The source of a table that is read whole; see `searchedSource`. */
const ONE_WINDOW: SearchedSource = {
  windowsAtOnce: () => 1,
  grain: async () => ({ unit: 'second' }),
  ids: null,
  deletions: null,
};

type SearchedSource = Pick<
  TableSource,
  'windowsAtOnce' | 'grain' | 'isChild' | 'askedAs' | 'replaced' | 'ids' | 'deletions'
>;

/** The source of a searched table. */
function searchedSource(
  table: SearchedTable<IntercomApi>,
  api: IntercomApi,
  parts: SessionParts,
  published: PublishedTable,
  grain: GrainOf,
): SearchedSource {
  const { parent, replaces, deletions } = table;
  return {
    windowsAtOnce: () => Math.min(table.windowsAtOnce ?? WINDOWS_AT_ONCE, parts.requestsAtOnce()),
    grain: () => grain(table),
    isChild: parent !== undefined,
    askedAs: (raw) => (parent === undefined ? idOf(raw) : idOf({ id: raw[parent.id] })),
    ...(replaces === undefined ? {} : { replaced: new ReplacedIds(replaces) }),
    ids: idSource(table, parts, published, grain),
    deletions: deletions === undefined ? null : (since) => deletions(api, since),
  };
}

/** The source of reconcile, or null when the table's IDs can't be listed. */
function idSource(
  table: SearchedTable<IntercomApi>,
  { context: { kafka, registry }, background, schemas, topics: facts, end }: SessionParts,
  { connection, topic }: PublishedTable,
  grain: GrainOf,
): IdSource | null {
  const { ids, isGone, parent } = table;
  if (ids === undefined || isGone === undefined) return null;
  const schema = mustGet(schemas, table.name);
  const { partitions } = mustGet(facts, topic);
  const topics = { reader: kafka.reader, registry, codec: schema.codec, partitions };
  const find = finder(table, background);
  return {
    known: (after) => knownIds(topics, topic, { parent, after, signal: end }),
    pull: (window) => ids(background, window),
    isGone: (id) => isGone(background, id),
    grain: () => grain(table),
    signal: end,
    ...(find === undefined ? {} : { find }),
    // A parent row of a search has no content of its children.
    ...(parent === undefined && find !== undefined
      ? { start: connection.startDate, hashOf: hashOf(table, background, schema) }
      : {}),
  };
}

/** The content hash with which a row of an ID search would be published. */
function hashOf(table: SearchedTable<IntercomApi>, api: IntercomApi, schema: TableSchema) {
  return async (row: RawRow, fetchedAt: number): Promise<string | null> => {
    const shaped = schema.shape((await table.complete?.(api, row)) ?? row, fetchedAt);
    return shaped.ok ? shaped.row.hash : null;
  };
}

/** Fetches the rows of a table by the IDs of the entities in notifications. */
function finder(table: IntercomTable, api: IntercomApi): TableSource['find'] {
  const { hinted } = table;
  if (hinted === undefined) return undefined;
  return async (id) => {
    const detail = await api.whole(hinted.entity, id);
    return detail && { rows: hinted.rows(detail.row), fetchedAt: detail.fetchedAt };
  };
}

/** Each retry sends its request once. The retry's own interval grows with each failure. */
function retrySource(table: IntercomTable, { retrying }: SessionParts): RetrySource {
  return {
    read: (id) => readRow(table, retrying, id),
    pull: (window) => table.pull(retrying, window),
  };
}

/** The pages. Their rows are also passed to the schema of another table. */
async function* collectDefinitions(pages: AsyncIterable<Page>, schema: TableSchema): AsyncGenerator<Page> {
  for await (const page of pages) {
    schema.addDefinitions(page.rows);
    yield page;
  }
}
