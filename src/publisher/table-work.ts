/** The tables of a session, each with its ledger and its running tasks. */

import type { PublisherError } from '../model/errors.js';
import { mustGet } from '../model/must-get.js';
import { asSearched } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import type { TableWork } from '../sync/source.js';
import { TableLedger } from '../sync/table-ledger.js';
import { Delivery, type DeliveryOptions } from './delivery.js';
import { grainOf } from './grain.js';
import type { PublishedTable } from './published-table.js';
import { findChildren, readVersions } from './restore.js';
import { TopicRowLog } from './row-log.js';
import type { SessionParts } from './session-parts.js';
import { restoreLetters, restoreTable } from './table-restore.js';
import { TableSchema } from './table-schema.js';
import { createSource } from './table-source.js';
import { TopicLookup } from './topic-lookup.js';
import { transactionalId } from './topic-plans.js';

/** Registers the schema of each table. Throws what the registry and the API throw. */
export async function openSchemas({
  context: { registry, shaping },
  tables,
  api,
  warn,
}: Pick<SessionParts, 'context' | 'tables' | 'api' | 'warn'>): Promise<Map<TableName, TableSchema>> {
  const schemas = new Map<TableName, TableSchema>();
  for (const { table, connection, topic, rules, hasColumns } of tables) {
    const { name, key } = table;
    const definitions = hasColumns ? table.customAttributes : undefined;
    const attributes = definitions === undefined ? null : () => definitions(api);
    const form = connection.values;
    const onWithout = ({ message: why }: PublisherError) =>
      warn(`${name}: published without new columns for custom attributes, retried each minute: ${why}`);
    const options = { registry, topic, table: name, key, form, rules, shaping, attributes, onWithout };
    schemas.set(name, await TableSchema.open(options));
  }
  return schemas;
}

/** Reads the connection's states, then the contents of each of its topics. */
export async function restoreWork(parts: SessionParts): Promise<Map<TableName, TableWork>> {
  const { context, end } = parts;
  // The writer has fenced the previous owner: a reading that starts now sees all of its commits.
  context.states.identify(mustGet(parts.topics, context.config.state.topic).id);
  const states = await context.states.current(end);
  const letters = await restoreLetters(parts, states);
  const grain = grainOf(parts.api);
  const restore = async (published: PublishedTable): Promise<[TableName, TableWork]> => {
    const { table, connection } = published;
    const { name, startDate, lookback, deletes } = connection;
    const settings = { connection: name, startDate, lookback, reconcile: deletes.reconcile };
    const source = createSource(parts, published, grain);
    const restoring = { states, letters, remembersDeleted: source.find !== undefined };
    const { restored, log } = await restoreTable(parts, published, restoring);
    const deadLetterHashes = letters.hashes.get(table.name) ?? new Map<string, string>();
    const logs = { rows: log, letters: letters.log };
    const sink = createSink(parts, published, { deadLetterHashes, logs, resetAt: restored.state.resetAt });
    const { events } = context;
    const ledger = new TableLedger({ source, sink, settings, events }, restored);
    return [table.name, { ledger, tasks: { reconcile: null, recovery: null, resync: null } }];
  };
  return new Map(await Promise.all(parts.tables.map(restore)));
}

function createSink(
  { context: { config, kafka, registry }, topics, schemas, writer, warn, end }: SessionParts,
  { table, connection, topic, deadLetterTopic }: PublishedTable,
  {
    resetAt,
    ...kept
  }: Pick<DeliveryOptions, 'deadLetterHashes' | 'logs'> & { readonly resetAt: number | null },
): Delivery {
  const schema = mustGet(schemas, table.name);
  const { codec } = schema;
  const parent = asSearched(table)?.parent;
  const { partitions, maxMessageBytes } = mustGet(topics, topic);
  const access = { reader: kafka.reader, registry, codec, partitions };
  const rowLog = new TopicRowLog(access, topic, {
    parent,
    maxRecordBytes: maxMessageBytes,
    warn,
    signal: end,
  });
  const read = (keys: ReadonlySet<string>, onRead: (bytes: number) => void) =>
    readVersions(kafka.reader, topic, codec, { keys, resetAt, partitions, signal: end, onRead });
  return new Delivery({
    connection: connection.name,
    table: table.name,
    topic,
    maxRecordBytes: maxMessageBytes,
    deadLetters: { topic: deadLetterTopic, maxRecordBytes: mustGet(topics, deadLetterTopic).maxMessageBytes },
    stateTopic: config.state.topic,
    schema,
    writer,
    transactionalId: transactionalId(config, connection),
    ...kept,
    rowLog,
    lookup: new TopicLookup(read, end),
    childrenOf: parent === undefined ? null : (ids) => findChildren(access, topic, parent.id, ids),
  });
}
