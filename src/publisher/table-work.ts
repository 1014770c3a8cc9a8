/** What the cycles of a session work with, table by table. */

import type { ConnectionConfig } from '../config/config.js';
import type { IntercomApi } from '../intercom/api.js';
import { mustGet } from '../model/must-get.js';
import type { TableName } from '../model/table-names.js';
import { remembersDeletes } from '../sync/commit.js';
import type { TableWork } from '../sync/source.js';
import { Delivery, type DeliveryOptions } from './delivery.js';
import { grainOf } from './grain.js';
import { type PublishedTable, publishedTables } from './published-table.js';
import { findChildren, readVersions } from './restore.js';
import type { SessionContext } from './session-context.js';
import type { SessionParts } from './session-parts.js';
import { restoreLetters, restoreTable } from './table-restore.js';
import { TableSchema } from './table-schema.js';
import { createSource } from './table-source.js';
import { TopicLookup } from './topic-lookup.js';

/** Registers the schema of each table. Throws what the registry and the API throw. */
export async function openSchemas(
  { config, registry, shaping }: SessionContext,
  connection: ConnectionConfig,
  api: IntercomApi,
): Promise<Map<TableName, TableSchema>> {
  const schemas = new Map<TableName, TableSchema>();
  for (const { table, topic, rules, hasColumns } of publishedTables(config, connection)) {
    const { name, key } = table;
    const definitions = hasColumns ? table.customAttributes : undefined;
    const attributes = definitions === undefined ? null : () => definitions(api);
    const form = connection.values;
    const options = { registry, topic, table: name, key, form, rules, shaping, attributes };
    schemas.set(name, await TableSchema.open(options));
  }
  return schemas;
}

/** Reads the connection's states, then what each of its topics holds. */
export async function restoreWork(
  parts: SessionParts,
  connection: ConnectionConfig,
): Promise<Map<TableName, TableWork>> {
  const { context, end } = parts;
  // The writer has fenced the owner before: the reading that begins now sees all of its commits.
  context.states.identify(mustGet(parts.topics, context.config.state.topic).id);
  const states = await context.states.current(end);
  const letters = await restoreLetters(parts, connection, states);
  const grain = grainOf(parts.api);
  const { name, startDate, lookback, deletes } = connection;
  const settings = { connection: name, startDate, lookback, reconcile: deletes.reconcile };
  const restore = async (published: PublishedTable): Promise<[TableName, TableWork]> => {
    const { table } = published;
    const source = createSource(parts, published, grain);
    const restoring = { states, letters, remembersDeletes: remembersDeletes(source) };
    const { memory, log } = await restoreTable(parts, published, restoring);
    const deadLetterHashes = letters.hashes.get(table.name) ?? new Map<string, string>();
    const logs = { rows: log, letters: letters.log };
    const sink = createSink(parts, published, { deadLetterHashes, logs, resetAt: memory.state.resetAt });
    if (table.reads === 'searched') memory.published.twins.restore(sink.deadLetterKeys());
    return [table.name, { source, sink, settings, memory }];
  };
  return new Map(await Promise.all(publishedTables(context.config, connection).map(restore)));
}

function createSink(
  { context: { config, kafka, registry }, topics, schemas, writer, end }: SessionParts,
  { table, connection, topic, deadLetterTopic }: PublishedTable,
  {
    resetAt,
    ...kept
  }: Pick<DeliveryOptions, 'deadLetterHashes' | 'logs'> & { readonly resetAt: number | null },
): Delivery {
  const schema = mustGet(schemas, table.name);
  const { codec } = schema;
  const { parent } = table;
  const { partitions } = mustGet(topics, topic);
  const read = (keys: ReadonlySet<string>) =>
    readVersions(kafka.reader, topic, codec, { keys, resetAt, partitions, signal: end });
  return new Delivery({
    connection: connection.name,
    table: table.name,
    topic,
    maxRecordBytes: mustGet(topics, topic).maxMessageBytes,
    deadLetters: { topic: deadLetterTopic, maxRecordBytes: mustGet(topics, deadLetterTopic).maxMessageBytes },
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
