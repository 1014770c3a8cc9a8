/** Restores from the topics what an instance must know before it may publish. Kafka is the only storage. */

import type { TopicCodec } from '../avro/codec.js';
import { Decoder } from '../avro/decoder.js';
import type { Registry } from '../avro/registry.js';
import { isAtHome, NewestByKey } from '../kafka/newest.js';
import { headerText, type TopicReader, type TopicRecord } from '../kafka/reader.js';
import type { TableState } from '../model/state.js';
import { EveryRow, type PublishedRows, type PublishedVersion, RecentRows } from '../sync/published.js';
import { KnownIdCollector, type KnownIds } from '../sync/reconcile.js';
import { CLOCK_SKEW_MS } from './versions.js';

/** Header of a version that was published once more: when it was published first (epoch milliseconds). */
export const PUBLISHED_AT = 'published_at';

/**
 * Whether a record belongs to what a restore from a time on (epoch milliseconds) keeps in memory. A resync may
 * have published all rows of a table once more since; memory does not need the old ones among them.
 */
export function isRestored(record: TopicRecord, from: 'earliest' | number): boolean {
  const publishedAt = headerText(record, PUBLISHED_AT);
  return from === 'earliest' || publishedAt === null || Number(publishedAt) >= from;
}

/** What a topic contains of a table's rows. */
export interface RestoredRows {
  readonly published: PublishedRows;
  /**
   * Number of rows in another partition than the one that their key belongs to, after partitions were added.
   */
  readonly misplaced: number;
}

/**
 * Reads the rows of a table from its topic. For a table that is read whole, or whose state does not belong to
 * the topic, it returns every key of the topic. For a searched table it returns the rows that were published
 * since the time in its state. Rows that were published before a reset count as unknown, so that they are
 * published again.
 */
export async function restorePublished(
  reader: TopicReader,
  topic: string,
  codec: TopicCodec,
  table: {
    reads: 'whole' | 'searched';
    state: TableState;
    /** Whether every key is needed, whatever the state says. */
    isWhole: boolean;
    partitions: number;
    signal: AbortSignal;
    /** For a table that is read whole: whether deleted rows are kept in memory (`EveryRow`). */
    remembersDeleted: boolean;
    /** Whether its rows move with a parent, whose time is known only by decoding. */
    isChild: boolean;
    /** Called for each record of another producer. */
    onForeign: (record: TopicRecord) => void;
  },
): Promise<RestoredRows> {
  const { state, partitions } = table;
  const isWhole = table.isWhole || table.reads === 'whole';
  const published: PublishedRows =
    table.reads === 'whole' ? new EveryRow(table.remembersDeleted) : new RecentRows(isWhole);
  const misplaced = new Set<string>();
  const since = state.restoreFrom;
  if (!isWhole && since === null) return { published, misplaced: 0 };
  const from = isWhole || since === null ? 'earliest' : since - CLOCK_SKEW_MS;
  for await (const records of reader.read(topic, { from, signal: table.signal })) {
    for (const { key, record } of ownOf(records, codec, table.onForeign)) {
      if (!isRestored(record, from)) continue;
      if (!isAtHome(record, partitions)) {
        const place = `${record.partition}/${key}`;
        if (record.value === null) misplaced.delete(place);
        else misplaced.add(place);
      } else if (record.value !== null) published.set(key, restoredVersion(record, state, table.isChild));
      else published.restoreDeleted(key, goneAt(record));
    }
  }
  return { published, misplaced: misplaced.size };
}

/** The records of a table with their keys. Records of other producers are left out. */
export function ownOf(
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

/**
 * Epoch milliseconds at which the row was deleted, at most now: another instance's clock may be ahead, and
 * later requests must count as later.
 */
function goneAt(record: TopicRecord): number {
  return Math.min(Number(headerText(record, 'fetched_at') ?? record.timestamp), Date.now());
}

function restoredVersion(record: TopicRecord, state: TableState, isChild: boolean): PublishedVersion {
  const version = versionOf(record, state.resetAt);
  // A row is kept for as long as the current bookmark's lookback can reach it. The next reading sets its
  // parent's time.
  const isTimed = !isChild && version.versionTime !== null;
  const versionTime = isTimed ? version.versionTime : Math.max(version.versionTime ?? 0, state.bookmark ?? 0);
  return { ...version, versionTime };
}

/** The row version in a record. A row that was published before a reset counts as unknown. */
function versionOf(record: TopicRecord, resetAt: number | null): PublishedVersion {
  const header = headerText(record, 'updated_at');
  const updatedAt = header === null ? null : Number(header);
  const versionTime = updatedAt === null ? null : updatedAt / 1000;
  const hash = record.timestamp < (resetAt ?? 0) ? '' : (headerText(record, 'hash') ?? '');
  return { hash, updatedAt, versionTime, publishedAfter: record.timestamp };
}

/**
 * The last record of some keys in a topic: a version or a tombstone. Parents' times are not compared, because
 * they are not known.
 */
export async function readVersions(
  reader: TopicReader,
  topic: string,
  codec: TopicCodec,
  at: {
    readonly keys: ReadonlySet<string>;
    readonly resetAt: number | null;
    readonly partitions: number;
    readonly signal: AbortSignal;
    /** Called with the size of the records, in bytes, as they are read. */
    readonly onRead: (bytes: number) => void;
  },
): Promise<Map<string, PublishedVersion>> {
  const versions = new Map<string, PublishedVersion>();
  for await (const records of reader.read(topic, { from: 'earliest', signal: at.signal })) {
    at.onRead(records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0));
    for (const { key, record } of ownOf(records, codec)) {
      if (!at.keys.has(key) || !isAtHome(record, at.partitions)) continue;
      const gone = { hash: '', updatedAt: goneAt(record), versionTime: null, publishedAfter: 0, gone: true };
      const version = () => ({ ...versionOf(record, at.resetAt), versionTime: null });
      versions.set(key, record.value === null ? gone : version());
    }
  }
  return versions;
}

/** What reading a table's topic needs. */
export interface TopicAccess {
  readonly reader: TopicReader;
  readonly registry: Registry;
  readonly codec: TopicCodec;
  readonly partitions: number;
}

/** The dead letters in their topic: by table and key, the digest of the letter. */
export async function restoreDeadLetters(
  reader: TopicReader,
  topic: string,
  partitions: number,
  signal: AbortSignal,
): Promise<Map<string, Map<string, string>>> {
  const hashes = new Map<string, Map<string, string>>();
  const newest = new NewestByKey(partitions);
  for await (const records of reader.read(topic, { from: 'earliest', signal })) {
    for (const record of records) {
      if (!newest.isNewest(record)) continue;
      const [table = '', ...rest] = (record.key?.toString('utf8') ?? '').split('/');
      const letters = hashes.get(table) ?? new Map<string, string>();
      if (record.value === null) letters.delete(rest.join('/'));
      else letters.set(rest.join('/'), headerText(record, 'hash') ?? '');
      hashes.set(table, letters);
    }
  }
  return hashes;
}

/**
 * The keys of the rows in a child table's topic whose `parentField` is one of the IDs. Children are not
 * indexed by parent, so the whole topic is read. That is slow, but deletions are rare.
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

/** IDs that reconcile holds at once, with their hashes: some fifteen megabytes. */
const KNOWN_IDS = 50_000;

/**
 * The IDs of the rows in a topic (of a child table: of their parents) whose `updated_at` lies behind `after`
 * (epoch seconds), oldest first as far as they fit. Rejects with `stopped` when the signal aborts.
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
        else ids.set(key, secondsOf(headerText(record, 'updated_at')), headerText(record, 'hash'));
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
