/** What a cycle works with, table by table: where its rows come from, where they go, and what the topics remember of them. */

import { keepsCustomAttributes } from '../avro/rules.js';
import type { ConnectionConfig } from '../config/config.js';
import type { IntercomApi } from '../intercom/api.js';
import type { TopicRecord } from '../kafka/reader.js';
import type { States } from '../kafka/states.js';
import { deadLetterTopic, type TopicFacts, tableTopic } from '../kafka/topics.js';
import type { Writer } from '../kafka/writer.js';
import { idOf, type RawRow } from '../model/row.js';
import { emptyState, type Window } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { epochSeconds } from '../model/time.js';
import { remembersDeletes } from '../sync/commit.js';
import type { IdSource } from '../sync/reconcile.js';
import type { RetrySource } from '../sync/recovery.js';
import { ReplacedIds } from '../sync/replaced.js';
import type { TableMemory, TableSource, TableWork } from '../sync/source.js';
import { restoredState } from '../sync/state-writes.js';
import { Turns } from '../sync/turns.js';
import { type IntercomTable, tablesOf } from '../tables/all.js';
import { confirmGone } from '../tables/confirm-gone.js';
import { readRow } from '../tables/read-row.js';
import type { ConnectionApi } from './api.js';
import { Delivery, type DeliveryOptions } from './delivery.js';
import { rulesOf } from './field-rules.js';
import { type GrainOf, grainOf } from './grain.js';
import { onPartitionsAdded } from './partitions-added.js';
import { findChildren, knownIds, readVersions, restoreBuried, restorePublished } from './restore.js';
import type { SessionContext } from './session-context.js';
import { TableSchema } from './table-schema.js';
import { arePartitionsAdded, differencesOf, letterDifferencesOf, stateForTopic } from './topic-identity.js';
import { markOf, TopicLog } from './topic-log.js';
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
  const { end } = parts;
  // The writer has fenced the owner before: the reading that begins now sees all of its commits.
  const states = await context.states.current(end);
  const letters = await restoreLetters(context, connection, parts, states);
  const grain = grainOf(parts.api);
  const work = await Promise.all(
    tablesOf(connection).map(async (table): Promise<[TableName, TableWork]> => {
      const source = bind(context, connection, table, parts, grain);
      const restoring = { ...parts, states, letters, remembersDeletes: remembersDeletes(source) };
      const { memory, log } = await restoreTable(context, connection, table, restoring);
      const logs = { rows: log, letters: letters.log };
      const buried = letters.buried.get(table.name) ?? new Map<string, string>();
      const kept = { buried, logs, resetAt: memory.state.resetAt };
      const sink = delivery(context, connection, table, parts, kept);
      if (table.reads === 'searched') memory.published.twins.restore(sink.buried());
      const { name, startDate, lookback } = connection;
      const settings = { connection: name, startDate, lookback, reconcile: connection.deletes.reconcile };
      return [table.name, { source, sink, settings, memory }];
    }),
  );
  return new Map(work);
}

/** The dead letters of a connection. */
interface Letters {
  readonly log: TopicLog;
  readonly buried: ReadonlyMap<string, Map<string, string>>;
}

async function restoreLetters(
  { config, kafka, events }: SessionContext,
  connection: ConnectionConfig,
  { topics, writer, end }: Parts,
  states: States,
): Promise<Letters> {
  const facts = the(topics, deadLetterTopic(config.topics.prefix, connection.name));
  const mark = await markOf(kafka.reader, facts, end);
  const known = tablesOf(connection).flatMap(
    ({ name }) => states.get(connection.name, name)?.deadLetterTopic ?? [],
  );
  if (known.some((each) => arePartitionsAdded(each, mark))) {
    const at = { connection: connection.name, what: 'dead letters', policy: config.topics.onPartitionsAdded };
    const move = { topic: mark.name, partitions: mark.partitions, isOwn: () => true, signal: end };
    await onPartitionsAdded({ reader: kafka.reader, writer, events }, at, move);
  }
  const buried = await restoreBuried(kafka.reader, mark.name, mark.partitions, end);
  return { log: new TopicLog(mark), buried };
}

async function restoreTable(
  { config, kafka, events }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  parts: Parts & {
    readonly states: States;
    readonly letters: Letters;
    readonly remembersDeletes: boolean;
  },
): Promise<{ memory: TableMemory; log: TopicLog }> {
  const { states, letters, remembersDeletes, end } = parts;
  const topic = tableTopic(config.topics.prefix, connection.name, table.name);
  const { codec } = the(parts.schemas, table.name);
  const state = states.get(connection.name, table.name);
  const mark = await markOf(kafka.reader, the(parts.topics, topic), end);
  const differences =
    state === undefined
      ? []
      : [
          ...differencesOf(state, mark, topic),
          ...letterDifferencesOf(state, letters.log.mark, letters.log.mark.name),
        ];
  if (differences.length > 0) events.emit('warning', beginsAnew(connection.name, table.name, differences));
  const isAnew = differences.length > 0;
  const onForeign = toldOnce(({ partition, offset }: TopicRecord) => {
    const message = `topic ${topic} contains records not written by this publisher (first: partition ${partition}, offset ${offset}). They are ignored here; other consumers may fail on them.`;
    events.emit('warning', { connection: connection.name, message });
  });
  const before = state === undefined || !isAnew ? state : stateForTopic(state, null);
  const { partitions } = mark;
  const known = {
    reads: table.reads,
    state: before,
    isWhole: isAnew,
    partitions,
    signal: end,
    remembersDeletes,
    isChild: table.parent !== undefined,
    onForeign,
  };
  const restore = () => restorePublished(kafka.reader, topic, codec, known);
  const moved = async () => {
    const at = { connection: connection.name, what: table.name, policy: config.topics.onPartitionsAdded };
    const isOwn = ({ key }: TopicRecord) => key !== null && codec.decodeKey(key) !== null;
    const move = { topic, partitions, isOwn, signal: end };
    await onPartitionsAdded({ reader: kafka.reader, writer: parts.writer, events }, at, move);
  };
  const wasRaised = arePartitionsAdded(state?.topic ?? null, mark);
  if (wasRaised) await moved();
  let restored = await restore();
  if (restored.misplaced > 0 && !wasRaised) {
    await moved();
    restored = await restore();
  }
  const { published } = restored;
  const own = state !== undefined && isAnew ? stateForTopic(state, published.restoreFrom()) : state;
  const written = restoredState(state);
  const memory = {
    state: own ?? emptyState(),
    written,
    published,
    turns: new Turns(),
    walk: null,
    recovery: null,
  };
  return { memory, log: new TopicLog(mark) };
}

function beginsAnew(connection: string, table: TableName, differences: readonly string[]) {
  const message =
    `${connection}/${table}: the state does not belong to the topic: ${differences.join('; ')}. ` +
    'The table is read again from its start; rows whose last version is in the topic are not published again';
  return { connection, message };
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
  { resetAt, ...kept }: Pick<DeliveryOptions, 'buried' | 'logs'> & { readonly resetAt: number | null },
): Delivery {
  const { prefix } = config.topics;
  const topic = tableTopic(prefix, connection.name, table.name);
  const letters = deadLetterTopic(prefix, connection.name);
  const schema = the(schemas, table.name);
  const { codec } = schema;
  const { parent } = table;
  const { partitions } = the(topics, topic);
  const read = (keys: ReadonlySet<string>) =>
    readVersions(kafka.reader, topic, codec, { keys, resetAt, partitions, signal: end });
  return new Delivery({
    connection: connection.name,
    table: table.name,
    topic,
    maxRecordBytes: the(topics, topic).maxMessageBytes,
    deadLetters: { topic: letters, maxRecordBytes: the(topics, letters).maxMessageBytes },
    stateTopic: config.state.topic,
    schema,
    writer,
    ...kept,
    lookup: new TopicLookup(read, end),
    childrenOf:
      parent === undefined
        ? null
        : (ids) => findChildren({ reader: kafka.reader, registry, codec, partitions }, topic, parent.id, ids),
  });
}

/** What the walk over all IDs of a table works with, or null where there is none. */
function idSource(
  { config, kafka, registry }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  { background, schemas, topics: facts, end }: Parts,
  grain: GrainOf,
): IdSource | null {
  const { ids, isGone, parent } = table;
  if (ids === undefined || isGone === undefined) return null;
  const topic = tableTopic(config.topics.prefix, connection.name, table.name);
  const schema = the(schemas, table.name);
  const { codec } = schema;
  const { partitions } = the(facts, topic);
  const topics = { reader: kafka.reader, registry, codec, partitions };
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

/** Retries send each request once: what has failed may fail again, and its interval grows. */
function retrySource(table: IntercomTable, { retrying }: Parts): RetrySource {
  return {
    read: (id) => readRow(table, retrying, id),
    pull: (window) => table.pull(retrying, window),
  };
}

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
  type Pull = (window: Window, setAside?: ReadonlySet<string>) => AsyncIterable<Page>;
  const pull: Pull =
    table.polling?.(api, connection.lookback) ?? ((window, setAside) => table.pull(api, window, setAside));
  return {
    name: table.name,
    method: table.method,
    reads: table.reads,
    pull: (window, setAside) =>
      pupil === schema ? pull(window, setAside) : taught(pull(window, setAside), pupil),
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
    retry: retrySource(table, parts),
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

function the<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing is known of ${String(key)}`);
  return value;
}
