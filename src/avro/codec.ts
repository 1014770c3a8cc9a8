/** From a row to the bytes of a record and back: schemas derived, registered and compiled once per table. */

import { messageOf, PublisherError } from '../model/errors.js';
import { digestOf } from '../model/json.js';
import { elementOf, isNoRow, type RawRow, type ShapedRow, type Upsert } from '../model/row.js';
import type { KeyName } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { toEpochMillis } from '../model/time.js';
import { CUSTOM_ATTRIBUTES, type CustomColumn, compileColumns, withColumns } from './custom-attributes.js';
import { Encoder, framed } from './encoder.js';
import { flatSchema } from './flat.js';
import { contentHash, recordHash } from './hash.js';
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

/** The schema of a table's keys: a record, which every registry client and sink accepts. */
export function keySchemaText(table: TableName, key: KeyName): string {
  const { name, namespace } = tableSchema(table);
  return JSON.stringify({
    type: 'record',
    name: `${name}Key`,
    namespace,
    fields: [{ name: key, type: 'string' }],
  });
}

/** What became of a row, with its value in the published form; fields that are null may be left out. */
export type ShapedValue = Extract<ShapedRow, { ok: true }> & {
  readonly value: Readonly<Record<string, unknown>>;
};

export type RowShaper = (raw: RawRow, fetchedAt: number) => ShapedValue | Extract<ShapedRow, { ok: false }>;

/**
 * The function that turns a table's rows into their published form, encoded. It never throws for parsed JSON.
 */
export function rowShaper(
  table: TableName,
  key: KeyName,
  form: ValueForm,
  { rules, columns } = UNADAPTED,
): RowShaper {
  const { schema, redact } = compileRules(tableSchema(table), rules);
  const content = form === 'flat' ? flatSchema(schema) : schema;
  const flatFields = [...content.fields.map(({ name }) => name), ...columns.map(({ field }) => field)];
  const shape = compileShape(schema, form === 'flat' ? flatFields : undefined);
  const fillColumns = compileColumns(columns);
  const encoder = new Encoder([content, withColumns({ ...content, fields: [] }, columns)]);
  return (raw, fetchedAt) => {
    if (isNoRow(raw)) {
      const element = elementOf(raw);
      const reason = 'the row is not an object';
      // Rules on fields leave nothing of a text or list that has none.
      const seen = redact(element as RawRow);
      return { ok: false, letter: { key: digestOf(element), reason, raw: seen, fetchedAt } };
    }
    const redacted = redact(raw);
    const row = key === '_sdc_record_hash' ? { ...redacted, [key]: recordHash(raw) } : redacted;
    const shaped = shape(row);
    if (shaped.key === null) {
      return { ok: false, letter: { key: digestOf(raw), reason: shaped.reason, raw: redacted, fetchedAt } };
    }
    const { key: id, value } = shaped;
    const misfits = fillColumns(redacted, value).map((name) => `${CUSTOM_ATTRIBUTES}.${name}`);
    const encoded = encodedOr(encoder, value);
    if (typeof encoded === 'string') {
      return { ok: false, letter: { key: id, reason: encoded, raw: redacted, fetchedAt } };
    }
    const { bytes, first } = encoded;
    const hash = contentHash(first);
    const updatedAt = toEpochMillis(raw.updated_at);
    return {
      ok: true,
      row: { op: 'upsert', key: id, bytes, hash, updatedAt, fetchedAt },
      value,
      raw: redacted,
      redacted: () => redacted,
      leftovers: misfits.length === 0 ? shaped.leftovers : [...shaped.leftovers, ...misfits],
    };
  };
}

/** The encoded value, or why it can't be encoded. */
function encodedOr(encoder: Encoder, value: Readonly<Record<string, unknown>>) {
  try {
    return encoder.encode(value);
  } catch (error) {
    return `the row can't be encoded: ${messageOf(error)}`;
  }
}

interface SchemaIds {
  readonly key: number;
  readonly value: number;
}

/** Encodes keys, puts the registry's ids in front of what was encoded, and decodes keys: of one topic. */
export class TopicCodec {
  readonly #keyName: KeyName;
  readonly #key: Encoder;
  /** Or why the registry has no IDs for the schemas. */
  readonly #ids: SchemaIds | PublisherError;

  private constructor(keyName: KeyName, keyText: string, ids: SchemaIds | PublisherError) {
    this.#keyName = keyName;
    this.#key = new Encoder([JSON.parse(keyText)]);
    this.#ids = ids;
  }

  /** Registers the schemas of the topic's keys and values. Throws what `Registry.ensure` throws. */
  static async open(
    registry: Registry,
    at: { topic: string; table: TableName; key: KeyName; form: ValueForm; adaptation: Adaptation },
  ): Promise<TopicCodec> {
    const keyText = keySchemaText(at.table, at.key);
    const key = await registry.ensure(`${at.topic}-key`, keyText);
    const valueText = publishedText(valueSchema(at.table, at.form, at.adaptation));
    const value = await registry.ensure(`${at.topic}-value`, valueText);
    return new TopicCodec(at.key, keyText, { key, value });
  }

  /** A codec that decodes keys only. It throws `reason` when it has to encode. */
  static unregistered(
    { table, key }: { table: TableName; key: KeyName },
    reason: PublisherError,
  ): TopicCodec {
    return new TopicCodec(key, keySchemaText(table, key), reason);
  }

  get isRegistered(): boolean {
    return !(this.#ids instanceof PublisherError);
  }

  encodeKey(key: string): Buffer {
    return framed(this.#key.encode({ [this.#keyName]: key }).bytes, this.#registered().key);
  }

  /**
   * The value of a record, of a row that was shaped with the schema of this codec: its own bytes, with the
   * schema's id in front.
   */
  valueOf({ bytes }: Upsert): Buffer {
    return framed(bytes, this.#registered().value);
  }

  #registered(): SchemaIds {
    if (this.#ids instanceof PublisherError) throw this.#ids;
    return this.#ids;
  }

  /**
   * The key's text, whichever id its schema had when it was written; null for what is no key of this topic.
   */
  decodeKey(bytes: Buffer): string | null {
    try {
      return bytes[0] === 0 ? String(this.#key.decode(bytes)[this.#keyName]) : null;
    } catch {
      return null;
    }
  }
}
