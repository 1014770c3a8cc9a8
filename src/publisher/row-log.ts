/** The log of a table's topic, as a resync publishes its rows once more. */

import { Decoder } from '../avro/decoder.js';
import { isAtHome } from '../kafka/newest.js';
import { headerText, type TopicRecord } from '../kafka/reader.js';
import { BATCH_OVERHEAD_BYTES } from '../kafka/writer.js';
import type { OutgoingRecord } from '../model/row.js';
import type { LoggedRow, Offsets, RowLog } from '../sync/row-log.js';
import { ownOf, PUBLISHED_AT, type TopicAccess } from './restore.js';

export interface RowLogOptions {
  /** For a child table: the field of its rows with their parent's `updated_at`. */
  readonly parent: { readonly updatedAt: string } | undefined;
  /** The largest record that the topic accepts, in bytes. */
  readonly maxRecordBytes: number;
  readonly warn: (message: string) => void;
  /** Aborts at the end of the session. */
  readonly signal: AbortSignal;
}

export class TopicRowLog implements RowLog {
  readonly #access: TopicAccess;
  readonly #topic: string;
  readonly #options: RowLogOptions;
  #isWarned = false;

  constructor(access: TopicAccess, topic: string, options: RowLogOptions) {
    this.#access = access;
    this.#topic = topic;
    this.#options = options;
  }

  async ends(): Promise<readonly number[]> {
    const { reader, partitions } = this.#access;
    return (await reader.extent(this.#topic, this.#options.signal)).ends.slice(0, partitions);
  }

  async *read(
    from: Offsets,
    { isTimed, signal: stop }: { readonly isTimed: boolean; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly LoggedRow[]> {
    const { reader, registry, codec, partitions } = this.#access;
    const isDecoded = isTimed && this.#options.parent !== undefined;
    const decoder = new Decoder(registry);
    const signal = AbortSignal.any([this.#options.signal, stop]);
    const positions = new Map(from.flatMap((offset, id) => (offset === null ? [] : [[id, offset] as const])));
    for await (const records of reader.read(this.#topic, { from: positions, signal })) {
      const own = ownOf(records, codec).filter(({ record }) => isAtHome(record, partitions));
      if (isDecoded) await decoder.prepare(own.map(({ record }) => record.value));
      yield own.map(({ key, record }) => this.#rowOf(key, record, decoder));
    }
  }

  #rowOf(key: string, record: TopicRecord, decoder: Decoder): LoggedRow {
    const { partition, offset } = record;
    const again = () => this.#again(record);
    return { key, partition, offset, again, versionTime: () => this.#timeOf(record, decoder) };
  }

  /** The same key, value and headers, and `published_at`: see `isRestored`. */
  #again(record: TopicRecord): OutgoingRecord | null {
    const { key, value, timestamp } = record;
    if (key === null || value === null || !this.#fits(key.length + value.length)) return null;
    const names = Object.keys(record.headers);
    const headers = Object.fromEntries(names.map((name) => [name, headerText(record, name) ?? '']));
    return { topic: this.#topic, key, value, headers: { [PUBLISHED_AT]: String(timestamp), ...headers } };
  }

  #fits(bytes: number): boolean {
    const { maxRecordBytes, warn } = this.#options;
    if (bytes + BATCH_OVERHEAD_BYTES <= maxRecordBytes) return true;
    if (!this.#isWarned)
      warn(
        `rows of topic ${this.#topic} are not published once more: they are larger than it takes now (max.message.bytes ${maxRecordBytes})`,
      );
    this.#isWarned = true;
    return false;
  }

  #timeOf(record: TopicRecord, decoder: Decoder): number | null {
    const { parent } = this.#options;
    if (record.value === null) return null;
    const time =
      parent === undefined
        ? headerText(record, 'updated_at')
        : decoder.decode(record.value)[parent.updatedAt];
    return time === null || time === undefined ? null : Number(time) / 1000;
  }
}
