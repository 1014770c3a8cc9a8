/**
 * An AsyncAPI 3 document of the topics of tables.
 *
 * AsyncAPI 3 describes one application, and an operation's action is what that application does. The
 * application here is the publisher, so its operations are `send`. A consumer's own document refers to the
 * same channels with `receive`.
 */

import { keySchemaText } from '../avro/codec.js';
import { publishedText } from '../avro/published.js';
import type { RecordSchema } from '../avro/schema.js';
import type { Config } from '../config/config.js';
import { planTopic } from '../kafka/topics.js';
import type { TopicSettings } from '../model/kafka.js';
import type { PublishedTable } from '../publisher/published-table.js';
import { BINDING_VERSION, securityOf, serversOf } from './asyncapi-servers.js';

/** A table with the schema of its values, as a connection publishes it. */
export interface DescribedTable {
  readonly published: PublishedTable;
  readonly schema: RecordSchema;
}

/** The format of Avro that AsyncAPI 3.0 names. */
const AVRO_FORMAT = 'application/vnd.apache.avro+json;version=1.9.0';
/** As AsyncAPI's own examples call Avro's binary encoding. */
const CONTENT_TYPE = 'avro/binary';
/** The numbers that Kafka's channel binding has of a topic's settings. */
const NUMERIC_SETTINGS = ['retention.ms', 'retention.bytes', 'delete.retention.ms', 'max.message.bytes'];

const DESCRIPTION = `The tables of Intercom workspaces, a compacted topic each. Keys and values are Avro in Confluent's wire format. A record without a value is a tombstone: the row no longer exists. Records are committed in transactions: read them with isolation.level read_committed.

The document describes the publisher, whose operations are "send". A consumer's document refers to these channels with operations of its own, whose action is "receive".`;

/** The document. It contains no credentials. `version` is that of this program. */
export function asyncApiDocument(
  { kafka, schemaRegistry, topics }: Pick<Config, 'kafka' | 'schemaRegistry' | 'topics'>,
  tables: readonly DescribedTable[],
  version: string,
): object {
  const schemas = sharedSchemas(tables);
  return {
    asyncapi: '3.0.0',
    info: { title: 'intercom-kafka', version, description: DESCRIPTION },
    defaultContentType: CONTENT_TYPE,
    servers: serversOf(kafka, schemaRegistry),
    channels: byChannel(tables, (table) => channelOf(table, topics)),
    operations: byChannel(tables, operationOf),
    components: {
      securitySchemes: securityOf(kafka),
      schemas: {
        ...Object.fromEntries(
          [...schemas].map(([text, name]) => [name, { schemaFormat: AVRO_FORMAT, schema: JSON.parse(text) }]),
        ),
        ...HEADERS,
      },
      messages: {
        ...byChannel(tables, (table) => rowMessage(table, schemas)),
        ...Object.fromEntries(
          tables.map((table) => [`${channelName(table)}.tombstone`, tombstoneMessage(table)]),
        ),
      },
    },
  };
}

/** Neither name has a dot, so that the pair is unambiguous. */
function channelName({ published: { connection, table } }: DescribedTable): string {
  return `${connection.name}.${table.name}`;
}

function byChannel(
  tables: readonly DescribedTable[],
  describe: (table: DescribedTable) => object,
): Record<string, object> {
  return Object.fromEntries(tables.map((table) => [channelName(table), describe(table)]));
}

/** The names of the values' schemas, by their text: connections mostly publish a table in the same form. */
function sharedSchemas(tables: readonly DescribedTable[]): Map<string, string> {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { published, schema } of tables) {
    const text = publishedText(schema);
    if (names.has(text)) continue;
    const { name } = published.table;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    names.set(text, count === 1 ? name : `${name}-${count}`);
  }
  return names;
}

function channelOf(table: DescribedTable, topics: TopicSettings): object {
  const { published, schema } = table;
  const name = channelName(table);
  return {
    address: published.topic,
    title: `${published.table.name} of ${published.connection.name}`,
    description: schema.doc,
    tags: [{ name: published.connection.name }, { name: published.table.name }],
    messages: {
      row: { $ref: `#/components/messages/${name}` },
      tombstone: { $ref: `#/components/messages/${name}.tombstone` },
    },
    bindings: { kafka: topicBinding(published.topic, topics) },
  };
}

/** The topic as it is created where it is missing. The broker's default number of replicas is not known here. */
function topicBinding(topic: string, settings: TopicSettings): object {
  const { partitions, replicationFactor, config } = planTopic(topic, settings);
  const numbers = NUMERIC_SETTINGS.flatMap((name) => {
    const value = Number(config[name] ?? Number.NaN);
    return Number.isSafeInteger(value) ? [[name, value]] : [];
  });
  return {
    topic,
    partitions,
    ...(replicationFactor > 0 ? { replicas: replicationFactor } : {}),
    topicConfiguration: { 'cleanup.policy': ['compact'], ...Object.fromEntries(numbers) },
    bindingVersion: BINDING_VERSION,
  };
}

function operationOf(table: DescribedTable): object {
  const channel = `#/channels/${channelName(table)}`;
  const { connection, table: of } = table.published;
  return {
    action: 'send',
    channel: { $ref: channel },
    summary: `Publishes rows of ${of.name} that were created, updated or deleted in ${connection.name}.`,
    messages: [{ $ref: `${channel}/messages/row` }, { $ref: `${channel}/messages/tombstone` }],
  };
}

function rowMessage(table: DescribedTable, schemas: ReadonlyMap<string, string>): object {
  const schema = schemas.get(publishedText(table.schema));
  return {
    name: table.schema.name,
    summary: 'A version of a row.',
    contentType: CONTENT_TYPE,
    headers: { $ref: '#/components/schemas/row_headers' },
    payload: { $ref: `#/components/schemas/${schema}` },
    bindings: { kafka: keyBinding(table) },
  };
}

function tombstoneMessage(table: DescribedTable): object {
  return {
    name: `${table.schema.name}Tombstone`,
    summary: 'The row no longer exists.',
    headers: { $ref: '#/components/schemas/tombstone_headers' },
    payload: { type: 'null' },
    bindings: { kafka: keyBinding(table) },
  };
}

function keyBinding({ published: { table } }: DescribedTable): object {
  return {
    key: JSON.parse(keySchemaText(table.name, table.key)),
    schemaIdLocation: 'payload',
    schemaIdPayloadEncoding: 'confluent',
    schemaLookupStrategy: 'TopicNameStrategy',
    bindingVersion: BINDING_VERSION,
  };
}

const text = (description: string) => ({ type: 'string', description });
const time = (description: string) => ({ ...text(description), pattern: '^\\d+$' });
const COMMON_HEADERS = {
  connection: text('The name of the connection.'),
  table: text('The name of the table.'),
  fetched_at: time('When Intercom returned the row, or that it is gone, in epoch milliseconds.'),
  traceparent: text(
    'The trace that published the record, in the format of W3C Trace Context; only with tracing.',
  ),
};

/** Headers are UTF-8 text. */
const HEADERS = {
  row_headers: {
    type: 'object',
    required: ['op', 'connection', 'table', 'fetched_at', 'hash'],
    properties: {
      op: { type: 'string', const: 'upsert' },
      ...COMMON_HEADERS,
      updated_at: time('The updated_at of the row, where it has one, in epoch milliseconds.'),
      hash: text('The hash of the contents: equal contents have equal hashes.'),
      published_at: time(
        'Where a resync has published this version once more: when it was published first, in epoch milliseconds.',
      ),
    },
  },
  tombstone_headers: {
    type: 'object',
    required: ['op', 'connection', 'table', 'fetched_at'],
    properties: { op: { type: 'string', const: 'delete' }, ...COMMON_HEADERS },
  },
};
