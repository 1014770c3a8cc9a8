/** Reads back from the topics what an instance must remember before it may publish. Kafka is the only memory. */

import type { TopicCodec } from '../avro/codec.js';
import { Decoder } from '../avro/decoder.js';
import type { Registry } from '../avro/registry.js';
import { isAtHome, NewestByKey } from '../kafka/newest.js';
import { headerText, type TopicReader, type TopicRecord } from '../kafka/reader.js';
import type { TableState } from '../model/state.js';
import { PublishedRows, type PublishedVersion } from '../sync/published.js';
import { KnownIdCollector, type KnownIds } from '../sync/reconcile.js';

/** Times in a topic are those of the instance that published, or of the broker: no two clocks agree. */
const CLOCK_SKEW_MS = 10 * 60_000;

/** What a topic tells of a table's rows. */
export interface RestoredRows {
  readonly published: PublishedRows;
  /** Rows that stand in another partition than the one that their key belongs to: partitions were added. */
  readonly misplaced: number;
}

/**
 * What the topic of a table tells of its rows. Of a table that is read whole, or whose state does not belong to the topic: every key that stands in it.
 * Of a searched one: what was published since the time that its state names. What was published before a reset, or without a state,
 * counts as unknown, so that it is published again.
 */
export async function restorePublished(
  reader: TopicReader,
  topic: string,
  codec: TopicCodec,
  table: {
    reads: 'whole' | 'searched';
    state: TableState | undefined;
    /** Whether every key is needed, whatever the state says. */
    isWhole: boolean;
    partitions: number;
    signal: AbortSignal;
    /** Is told of every record that somebody else put there. */
    onForeign: (record: TopicRecord) => void;
  },
): Promise<RestoredRows> {
  const { state, partitions } = table;
  const isWhole = table.isWhole || table.reads === 'whole';
  const published = new PublishedRows(isWhole);
  const misplaced = new Set<string>();
  const since = state?.restoreFrom ?? null;
  if (!isWhole && since === null) return { published, misplaced: 0 };
  const from = isWhole || since === null ? 'earliest' : since - CLOCK_SKEW_MS;
  for await (const records of reader.read(topic, { from, signal: table.signal })) {
    for (const { key, record } of ownOf(records, codec, table.onForeign)) {
      if (!isAtHome(record, partitions)) {
        const place = `${record.partition}/${key}`;
        if (record.value === null) misplaced.delete(place);
        else misplaced.add(place);
      } else if (record.value !== null) published.set(key, versionOf(record, state));
      else if (table.reads === 'whole') published.delete(key);
      else published.bury(key, Number(headerText(record, 'fetched_at') ?? record.timestamp));
    }
  }
  return { published, misplaced: misplaced.size };
}

/**
 * The last published versions of these keys, for rows that are older than what a searched table remembers. Nothing else keeps track of
 * them, so the whole topic is read: that is slow, and rows that recover are rare.
 */
export async function recallPublished(
  reader: TopicReader,
  topic: string,
  codec: TopicCodec,
  { keys, state, signal }: { keys: ReadonlySet<string>; state: TableState; signal: AbortSignal },
): Promise<Map<string, PublishedVersion>> {
  const versions = new Map<string, PublishedVersion>();
  if (keys.size === 0) return versions;
  for await (const records of reader.read(topic, { from: 'earliest', signal })) {
    for (const { key, record } of ownOf(records, codec)) {
      if (!keys.has(key)) continue;
      if (record.value === null) versions.delete(key);
      else versions.set(key, versionOf(record, state));
    }
  }
  return versions;
}

/** The records of a table with their keys. What somebody else put into its topic is no row of it. */
function ownOf(
  records: readonly TopicRecord[],
  codec: TopicCodec,
  onForeign: (record: TopicRecord) => void = () => undefined,
): { readonly key: string; readonly record: TopicRecord }[] {
  return records.flatMap((record) => {
    const key = record.key === null ? null : codec.decodeKey(record.key);
    if (key !== null) return { key, record };
    onForeign(record);
    return [];
  });
}

function versionOf(record: TopicRecord, state: TableState | undefined) {
  const header = headerText(record, 'updated_at');
  const updatedAt = header === null ? null : Number(header);
  // Until it is read again and tells its own time, a row is kept for as long as the bookmark of now can be read behind.
  const versionTime = Math.max((updatedAt ?? 0) / 1000, state?.bookmark ?? 0);
  const isBeforeReset = state === undefined || record.timestamp < (state.resetAt ?? 0);
  const hash = isBeforeReset ? '' : (headerText(record, 'hash') ?? '');
  return { hash, updatedAt, versionTime, publishedAfter: record.timestamp };
}

/** What it takes to read a table's topic. */
export interface TopicAccess {
  readonly reader: TopicReader;
  readonly registry: Registry;
  readonly codec: TopicCodec;
  readonly partitions: number;
}

/** What is in the dead-letter topic: by table and key, the digest of the letter. */
export async function restoreBuried(
  reader: TopicReader,
  topic: string,
  partitions: number,
  signal: AbortSignal,
): Promise<Map<string, Map<string, string>>> {
  const buried = new Map<string, Map<string, string>>();
  const newest = new NewestByKey(partitions);
  for await (const records of reader.read(topic, { from: 'earliest', signal })) {
    for (const record of records) {
      if (!newest.isNewest(record)) continue;
      const [table = '', ...rest] = (record.key?.toString('utf8') ?? '').split('/');
      const letters = buried.get(table) ?? new Map<string, string>();
      if (record.value === null) letters.delete(rest.join('/'));
      else letters.set(rest.join('/'), headerText(record, 'hash') ?? '');
      buried.set(table, letters);
    }
  }
  return buried;
}

/**
 * The keys of the rows in a child table's topic whose `parentField` is one of the IDs. Nothing keeps track of children, so the
 * whole topic is read: that is slow, and deletions are rare.
 */
export async function findChildren(
  { reader, registry, codec, partitions }: TopicAccess,
  topic: string,
  parentField: string,
  ids: readonly string[],
): Promise<string[]> {
  const parents = new Set(ids);
  const children = new Set<string>();
  const decoder = new Decoder(registry);
  for await (const records of reader.read(topic, { from: 'earliest' })) {
    const own = ownOf(records, codec).filter(({ record }) => isAtHome(record, partitions));
    await decoder.prepare(own.map(({ record }) => record.value));
    for (const { key, record } of own) {
      const parent = record.value === null ? null : decoder.decode(record.value)[parentField];
      if (typeof parent === 'string' && parents.has(parent)) children.add(key);
      else children.delete(key);
    }
  }
  return [...children];
}

/** IDs held at once by a walk over all of them: some ten megabytes. */
const KNOWN_IDS = 50_000;

/**
 * The IDs of the rows in a topic (of a child table: of their parents) whose `updated_at` lies behind `after` (epoch seconds), oldest
 * first as far as they fit. Rejects with `stopped` when the signal aborts.
 */
export async function knownIds(
  { reader, registry, codec, partitions }: TopicAccess,
  topic: string,
  at: {
    readonly parent: { readonly id: string; readonly updatedAt: string } | undefined;
    readonly after: number | null;
    readonly signal: AbortSignal;
  },
): Promise<KnownIds> {
  const ids = new KnownIdCollector(at.after, KNOWN_IDS);
  const decoder = new Decoder(registry);
  for await (const records of reader.read(topic, { from: 'earliest', signal: at.signal })) {
    const own = ownOf(records, codec).filter(({ record }) => isAtHome(record, partitions));
    if (at.parent !== undefined) await decoder.prepare(own.map(({ record }) => record.value));
    for (const { key, record } of own) {
      if (at.parent === undefined) {
        if (record.value === null) ids.delete(key);
        else ids.set(key, secondsOf(headerText(record, 'updated_at')));
      } else if (record.value !== null) {
        const value = decoder.decode(record.value);
        ids.raise(String(value[at.parent.id]), secondsOf(value[at.parent.updatedAt]));
      }
    }
  }
  return ids.known;
}

/** Epoch seconds of published epoch milliseconds; rows without a time come first. */
function secondsOf(milliseconds: unknown): number {
  return Number(milliseconds ?? 0) / 1000;
}
