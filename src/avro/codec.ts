/** From a row to the bytes of a record and back: schemas derived, registered and compiled once per table. */

import { createHash } from 'node:crypto';
import avsc from 'avsc';
import type { RawRow, ShapedRow } from '../model/row.js';
import type { KeyName } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { toEpochMillis } from '../model/time.js';
import { CUSTOM_ATTRIBUTES, type CustomColumn, compileColumns, withColumns } from './custom-attributes.js';
import { flatSchema } from './flat.js';
import { compileContentHash, recordHash } from './hash.js';
import { canonicalJson } from './json.js';
import { publishedText } from './published.js';
import type { Registry } from './registry.js';
import { compileRules, type FieldRules, NO_RULES } from './rules.js';
import { type RecordSchema, tableSchema } from './schema.js';
import { compileShape } from './shape.js';

/** `flat` sinks anywhere; `nested` keeps records and arrays of records. */
export type ValueForm = 'flat' | 'nested';

/** What a connection changes in a table's schema. */
export interface Adaptation {
  readonly rules: FieldRules;
  /** Typed columns for custom attributes. */
  readonly columns: readonly CustomColumn[];
}

export const UNADAPTED: Adaptation = { rules: NO_RULES, columns: [] };

/** The schema that is published for a table in the given form. */
export function valueSchema(table: TableName, form: ValueForm, { rules, columns } = UNADAPTED): RecordSchema {
  const { schema } = compileRules(tableSchema(table), rules);
  return withColumns(form === 'flat' ? flatSchema(schema) : schema, columns);
}

/** The schema of a table's keys: a record, which every registry client and sink can take. */
export function keySchemaText(table: TableName, key: KeyName): string {
  const { name, namespace } = tableSchema(table);
  return JSON.stringify({
    type: 'record',
    name: `${name}Key`,
    namespace,
    fields: [{ name: key, type: 'string' }],
  });
}

/** The function that turns a table's rows into their published form. It never throws for parsed JSON. */
export function rowShaper(
  table: TableName,
  key: KeyName,
  form: ValueForm,
  { rules, columns } = UNADAPTED,
): (raw: RawRow, fetchedAt: number) => ShapedRow {
  const { schema, redact } = compileRules(tableSchema(table), rules);
  const names = (form === 'flat' ? flatSchema(schema) : schema).fields.map(({ name }) => name);
  const flatFields = [...names, ...columns.map(({ field }) => field)];
  const shape = compileShape(schema, form === 'flat' ? flatFields : undefined);
  // Columns repeat what the JSON holds: that one is new does not make a row another one.
  const contentHash = compileContentHash(names);
  const fillColumns = compileColumns(columns);
  return (raw, fetchedAt) => {
    const redacted = redact(raw);
    const row = key === '_sdc_record_hash' ? { ...redacted, [key]: recordHash(raw) } : redacted;
    const shaped = shape(row);
    if (shaped.key === null) {
      return { ok: false, letter: { key: rowId(raw), reason: shaped.reason, raw: redacted, fetchedAt } };
    }
    const { value } = shaped;
    const updatedAt = toEpochMillis(raw.updated_at);
    const hash = contentHash(value);
    const misfits = fillColumns(redacted, value).map((name) => `${CUSTOM_ATTRIBUTES}.${name}`);
    return {
      ok: true,
      row: { op: 'upsert', key: shaped.key, value, hash, updatedAt, fetchedAt },
      raw: redacted,
      leftovers: misfits.length === 0 ? shaped.leftovers : [...shaped.leftovers, ...misfits],
    };
  };
}

/** Names a row that has no key by its content. */
function rowId(raw: RawRow): string {
  return createHash('sha256').update(canonicalJson(raw)).digest('hex').slice(0, 32);
}

/** Encodes and decodes the keys and values of one topic. */
export class TopicCodec {
  readonly #keyName: KeyName;
  readonly #key: Encoder;
  readonly #value: Encoder;

  private constructor(keyName: KeyName, key: Encoder, value: Encoder) {
    this.#keyName = keyName;
    this.#key = key;
    this.#value = value;
  }

  /** Registers the schemas of the topic's keys and values. Throws what `Registry.register` throws. */
  static async open(
    registry: Registry,
    at: { topic: string; table: TableName; key: KeyName; form: ValueForm; adaptation: Adaptation },
  ): Promise<TopicCodec> {
    const keyText = keySchemaText(at.table, at.key);
    const valueText = publishedText(valueSchema(at.table, at.form, at.adaptation));
    const keyId = await registry.register(`${at.topic}-key`, keyText);
    const valueId = await registry.register(`${at.topic}-value`, valueText);
    return new TopicCodec(at.key, new Encoder(keyId, keyText), new Encoder(valueId, valueText));
  }

  encodeKey(key: string): Buffer {
    return this.#key.encode({ [this.#keyName]: key });
  }

  /** Throws when the value does not fit the schema. */
  encodeValue(value: Readonly<Record<string, unknown>>): Buffer {
    return this.#value.encode(value);
  }

  /** The key's text, whichever id its schema had when it was written; null for what is no key of this topic. */
  decodeKey(bytes: Buffer): string | null {
    try {
      return bytes[0] === 0 ? String(this.#key.decode(bytes)[this.#keyName]) : null;
    } catch {
      return null;
    }
  }
}

const HEADER_BYTES = 5;
/** Records are written one behind the other into pieces of memory, each twice as large as the one before, up to this size. */
const LARGEST_CHUNK = 64 * 1024;
const FIRST_CHUNK = 1024;

/** The Confluent wire format: a zero, the schema's id in four bytes, the Avro body. */
class Encoder {
  readonly #type: avsc.Type;
  readonly #id: number;
  #chunk = Buffer.alloc(0);
  #used = 0;

  constructor(id: number, schema: string) {
    this.#type = avsc.Type.forSchema(JSON.parse(schema));
    this.#id = id;
  }

  encode(value: Readonly<Record<string, unknown>>): Buffer {
    const end = this.#write(value);
    if (end < 0) {
      // It did not fit: avsc then says by how much. What is larger than a piece gets one of its own.
      const bytes = HEADER_BYTES - end + this.#chunk.length - this.#used;
      const next = Math.min(LARGEST_CHUNK, Math.max(FIRST_CHUNK, 2 * this.#chunk.length));
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(next, bytes));
      this.#used = 0;
      return this.encode(value);
    }
    const record = this.#chunk.subarray(this.#used, end);
    this.#used = end;
    return record;
  }

  /** The offset behind what was written; a negative number when there is not enough room. */
  #write(value: Readonly<Record<string, unknown>>): number {
    const start = this.#used + HEADER_BYTES;
    if (start > this.#chunk.length) return -1;
    this.#chunk[this.#used] = 0;
    this.#chunk.writeUInt32BE(this.#id, this.#used + 1);
    return this.#type.encode(value, this.#chunk, start);
  }

  decode(bytes: Buffer): Record<string, unknown> {
    return this.#type.fromBuffer(bytes.subarray(HEADER_BYTES)) as Record<string, unknown>;
  }
}
