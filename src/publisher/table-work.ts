/** What a cycle works with, table by table: where its rows come from, where they go, and what the topics remember of them. */

import { keepsCustomAttributes } from '../avro/rules.js';
import type { ConnectionConfig } from '../config/config.js';
import type { IntercomApi } from '../intercom/api.js';
import type { TopicRecord } from '../kafka/reader.js';
import { readStates } from '../kafka/states.js';
import { deadLetterTopic, type TopicFacts, tableTopic } from '../kafka/topics.js';
import type { Writer } from '../kafka/writer.js';
import { idOf, type RawRow } from '../model/row.js';
import { emptyState, type TableState, type Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { epochSeconds } from '../model/time.js';
import { remembersDeletes } from '../sync/commit.js';
import type { IdSource } from '../sync/reconcile.js';
import { ReplacedIds } from '../sync/replaced.js';
import type { TableMemory, TableSource, TableWork } from '../sync/source.js';
import { Turns } from '../sync/turns.js';
import { knownTimeZone } from '../sync/windows.js';
import { type IntercomTable, tablesOf } from '../tables/all.js';
import type { ConnectionApi } from './api.js';
import { Delivery } from './delivery.js';
import { rulesOf } from './field-rules.js';
import { findChildren, knownIds, readVersions, restoreBuried, restorePublished } from './restore.js';
import type { SessionContext } from './session-context.js';
import { TableSchema } from './table-schema.js';
import { TopicLookup } from './topic-lookup.js';

/** Windows of a table that are read side by side at most: each has a page in memory. */
const WINDOWS_AT_ONCE = 24;

/** Registers the schema of each table. Throws what the registry and the API throw. */
export async function openSchemas(
  { config, registry, shaping }: SessionContext,
  connection: ConnectionConfig,
  api: IntercomApi,
): Promise<Map<TableName, TableSchema>> {
  const schemas = new Map<TableName, TableSchema>();
  for (const table of tablesOf(connection)) {
    const { name, key } = table;
    const topic = tableTopic(config.topics.prefix, connection.name, name);
    const rules = rulesOf(connection, name);
    const hasColumns = connection.customAttributes === 'columns' && keepsCustomAttributes(rules);
    const definitions = hasColumns ? table.customAttributes : undefined;
    const attributes = definitions === undefined ? null : () => definitions(api);
    const options = {
      registry,
      topic,
      table: name,
      key,
      form: connection.values,
      rules,
      shaping,
      attributes,
    };
    schemas.set(name, await TableSchema.open(options));
  }
  return schemas;
}

/** What a session has opened before it restores its tables. */
interface Parts extends ConnectionApi {
  readonly topics: ReadonlyMap<string, TopicFacts>;
  readonly schemas: ReadonlyMap<TableName, TableSchema>;
  readonly writer: Writer;
  /** Aborts at the end of the session. */
  readonly end: AbortSignal;
}

/** Reads the connection's states, then what each of its topics tells. */
export async function restoreWork(
  context: SessionContext,
  connection: ConnectionConfig,
  parts: Parts,
): Promise<Map<TableName, TableWork>> {
  const { config, kafka } = context;
  const { end } = parts;
  const states = await readStates(kafka.reader, config.state.topic, { until: 'written', signal: end });
  const letters = deadLetterTopic(config.topics.prefix, connection.name);
  const buried = await restoreBuried(kafka.reader, letters, end);
  const grain = grainOf(parts.api);
  const work = await Promise.all(
    tablesOf(connection).map(async (table): Promise<[TableName, TableWork]> => {
      const state = states.get(connection.name, table.name);
      const letters = buried.get(table.name) ?? new Map();
      const sink = delivery(context, connection, table, parts, { letters, resetAt: state?.resetAt ?? null });
      const source = bind(context, connection, table, parts, grain);
      const memory = await restoreTable(context, connection, table, parts, state, remembersDeletes(source));
      const { name, startDate, lookback } = connection;
      const settings = { connection: name, startDate, lookback, reconcile: connection.deletes.reconcile };
      return [table.name, { source, sink, settings, memory }];
    }),
  );
  return new Map(work);
}

async function restoreTable(
  { config, kafka, events }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  parts: Parts,
  state: TableState | undefined,
  remembersDeletes: boolean,
): Promise<TableMemory> {
  const topic = tableTopic(config.topics.prefix, connection.name, table.name);
  const { codec } = the(parts.schemas, table.name);
  const onForeign = toldOnce(({ partition, offset }: TopicRecord) => {
    const message = `topic ${topic} holds what somebody else put there (first at partition ${partition}, offset ${offset}): it is left alone, and whoever reads the topic may stumble over it`;
    events.emit('warning', { connection: connection.name, message });
  });
  const isChild = table.parent !== undefined;
  const known = { reads: table.reads, state, signal: parts.end, remembersDeletes, isChild, onForeign };
  const published = await restorePublished(kafka.reader, topic, codec, known);
  return { state: state ?? emptyState(), published, turns: new Turns(), walk: null };
}

/** Passes the first call on, and no other. */
function toldOnce<T>(tell: (what: T) => void): (what: T) => void {
  let isTold = false;
  return (what) => {
    if (!isTold) tell(what);
    isTold = true;
  };
}

function delivery(
  { config, kafka, registry }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  { topics, schemas, writer, end }: Parts,
  { letters: buried, resetAt }: { letters: Map<string, string>; resetAt: number | null },
): Delivery {
  const { prefix } = config.topics;
  const topic = tableTopic(prefix, connection.name, table.name);
  const letters = deadLetterTopic(prefix, connection.name);
  const schema = the(schemas, table.name);
  const { codec } = schema;
  const { parent } = table;
  const read = (keys: ReadonlySet<string>) =>
    readVersions(kafka.reader, topic, codec, { keys, resetAt, signal: end });
  return new Delivery({
    connection: connection.name,
    table: table.name,
    topic,
    maxRecordBytes: the(topics, topic).maxMessageBytes,
    deadLetters: { topic: letters, maxRecordBytes: the(topics, letters).maxMessageBytes },
    stateTopic: config.state.topic,
    schema,
    writer,
    buried,
    lookup: new TopicLookup(read, end),
    childrenOf:
      parent === undefined
        ? null
        : (ids) => findChildren({ reader: kafka.reader, registry, codec }, topic, parent.id, ids),
  });
}

/** What the walk over all IDs of a table works with, or null where there is none. */
function idSource(
  { config, kafka, registry }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  { background, schemas, end }: Parts,
  grain: GrainOf,
): IdSource | null {
  const { ids, isGone, parent } = table;
  if (ids === undefined || isGone === undefined) return null;
  const topic = tableTopic(config.topics.prefix, connection.name, table.name);
  const schema = the(schemas, table.name);
  const { codec } = schema;
  const topics = { reader: kafka.reader, registry, codec };
  const find = finder(table, background);
  return {
    known: (after) => knownIds(topics, topic, { parent, after, signal: end }),
    pull: (window) => ids(background, window),
    isGone: (id) => isGone(background, id),
    grain: () => grain(table),
    signal: end,
    // What a search shows of a parent tells nothing of its children.
    ...(parent === undefined && find !== undefined
      ? { start: connection.startDate, hashOf: hashOf(table, background, schema), find }
      : {}),
  };
}

/** The content hash that a row of an ID search would be published with. */
function hashOf(table: IntercomTable, api: IntercomApi, schema: TableSchema) {
  return async (row: RawRow, fetchedAt: number): Promise<string | null> => {
    const shaped = schema.shape((await table.complete?.(api, row)) ?? row, fetchedAt);
    return shaped.ok ? shaped.row.hash : null;
  };
}

/** Asks for the rows of a table by the ID of what notifications name. */
function finder(table: IntercomTable, api: IntercomApi): TableSource['find'] {
  const { hinted } = table;
  if (hinted === undefined) return undefined;
  return async (id) => {
    const detail = await api.whole(hinted.entity, id);
    return detail && { rows: hinted.rows(detail.row), fetchedAt: detail.fetchedAt };
  };
}

type GrainOf = (table: IntercomTable) => ReturnType<TableSource['grain']>;

/** The table as a cycle sees it. */
function bind(
  context: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  parts: Parts,
  grain: GrainOf,
): TableSource {
  const { shaping } = context;
  const { ofTable, requestsAtOnce, schemas } = parts;
  const schema = the(schemas, table.name);
  const api = ofTable(table.name, table.takesReadyRows ? (list) => schema.reader(list) : undefined);
  const pupil = schemas.get(TEACHES[table.name] ?? table.name) ?? schema;
  const find = finder(table, api);
  const { parent, replaces } = table;
  const pull = table.polling?.(api, connection.lookback) ?? ((window: Window) => table.pull(api, window));
  return {
    name: table.name,
    method: table.method,
    reads: table.reads,
    pull: (window) => (pupil === schema ? pull(window) : taught(pull(window), pupil)),
    windowsAtOnce: () => Math.min(table.windowsAtOnce ?? WINDOWS_AT_ONCE, requestsAtOnce()),
    foresee: async () => {
      if (table.takesReadyRows) void shaping.start();
      await Promise.all([grain(table), schema.foresee()]);
    },
    shape: (raw, fetchedAt) => schema.shape(raw, fetchedAt),
    prepare: (rows) => schema.prepare(rows),
    versionTime: (raw) =>
      epochSeconds(table.versionTime === undefined ? raw.updated_at : table.versionTime(raw)),
    grain: () => grain(table),
    confirmGone: (keys) => confirmGone(table, api, keys),
    isChild: parent !== undefined,
    ...(find === undefined ? {} : { find }),
    askedAs: (raw) => (parent === undefined ? idOf(raw) : idOf({ id: raw[parent.id] })),
    ...(replaces === undefined ? {} : { replaced: new ReplacedIds(replaces) }),
    ids: idSource(context, connection, table, parts, grain),
    deletions:
      table.deletions === undefined ? null : (since) => table.deletions?.(api, since) ?? Promise.resolve([]),
  };
}

/** Tables of attributes, and the tables whose columns follow from them. */
const TEACHES: Partial<Record<TableName, TableName>> = {
  company_attributes: 'companies',
  contact_attributes: 'contacts',
};

/** The pages, from which another table's schema learns as they pass. */
async function* taught(pages: AsyncIterable<Page>, pupil: TableSchema): AsyncGenerator<Page> {
  for await (const page of pages) {
    pupil.learn(page.rows);
    yield page;
  }
}

async function confirmGone(
  table: IntercomTable,
  api: IntercomApi,
  keys: readonly string[],
): Promise<string[]> {
  const { isGone } = table;
  const gone = await Promise.all(keys.map(async (key) => isGone === undefined || (await isGone(api, key))));
  return keys.filter((_, index) => gone[index]);
}

/** Windows of days follow the workspace's calendar, which is asked for once, when a window is first split. */
function grainOf(api: IntercomApi): GrainOf {
  let timeZone: Promise<string> | null = null;
  return async (table) => {
    if (table.grain === 'second') return { unit: 'second' };
    timeZone ??= api.workspace().then(
      (workspace) => knownTimeZone(workspace.timeZone),
      (error: unknown) => {
        // The next table asks again.
        timeZone = null;
        throw error;
      },
    );
    return { unit: 'day', timeZone: await timeZone };
  };
}

function the<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing is known of ${String(key)}`);
  return value;
}
