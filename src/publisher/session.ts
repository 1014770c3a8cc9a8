/**
 * The ownership of one connection: fence, then restore, then pull.
 *
 * A session ends with the first failure of Kafka or of its ownership; the next one starts from what the topics say.
 */

import type { Registry } from '../avro/registry.js';
import { keepsCustomAttributes } from '../avro/rules.js';
import type { Config, ConnectionConfig } from '../config/config.js';
import type { IntercomApi } from '../intercom/api.js';
import type { Transport } from '../intercom/transport.js';
import type { KafkaAccess } from '../kafka/access.js';
import { COMPRESSION_TYPES } from '../kafka/codecs.js';
import { readStates, type States, stateKey } from '../kafka/states.js';
import { deadLetterTopic, planTopic, type TopicFacts, type TopicPlan, tableTopic } from '../kafka/topics.js';
import { Writer } from '../kafka/writer.js';
import type { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { emptyState } from '../model/state.js';
import type { Page } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { epochSeconds } from '../model/time.js';
import { type FailedTable, runCycle } from '../sync/cycle.js';
import type { IdSource } from '../sync/reconcile.js';
import type { TableMemory, TableSource, TableWork } from '../sync/source.js';
import { Turns } from '../sync/turns.js';
import { knownTimeZone } from '../sync/windows.js';
import { type IntercomTable, TABLES } from '../tables/all.js';
import { type ConnectionApi, openApi } from './api.js';
import { Delivery } from './delivery.js';
import { rulesOf, weakHashes } from './field-rules.js';
import type { HintFeed } from './hint-feed.js';
import { HintWork, hintedTables } from './hint-work.js';
import { findChildren, knownIds, restoreBuried, restorePublished } from './restore.js';
import { TableSchema } from './table-schema.js';
import { takesNotifications } from './webhooks.js';

export interface SessionContext {
  readonly config: Config;
  readonly kafka: KafkaAccess;
  readonly registry: Registry;
  readonly events: Events;
  /** Where notifications come from; null: none are taken. */
  readonly hints: HintFeed | null;
}

interface CycleOptions {
  readonly awaitWalks?: boolean;
  readonly onDone?: (table: TableName) => void;
}

/** Windows of a table that are read side by side at most: each has a page in memory. */
const WINDOWS_AT_ONCE = 24;
/** A row too large for its topic still fits here, together with the reason. */
const DEAD_LETTER_MAX_BYTES = 40 * 1024 * 1024;

export class Session {
  readonly #connection: ConnectionConfig;
  readonly #events: Events;
  readonly #transport: Transport;
  readonly #writer: Writer;
  readonly #stop: AbortController;
  readonly #work: ReadonlyMap<TableName, TableWork>;
  readonly #hinted: HintWork | null;
  readonly #unsubscribe: () => void;

  private constructor(parts: {
    connection: ConnectionConfig;
    events: Events;
    transport: Transport;
    writer: Writer;
    stop: AbortController;
    work: ReadonlyMap<TableName, TableWork>;
    hinted: HintWork | null;
    hints: HintFeed | null;
  }) {
    this.#connection = parts.connection;
    this.#events = parts.events;
    this.#transport = parts.transport;
    this.#writer = parts.writer;
    this.#stop = parts.stop;
    this.#work = parts.work;
    const { hinted, hints } = parts;
    this.#hinted = hinted;
    this.#unsubscribe =
      hinted && hints
        ? hints.subscribe(
            this.#connection.name,
            hinted.since,
            (hint) => hinted.take(hint),
            () => hinted.caughtUp(),
          )
        : () => undefined;
  }

  /**
   * Takes the connection over from whoever had it. Aborting `signal` ends every request; commits under way are finished.
   * Throws when a topic, the registry, the credentials' file or Kafka is not as it must be.
   */
  static async open(
    context: SessionContext,
    connection: ConnectionConfig,
    signal: AbortSignal,
  ): Promise<Session> {
    const { config, kafka, events } = context;
    const stop = new AbortController();
    const end = AbortSignal.any([signal, stop.signal]);
    const opened = await openApi(connection, events, end);
    const { api, transport } = opened;
    let writer: Writer | null = null;
    try {
      const topics = await kafka.topics.ensure(topicPlans(config, connection), config.topics.create);
      const schemas = await openSchemas(context, connection, api);
      // Who has lost the connection meanwhile must not take it from its new owner.
      signal.throwIfAborted();
      writer = await Writer.open(kafka.kafka, {
        transactionalId: transactionalId(config, connection),
        compression: COMPRESSION_TYPES[config.kafka.compression],
        maxBatchBytes: Math.min(...[...topics.values()].map(({ maxMessageBytes }) => maxMessageBytes)),
      });
      const work = await restore(context, connection, { ...opened, topics, schemas, writer, end });
      const weak = weakHashes(connection);
      if (weak !== null) events.emit('warning', { connection: connection.name, message: weak });
      for (const [table, { memory }] of work) {
        events.emit('table:restored', { connection: connection.name, table, state: memory.state });
      }
      events.emit('connection:owned', { connection: connection.name, tables: work.size });
      const hints = takesNotifications(connection) ? context.hints : null;
      const hinted = hints && hintWork(connection, { api, events, work, signal: end });
      return new Session({ connection, events, transport, writer, stop, work, hinted, hints });
    } catch (error) {
      await writer?.close().catch(() => undefined);
      await transport.close();
      throw error;
    }
  }

  /** Runs one cycle of the named tables; see `runCycle`. Cycles of different tables may overlap. */
  cycle(
    tables: readonly TableName[],
    { awaitWalks = false, onDone = () => undefined }: CycleOptions = {},
  ): Promise<FailedTable[]> {
    const due = tables.flatMap((name) => this.#work.get(name) ?? []);
    const abandon = () => this.#stop.abort();
    return runCycle(this.#connection.name, due, this.#events, { awaitWalks, onDone, abandon });
  }

  /** Resolves with what broke the session outside of its cycles, or with null at its end. */
  get broken(): Promise<PublisherError | null> {
    return this.#hinted?.ended ?? new Promise(() => undefined);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#stop.abort();
    await this.#hinted?.ended;
    await Promise.all([...this.#work.values()].map(({ memory }) => memory.walk?.ended));
    await this.#writer.close().catch(() => undefined);
    await this.#transport.close();
    this.#events.emit('connection:released', { connection: this.#connection.name });
  }
}

/** Works off what notifications tell of this connection, until the signal aborts. */
function hintWork(
  connection: ConnectionConfig,
  {
    api,
    events,
    work,
    signal,
  }: { api: IntercomApi; events: Events; work: ReadonlyMap<TableName, TableWork>; signal: AbortSignal },
): HintWork {
  const tables = hintedTables(tablesOf(connection), work);
  const { name, deletes } = connection;
  return new HintWork({ connection: name, tables, api, events, deletes: deletes.webhooks, signal });
}

/** Who writes for a connection: opening a writer with it fences every earlier one. */
export function transactionalId(config: Config, connection: ConnectionConfig): string {
  return `${config.state.group}.${connection.name}`;
}

/** The topics that a connection needs, as they are made where they are missing. */
export function topicPlans(config: Config, connection: ConnectionConfig): TopicPlan[] {
  const { prefix } = config.topics;
  const letters = planTopic(deadLetterTopic(prefix, connection.name), config.topics);
  return [
    ...connection.tables.map(({ name }) =>
      planTopic(tableTopic(prefix, connection.name, name), config.topics),
    ),
    { ...letters, config: { ...letters.config, 'max.message.bytes': String(DEAD_LETTER_MAX_BYTES) } },
    planTopic(config.state.topic, config.topics, config.state.partitions),
  ];
}

async function openSchemas(
  { config, registry }: SessionContext,
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
    const options = { registry, topic, table: name, key, form: connection.values, rules, attributes };
    schemas.set(name, await TableSchema.open(options));
  }
  return schemas;
}

/** The definitions of the tables that a connection replicates. */
export function tablesOf(connection: ConnectionConfig): IntercomTable[] {
  const named = new Set(connection.tables.map(({ name }) => name));
  return TABLES.filter(({ name }) => named.has(name));
}

interface Parts extends ConnectionApi {
  readonly topics: ReadonlyMap<string, TopicFacts>;
  readonly schemas: ReadonlyMap<TableName, TableSchema>;
  readonly writer: Writer;
  /** Aborts at the end of the session. */
  readonly end: AbortSignal;
}

/** Reads the connection's states, then what each of its topics tells. */
async function restore(
  context: SessionContext,
  connection: ConnectionConfig,
  parts: Parts,
): Promise<Map<TableName, TableWork>> {
  const { config, kafka } = context;
  const states = await readStates(kafka.reader, config.state.topic, 'written');
  const buried = await restoreBuried(kafka.reader, deadLetterTopic(config.topics.prefix, connection.name));
  const grain = grainOf(parts.api);
  const work = await Promise.all(
    tablesOf(connection).map(async (table): Promise<[TableName, TableWork]> => {
      const sink = delivery(context, connection, table, parts, buried.get(table.name) ?? new Map());
      const source = bind(table, parts, grain, idSource(context, connection, table, parts, grain));
      const memory = await restoreTable(context, connection, table, parts, states);
      const { name, startDate, lookback } = connection;
      const settings = { connection: name, startDate, lookback, reconcile: connection.deletes.reconcile };
      return [table.name, { source, sink, settings, memory }];
    }),
  );
  return new Map(work);
}

async function restoreTable(
  { config, kafka }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  parts: Parts,
  states: States,
): Promise<TableMemory> {
  const topic = tableTopic(config.topics.prefix, connection.name, table.name);
  const state = states.get(stateKey(connection.name, table.name));
  const { codec } = the(parts.schemas, table.name);
  const published = await restorePublished(kafka.reader, topic, codec, { reads: table.reads, state });
  return { state: state ?? emptyState(), published, turns: new Turns(), walk: null };
}

function delivery(
  { config, kafka, registry }: SessionContext,
  connection: ConnectionConfig,
  table: IntercomTable,
  { topics, schemas, writer }: Parts,
  buried: Map<string, string>,
): Delivery {
  const { prefix } = config.topics;
  const topic = tableTopic(prefix, connection.name, table.name);
  const letters = deadLetterTopic(prefix, connection.name);
  const schema = the(schemas, table.name);
  const { codec } = schema;
  const { parent } = table;
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
  const { codec } = the(schemas, table.name);
  const topics = { reader: kafka.reader, registry, codec };
  return {
    known: (after) => knownIds(topics, topic, { parent, after, signal: end }),
    pull: (window) => ids(background, window),
    isGone: (id) => isGone(background, id),
    grain: () => grain(table),
  };
}

type GrainOf = (table: IntercomTable) => ReturnType<TableSource['grain']>;

/** The table as a cycle sees it. */
function bind(
  table: IntercomTable,
  { ofTable, requestsAtOnce, schemas }: Parts,
  grain: GrainOf,
  ids: IdSource | null,
): TableSource {
  const api = ofTable(table.name);
  const schema = the(schemas, table.name);
  const pupil = schemas.get(TEACHES[table.name] ?? table.name) ?? schema;
  return {
    name: table.name,
    method: table.method,
    reads: table.reads,
    pull: (window) => (pupil === schema ? table.pull(api, window) : taught(table.pull(api, window), pupil)),
    windowsAtOnce: () => Math.min(table.windowsAtOnce ?? WINDOWS_AT_ONCE, requestsAtOnce()),
    shape: (raw, fetchedAt) => schema.shape(raw, fetchedAt),
    prepare: (rows) => schema.prepare(rows),
    versionTime: (raw) =>
      epochSeconds(table.versionTime === undefined ? raw.updated_at : table.versionTime(raw)),
    grain: () => grain(table),
    confirmGone: (keys) => confirmGone(table, api, keys),
    ids,
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
    timeZone ??= api.workspace().then((workspace) => knownTimeZone(workspace.timeZone));
    return { unit: 'day', timeZone: await timeZone };
  };
}

function the<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing is known of ${String(key)}`);
  return value;
}
