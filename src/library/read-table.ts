/** Reading a table's topic back, typed. */

import { Registry } from '../avro/registry.js';
import { parseConfig } from '../config/load.js';
import { KafkaAccess } from '../kafka/access.js';
import { headerText, type TopicRecord } from '../kafka/reader.js';
import { PublisherError } from '../model/errors.js';
import type { TableName } from '../model/table-names.js';
import { tableTopic } from '../model/topic-names.js';
import { type Reading, readRecords, type Version, Versions } from '../publisher/versions.js';
import { type DisposableGenerator, disposable } from './disposable.js';
import type { FlatRows, NestedRows } from './rows.js';
import { tables } from './tables.js';

/** The form in which a connection publishes its values. */
export interface Rows {
  readonly flat: FlatRows;
  readonly nested: NestedRows;
}

export interface ReadTableOptions<Form extends keyof Rows> {
  /** As in the configuration file: `brokers`, and where they are needed `ssl` and `sasl`. */
  readonly kafka: Readonly<Record<string, unknown>> & { readonly brokers: readonly string[] };
  /** As in the configuration file: `url`, and where they are needed `auth` and `ssl`. */
  readonly schemaRegistry: Readonly<Record<string, unknown>> & { readonly url: string };
  /** The name of the connection that publishes the table. */
  readonly connection: string;
  /** The prefix of the topics' names; `intercom` when left out. */
  readonly prefix?: string;
  /**
   * `latest` (when left out): the newest version of each key, without deleted rows. `history`: every version,
   * tombstones included.
   */
  readonly mode?: 'latest' | 'history';
  /** The start of the reading: the oldest record (when left out), or a time. */
  readonly from?: Date;
  /**
   * Continues with every version that is published next, until the signal aborts or the caller leaves the
   * loop.
   */
  readonly follow?: boolean;
  /**
   * Ends following. A reading that does not follow throws `stopped`, so that the caller does not use a part
   * as the whole.
   */
  readonly signal?: AbortSignal;
  /** How the connection publishes its values (`values` in its configuration); decides the types only. */
  readonly form?: Form;
}

/** A version of a row. */
export interface TableVersion<Row> {
  readonly key: string;
  /** Null: the row was deleted. */
  readonly value: Row | null;
  readonly op: 'upsert' | 'delete' | null;
  /** The row's own `updated_at`, where it has one. */
  readonly updatedAt: Date | null;
  /** When the API returned it. */
  readonly fetchedAt: Date | null;
  readonly publishedAt: Date;
  /** Hash of the row's contents: equal contents have equal hashes. */
  readonly hash: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** The versions of a table as they are read. */
export type TableReading<Row> = DisposableGenerator<TableVersion<Row>>;

/**
 * Reads a table's topic from its start to its end, or beyond. Only committed records are read. For one key
 * versions come in the order of their offsets; between keys there is no order. In `latest` mode one record of
 * each key is in memory. Records that are not in the Confluent wire format are from another producer, and are
 * left out.
 *
 * Throws a `PublisherError`: `topic-missing` where nothing was published yet, `kafka-…` and `registry-…` when
 * those fail, `config-invalid` for invalid options, `stopped` when the signal ends a reading that does not
 * follow.
 *
 * Leaving the loop disconnects, and so does `await using` at the end of its block, whatever was read until
 * then.
 */
export function readTable<Table extends TableName, Form extends keyof Rows = 'flat'>(
  table: Table,
  options: ReadTableOptions<Form>,
): TableReading<Rows[Form][Table]> {
  const end = new AbortController();
  const signals = [end.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const reading = { ...options, signal: AbortSignal.any(signals) };
  return disposable(versionsOf<Rows[Form][Table]>(table, reading), () => end.abort());
}

async function* versionsOf<Row>(
  table: TableName,
  options: ReadTableOptions<keyof Rows>,
): AsyncGenerator<TableVersion<Row>, void, void> {
  const { kafka: settings, schemaRegistry, topics } = settingsOf(options);
  const topic = tableTopic(topics.prefix, options.connection, table);
  const versions = new Versions(new Registry(schemaRegistry), tables[table].key);
  const kafka = await KafkaAccess.open(settings);
  try {
    if ((await kafka.topics.describe([topic])).size === 0)
      throw new PublisherError('topic-missing', `topic ${topic} does not exist: nothing was published to it`);
    for await (const records of readRecords(kafka.reader, topic, readingOf(options)))
      for await (const version of versions.of(records)) yield publicVersion(version);
  } finally {
    await kafka.close();
  }
}

function readingOf({ mode = 'latest', from, follow = false, signal }: ReadTableOptions<keyof Rows>): Reading {
  return { mode, from: from?.getTime() ?? 'earliest', follow, signal };
}

/** Converts the options to the form of the configuration file, and checks them in the same way. */
function settingsOf({
  kafka,
  schemaRegistry,
  connection,
  prefix = 'intercom',
}: ReadTableOptions<keyof Rows>) {
  const unused = { name: connection, credentials: { accessToken: 'unused' }, startDate: '2000-01-01' };
  const file = { kafka, schemaRegistry, topics: { prefix }, connections: [unused] };
  return parseConfig(JSON.stringify(file), 'readTable', {});
}

function publicVersion<Row>({ record, ...version }: Version): TableVersion<Row> {
  const { key, value, op, partition, offset, timestamp } = version;
  return {
    key,
    value: value as Row | null,
    op: op === 'upsert' || op === 'delete' ? op : null,
    updatedAt: timeIn(record, 'updated_at'),
    fetchedAt: timeIn(record, 'fetched_at'),
    publishedAt: new Date(timestamp),
    hash: headerText(record, 'hash'),
    partition,
    offset,
  };
}

function timeIn(record: TopicRecord, header: string): Date | null {
  const text = headerText(record, header);
  return text === null ? null : new Date(Number(text));
}
