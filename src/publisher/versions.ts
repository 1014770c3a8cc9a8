/** Reads a table's topic as consumers see it, decoded. */

import { Decoder, isFramed } from '../avro/decoder.js';
import type { Registry } from '../avro/registry.js';
import { NewestByKey } from '../kafka/newest.js';
import { headerText, type ReadFrom, type TopicReader, type TopicRecord } from '../kafka/reader.js';
import { asPublisherError } from '../model/errors.js';
import type { KeyName } from '../model/table.js';

/** A record, decoded. */
export interface Version {
  readonly key: string;
  /** Null: deleted. */
  readonly value: Record<string, unknown> | null;
  readonly op: string | null;
  readonly partition: number;
  readonly offset: number;
  /** Epoch milliseconds at which it was published. */
  readonly timestamp: number;
  /** The record itself, with its headers. */
  readonly record: TopicRecord;
}

/** Rows and tombstones have keys, in the wire format. */
function isOfTable(record: TopicRecord): record is TopicRecord & { readonly key: Buffer } {
  const { key, value } = record;
  return key !== null && isFramed(key) && (value === null || isFramed(value));
}

/** Decodes the records of a table's topic, each with the schema that it was written with. */
export class Versions {
  readonly #decoder: Decoder;
  readonly #keyName: KeyName;
  readonly #onForeign: (record: TopicRecord) => void;

  /** Records of other producers are left out; `onForeign` is called with each. */
  constructor(
    registry: Registry,
    keyName: KeyName,
    onForeign: (record: TopicRecord) => void = () => undefined,
  ) {
    this.#decoder = new Decoder(registry);
    this.#keyName = keyName;
    this.#onForeign = onForeign;
  }

  /** One after another, so that not all of them are in memory. Throws what the registry throws. */
  async *of(all: readonly TopicRecord[]): AsyncGenerator<Version> {
    const records = all.filter(isOfTable);
    for (const record of all) if (!isOfTable(record)) this.#onForeign(record);
    await this.#decoder.prepare(records.flatMap(({ key, value }) => [key, value]));
    for (const record of records) {
      const { value, partition, offset, timestamp } = record;
      yield {
        key: String(this.#decoder.decode(record.key)[this.#keyName]),
        value: value === null ? null : this.#decoder.decode(value),
        op: headerText(record, 'op'),
        partition,
        offset,
        timestamp,
        record,
      };
    }
  }
}

export interface Reading {
  /** `latest`: the newest record of each key without deleted rows, in one batch. `history`: every record. */
  readonly mode: 'latest' | 'history';
  readonly from: ReadFrom;
  /**
   * Continues with every record that is published next, until the signal aborts. Without `follow`, aborting
   * the signal throws `stopped`.
   */
  readonly follow: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The clocks of this instance, of earlier publishers and of the brokers may differ by as much. */
export const CLOCK_SKEW_MS = 10 * 60_000;

/**
 * The records of a reading, not decoded, so that callers decode only the records they need. Following starts
 * right behind the latest records: none is missed and none comes twice. `onProgress` receives how many
 * records were read for the latest ones.
 */
export async function* readRecords(
  reader: TopicReader,
  topic: string,
  reading: Reading,
  onProgress: (records: number) => void = () => undefined,
): AsyncGenerator<readonly TopicRecord[]> {
  try {
    if (reading.mode === 'latest') yield* fromLatest(reader, topic, reading, onProgress);
    else yield* fromHistory(reader, topic, reading);
  } catch (error) {
    if (!reading.follow || asPublisherError(error).code !== 'stopped') throw error;
  }
}

function fromHistory(
  reader: TopicReader,
  topic: string,
  { from, follow, signal }: Reading,
): AsyncGenerator<readonly TopicRecord[]> {
  return reader.read(topic, { from, until: follow ? 'never' : 'stable', signal });
}

async function* fromLatest(
  reader: TopicReader,
  topic: string,
  { from, follow, signal }: Reading,
  onProgress: (records: number) => void,
): AsyncGenerator<readonly TopicRecord[]> {
  const began = Date.now();
  const read = new Map<number, number>();
  const newest = new NewestByKey(await reader.partitions(topic, signal));
  const batches = reader.read(topic, { from, until: 'stable', signal });
  yield await latestRecords(batches, newest, read, onProgress);
  if (!follow) return;
  const behind = from === 'earliest' ? began - CLOCK_SKEW_MS : Math.max(from, began - CLOCK_SKEW_MS);
  for await (const records of reader.read(topic, { from: behind, until: 'never', signal })) {
    const next = records.filter(({ partition, offset }) => offset > (read.get(partition) ?? -1));
    if (next.length > 0) yield next;
  }
}

/** The newest record of each key that was not deleted; `read` receives the last offset of each partition. */
async function latestRecords(
  batches: AsyncIterable<readonly TopicRecord[]>,
  newest: NewestByKey,
  read: Map<number, number>,
  onProgress: (records: number) => void,
): Promise<TopicRecord[]> {
  const latest = new Map<string, TopicRecord>();
  let count = 0;
  for await (const records of batches) {
    for (const record of records) {
      read.set(record.partition, record.offset);
      if (!newest.isNewest(record)) continue;
      const key = record.key?.toString('latin1') ?? '';
      if (record.value === null) latest.delete(key);
      else latest.set(key, record);
    }
    count += records.length;
    onProgress(count);
  }
  return [...latest.values()];
}
