/** Turns the changes of one table into records, and passes them to the writer with the table's state. */

import { stateRecord } from '../kafka/states.js';
import { BATCH_OVERHEAD_BYTES, type Writer } from '../kafka/writer.js';
import { canonicalJson, digestOf } from '../model/json.js';
import type { Change, DeadLetter, OutgoingRecord } from '../model/row.js';
import { commitSpan } from '../model/spans.js';
import type { TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import { inSpan, type OpenSpan } from '../model/tracing.js';
import type { KnownVersions } from '../sync/batch.js';
import type { RowLog } from '../sync/row-log.js';
import type { TableSink } from '../sync/source.js';
import type { TableSchema } from './table-schema.js';
import type { TopicLog } from './topic-log.js';
import type { TopicLookup } from './topic-lookup.js';

export interface DeliveryOptions {
  readonly connection: string;
  readonly table: TableName;
  readonly topic: string;
  /** The largest record that the topic accepts, in bytes. */
  readonly maxRecordBytes: number;
  readonly deadLetters: { readonly topic: string; readonly maxRecordBytes: number };
  readonly stateTopic: string;
  /** The logs that the table's states refer to: of its topic and of the dead-letter topic. */
  readonly logs: { readonly rows: TopicLog; readonly letters: TopicLog };
  readonly schema: Pick<TableSchema, 'codec'>;
  readonly writer: Pick<Writer, 'commit'>;
  /** The writer's. */
  readonly transactionalId: string;
  /** The table's dead letters in the dead-letter topic now: by key, the digest of the letter. */
  readonly deadLetterHashes: Map<string, string>;
  /**
   * For a child table: finds the keys of published rows by their parents' IDs. Null: the ID of a deleted row
   * is its key.
   */
  readonly childrenOf: ((ids: readonly string[]) => Promise<readonly string[]>) | null;
  readonly lookup: TopicLookup;
  readonly rowLog: RowLog;
}

export class Delivery implements TableSink {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get rowLog(): RowLog {
    return this.#options.rowLog;
  }

  encode(change: Change): { records: OutgoingRecord[] } | { reason: string } {
    const { topic, maxRecordBytes, schema } = this.#options;
    const { codec } = schema;
    const key = codec.encodeKey(change.key);
    const value = change.op === 'delete' ? null : codec.valueOf(change);
    const bytes = key.length + (value?.length ?? 0) + BATCH_OVERHEAD_BYTES;
    if (bytes > maxRecordBytes) {
      return {
        reason: `the row takes ${bytes} bytes, topic ${topic} takes ${maxRecordBytes} (max.message.bytes)`,
      };
    }
    return {
      records: [
        { topic, key, value, headers: this.#headers(change) },
        ...this.removeDeadLetters([change.key]),
      ],
    };
  }

  toDeadLetter(letter: DeadLetter): OutgoingRecord | null {
    const { table, deadLetters, deadLetterHashes } = this.#options;
    const { key, reason, raw, fetchedAt } = letter;
    const hash = digestOf({ reason, raw });
    if (deadLetterHashes.get(key) === hash) return null;
    deadLetterHashes.set(key, hash);
    const about = { table, key, reason, fetchedAt: new Date(fetchedAt).toISOString() };
    let value = Buffer.from(canonicalJson({ ...about, raw }));
    if (value.length + BATCH_OVERHEAD_BYTES > deadLetters.maxRecordBytes) {
      value = Buffer.from(JSON.stringify({ ...about, rawBytes: value.length, raw: null }));
    }
    return { topic: deadLetters.topic, key: this.#letterKey(key), value, headers: { hash } };
  }

  /** The dead letter of a row is deleted once the row can be published or is deleted. */
  removeDeadLetters(keys: Iterable<string>): OutgoingRecord[] {
    const { deadLetterHashes, deadLetters } = this.#options;
    const freed = [...keys].filter((key) => deadLetterHashes.delete(key));
    return freed.map((key) => ({ topic: deadLetters.topic, key: this.#letterKey(key), value: null }));
  }

  deadLetterKeys(): Iterable<string> {
    return this.#options.deadLetterHashes.keys();
  }

  async keysOf(ids: readonly string[]): Promise<readonly string[]> {
    return this.#options.childrenOf === null ? ids : this.#options.childrenOf(ids);
  }

  standing(keys: readonly string[]): Promise<KnownVersions> {
    return this.#options.lookup.find(keys);
  }

  commit(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    const { connection, table, topic, transactionalId } = this.#options;
    const plan = commitSpan({ connection, table, topic, transactionalId, records: records.length });
    return inSpan(plan, (span) => this.#commit(traced(records, span), state));
  }

  async #commit(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    const { writer, stateTopic, connection, table, logs } = this.#options;
    const { rows, letters } = logs;
    // A commit's offsets are not known before it is written; its number of records is.
    const marked = {
      ...state,
      topic: rows.markBehind(records),
      deadLetterTopic: letters.markBehind(records),
    };
    const reached = await writer.commit([...records, stateRecord(stateTopic, connection, table, marked)]);
    rows.reached(reached);
    letters.reached(reached);
  }

  #letterKey(key: string): Buffer {
    return Buffer.from(`${this.#options.table}/${key}`);
  }

  #headers(change: Change): Record<string, string> {
    const { connection, table } = this.#options;
    const headers: Record<string, string> = {
      op: change.op,
      connection,
      table,
      fetched_at: String(change.fetchedAt),
    };
    if (change.op === 'delete') return headers;
    if (change.updatedAt !== null) headers.updated_at = String(change.updatedAt);
    headers.hash = change.hash;
    return headers;
  }
}

/** The records with the span that commits them as a header; as they are while nothing is traced. */
function traced(records: readonly OutgoingRecord[], { traceparent }: OpenSpan): readonly OutgoingRecord[] {
  if (traceparent === null) return records;
  return records.map((record) => ({ ...record, headers: { ...record.headers, traceparent } }));
}
