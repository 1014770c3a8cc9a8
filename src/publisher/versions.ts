/** A table's topic read back: what consumers see, decoded. */

import { Decoder } from '../avro/decoder.js';
import type { Registry } from '../avro/registry.js';
import { headerText, type ReadOptions, type TopicReader, type TopicRecord } from '../kafka/reader.js';
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

/** Decodes the records of a table's topic, whichever schemas they were written with. */
export class Versions {
  readonly #decoder: Decoder;
  readonly #keyName: KeyName;

  constructor(registry: Registry, keyName: KeyName) {
    this.#decoder = new Decoder(registry);
    this.#keyName = keyName;
  }

  /** One after another, so that not all of them are in memory. Throws what the registry throws. */
  async *of(records: readonly TopicRecord[]): AsyncGenerator<Version> {
    await this.#decoder.prepare(records.flatMap(({ key, value }) => [key, value]));
    for (const record of records) {
      const { value, partition, offset, timestamp } = record;
      yield {
        key: record.key === null ? '' : String(this.#decoder.decode(record.key)[this.#keyName]),
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

/**
 * The newest record of each key that was not deleted, in the order in which the keys came. They are undecoded: only what is wanted has to be.
 * `onProgress` is told how many records were read.
 */
export async function latestRecords(
  reader: TopicReader,
  topic: string,
  options: ReadOptions,
  onProgress: (records: number) => void = () => undefined,
): Promise<TopicRecord[]> {
  const latest = new Map<string, TopicRecord>();
  let count = 0;
  for await (const records of reader.read(topic, options)) {
    for (const record of records) {
      const key = record.key?.toString('latin1') ?? '';
      if (record.value === null) latest.delete(key);
      else latest.set(key, record);
    }
    count += records.length;
    onProgress(count);
  }
  return [...latest.values()];
}
