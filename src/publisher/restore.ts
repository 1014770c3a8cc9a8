/** Reads back from the topics what an instance must remember before it may publish. Kafka is the only memory. */

import type { TopicCodec } from '../avro/codec.js';
import type { Registry } from '../avro/registry.js';
import { headerText, type TopicReader, type TopicRecord } from '../kafka/reader.js';
import type { TableState } from '../model/state.js';
import { PublishedRows } from '../sync/published.js';

/** Times in a topic are those of the instance that published, or of the broker: no two clocks agree. */
const CLOCK_SKEW_MS = 10 * 60_000;

/**
 * What the topic of a table tells of its rows. Of a table that is read whole: every key that stands in it. Of a searched one: what was
 * published since the time that its state names. Without a state (a first run, or a reset) contents count as unknown, so that
 * everything is published again.
 */
export async function restorePublished(
  reader: TopicReader,
  topic: string,
  codec: TopicCodec,
  table: { reads: 'whole' | 'searched'; state: TableState | undefined },
): Promise<PublishedRows> {
  const published = new PublishedRows();
  const { state } = table;
  const since = state?.restoreFrom ?? null;
  if (table.reads === 'searched' && since === null) return published;
  const from = table.reads === 'whole' || since === null ? 'earliest' : since - CLOCK_SKEW_MS;
  for await (const records of reader.read(topic, { from })) {
    for (const record of records) {
      if (record.key === null) continue;
      const key = codec.decodeKey(record.key);
      if (record.value === null) published.delete(key);
      else published.set(key, versionOf(record, state));
    }
  }
  return published;
}

function versionOf(record: TopicRecord, state: TableState | undefined) {
  const header = headerText(record, 'updated_at');
  const updatedAt = header === null ? null : Number(header);
  // Until it is read again and tells its own time, a row is kept for as long as the bookmark of now can be read behind.
  const versionTime = Math.max((updatedAt ?? 0) / 1000, state?.bookmark ?? 0);
  const hash = state === undefined ? '' : (headerText(record, 'hash') ?? '');
  return { hash, updatedAt, versionTime, publishedAfter: record.timestamp };
}

/** The keys in the dead-letter topic, by table. */
export async function restoreBuried(reader: TopicReader, topic: string): Promise<Map<string, Set<string>>> {
  const buried = new Map<string, Set<string>>();
  for await (const records of reader.read(topic, { from: 'earliest' })) {
    for (const { key, value } of records) {
      const [table = '', ...rest] = (key?.toString('utf8') ?? '').split('/');
      const keys = buried.get(table) ?? new Set<string>();
      if (value === null) keys.delete(rest.join('/'));
      else keys.add(rest.join('/'));
      buried.set(table, keys);
    }
  }
  return buried;
}

/**
 * The keys of the rows in a child table's topic whose `parentField` is one of the IDs. Nothing keeps track of children, so the
 * whole topic is read: that is slow, and deletions are rare.
 */
export async function findChildren(
  { reader, registry, codec }: { reader: TopicReader; registry: Registry; codec: TopicCodec },
  topic: string,
  parentField: string,
  ids: readonly string[],
): Promise<string[]> {
  const parents = new Set(ids);
  const children = new Set<string>();
  for await (const records of reader.read(topic, { from: 'earliest' })) {
    for (const { key, value } of records) {
      if (key === null) continue;
      const name = codec.decodeKey(key);
      const parent = value === null ? null : (await registry.decode(value))[parentField];
      if (typeof parent === 'string' && parents.has(parent)) children.add(name);
      else children.delete(name);
    }
  }
  return [...children];
}
