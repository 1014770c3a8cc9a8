/**
 * The schema of one table as it is published now: it grows with the custom attributes that the workspace
 * defines.
 *
 * Existing columns are read from the registry. The definitions of attributes are requested before the first
 * row is published, and again when a row has an unknown attribute. When the table of attributes is replicated
 * too, its rows also define new attributes.
 */

import { isDeepStrictEqual } from 'node:util';
import { type Adaptation, rowShaper, TopicCodec, type ValueForm, valueSchema } from '../avro/codec.js';
import {
  type AttributeDefinition,
  type CustomColumn,
  columnsIn,
  compileUnknown,
  definitionsIn,
  planColumns,
} from '../avro/custom-attributes.js';
import type { Registry } from '../avro/registry.js';
import { adaptDefinitions, type FieldRules } from '../avro/rules.js';
import type { Field, RecordSchema } from '../avro/schema.js';
import type { ReplyDecoder } from '../intercom/transport.js';
import { PublisherError } from '../model/errors.js';
import type { RawRow, ShapedRow } from '../model/row.js';
import { isIsolable } from '../model/set-aside.js';
import type { KeyName } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import type { PublishedTable } from './published-table.js';
import type { ShapingPlan } from './shaping/page.js';
import { readyOf, readyReply } from './shaping/ready-rows.js';
import type { Shaping } from './shaping/shaping.js';

export interface TableSchemaOptions {
  readonly registry: Registry;
  readonly topic: string;
  readonly table: TableName;
  readonly key: KeyName;
  readonly form: ValueForm;
  readonly rules: FieldRules;
  /** Shapes the rows of large replies in another thread. */
  readonly shaping: Pick<Shaping, 'shape'>;
  /** Requests the definitions of custom attributes. Null: attributes get no columns. */
  readonly attributes: (() => Promise<readonly RawRow[]>) | null;
  /** Called with the reason why the table is published without new columns, once for as long as it lasts. */
  readonly onWithout: (error: PublisherError) => void;
}

/**
 * Errors that mean that the app may not read the definitions. Attributes then get no columns; the JSON field
 * has all of them.
 */
const FORBIDDEN_CODES = new Set(['api-forbidden', 'api-not-found', 'api-rejected']);

/** New columns that the registry does not accept. */
interface RefusedColumns {
  readonly columns: readonly CustomColumn[];
  /** By a monotonic clock. */
  readonly retryAt: number;
}

/**
 * A row that is published without its columns gets them only when it changes, so requests are retried. After
 * so many consecutive failures rows are published without new columns; the JSON field has all attributes.
 */
const MAX_FAILED_REQUESTS = 3;
const RETRY_MS = 60_000;

export class TableSchema {
  readonly #options: TableSchemaOptions;
  #columns: readonly CustomColumn[];
  #codec: TopicCodec;
  #shape: (raw: RawRow, fetchedAt: number) => ShapedRow;
  /** The attributes of a row that have no column. */
  #unknown: (raw: RawRow) => string[];
  #plan: ShapingPlan;
  #newDefinitions: readonly AttributeDefinition[] = [];
  /** They wait: rows are published without them, and the JSON field has all attributes. */
  #refused: RefusedColumns | null = null;
  #isRequested = false;
  #failedRequests = 0;
  /** When the definitions are requested again after a failure, by a monotonic clock. */
  #retryAt = Number.POSITIVE_INFINITY;
  /** Attributes that are not defined, or that have a type without a column type. */
  readonly #columnless = new Set<string>();

  private constructor(options: TableSchemaOptions, columns: readonly CustomColumn[], codec: TopicCodec) {
    this.#options = options;
    this.#columns = columns;
    this.#codec = codec;
    this.#shape = shaperFor(options, columns);
    this.#plan = planFor(options, columns);
    this.#unknown = compileUnknown(columns);
  }

  /**
   * Registers the schema with its existing columns. When the registry rejects it, `prepare` tries again and
   * fails the table meanwhile. Throws what `Registry` throws otherwise.
   */
  static async open(options: TableSchemaOptions): Promise<TableSchema> {
    let columns: readonly CustomColumn[] = [];
    try {
      columns = await existingColumns(options);
      return new TableSchema(options, columns, await openCodec(options, columns));
    } catch (error) {
      if (!isRejected(error)) throw error;
      return new TableSchema(options, columns, TopicCodec.unregistered(options, error));
    }
  }

  get codec(): TopicCodec {
    return this.#codec;
  }

  shape(raw: RawRow, fetchedAt: number): ShapedRow {
    const ready = readyOf(raw);
    if (ready === undefined) return this.#shape(raw, fetchedAt);
    // The schema has changed since.
    if (ready.by !== this.#plan) return this.#shape(ready.original(), fetchedAt);
    const { row, leftovers } = ready;
    return {
      ok: true,
      row: { op: 'upsert', ...row, fetchedAt },
      leftovers,
      raw,
      redacted: () => ready.redacted(),
    };
  }

  /** Decodes replies whose rows under this key are of this table, and shapes them meanwhile. */
  decoder(list: string): ReplyDecoder {
    return async (body) => {
      const plan = this.#plan;
      const page = await this.#options.shaping.shape(body, list, plan, this.#columnless);
      return page === null ? null : readyReply(page, body, list, plan);
    };
  }

  /** Adds attributes from the rows of the table of attributes. They get columns with the next `prepare`. */
  addDefinitions(rows: readonly RawRow[]): void {
    if (this.#options.attributes !== null)
      this.#newDefinitions = [...this.#newDefinitions, ...definitionsIn(rows)];
  }

  /** Requests the definitions before the first row arrives. Throws what the registry and the API throw. */
  async prefetch(): Promise<void> {
    const { attributes } = this.#options;
    if (attributes === null || this.#isRequested) return;
    await this.#requestDefinitions(attributes);
    await this.prepare([]);
  }

  /**
   * Prepares the schema for rows that are about to be published. True when it changed: rows that were shaped
   * before must be shaped again. Throws what the registry and the API throw.
   */
  async prepare(rows: readonly RawRow[]): Promise<boolean> {
    const isOpened = await this.#openRejected();
    const { attributes } = this.#options;
    if (attributes === null) return isOpened;
    const isUnknown = (row: RawRow) => this.#unknown(row).some((name) => !this.#columnless.has(name));
    const isDue = !this.#isRequested || performance.now() >= this.#retryAt;
    if (rows.length > 0 && (isDue || rows.some(isUnknown))) await this.#requestDefinitions(attributes);
    const hasGrown = await this.#addColumns();
    for (const row of rows) for (const name of this.#unknown(row)) this.#columnless.add(name);
    return isOpened || hasGrown;
  }

  /** Tries again what was rejected when the table was opened. True when it is accepted now. */
  async #openRejected(): Promise<boolean> {
    if (this.#codec.isRegistered) return false;
    const columns = await existingColumns(this.#options);
    this.#use(columns, await openCodec(this.#options, columns));
    return true;
  }

  /** Adds columns for new definitions. True when there are more columns than before. */
  async #addColumns(): Promise<boolean> {
    const hasAdopted = await this.#adoptRegistered();
    const added = this.#newDefinitions;
    const columns = planColumns(this.#columns, adaptDefinitions(added, this.#options.rules));
    const isChanged = columns !== this.#columns;
    const hasGrown = isChanged && (await this.#tryColumns(columns));
    const isWaiting = isChanged && !hasGrown;
    if (!isWaiting) this.#refused = null;
    const waiting = isWaiting ? definitionsOf(columns.slice(this.#columns.length)) : [];
    // Attributes that were added while the schema was being registered wait for the next call.
    this.#newDefinitions = [...waiting, ...this.#newDefinitions.slice(added.length)];
    return hasAdopted || hasGrown;
  }

  /** Uses the columns that an operator has registered while they waited here. True when there are any. */
  async #adoptRegistered(): Promise<boolean> {
    if (this.#refused === null || performance.now() < this.#refused.retryAt) return false;
    try {
      const columns = await existingColumns(this.#options);
      const isLonger = columns.length > this.#columns.length && startsWith(columns, this.#columns);
      if (isLonger) this.#use(columns, await openCodec(this.#options, columns));
      return isLonger;
    } catch (error) {
      this.#refuse(this.#refused.columns, error);
      return false;
    }
  }

  /** Whether the registry accepts the schema with these columns. */
  async #tryColumns(columns: readonly CustomColumn[]): Promise<boolean> {
    const refused = this.#refused;
    const isWaiting = refused !== null && performance.now() < refused.retryAt;
    if (isWaiting && isDeepStrictEqual(columns, refused.columns)) return false;
    try {
      this.#use(columns, await openCodec(this.#options, columns));
      return true;
    } catch (error) {
      this.#refuse(columns, error);
      return false;
    }
  }

  /**
   * Lets columns wait that the registry does not accept. While some wait already, further ones wait too when
   * the registry does not answer. Throws other failures.
   */
  #refuse(columns: readonly CustomColumn[], error: unknown): void {
    if (!(error instanceof PublisherError) || error.origin !== 'registry') throw error;
    if (this.#refused === null && !isRejected(error)) throw error;
    if (this.#refused === null) this.#options.onWithout(error);
    this.#refused = { columns, retryAt: performance.now() + RETRY_MS };
  }

  #use(columns: readonly CustomColumn[], codec: TopicCodec): void {
    this.#codec = codec;
    this.#columns = columns;
    this.#unknown = compileUnknown(columns);
    this.#shape = shaperFor(this.#options, columns);
    this.#plan = planFor(this.#options, columns);
  }

  async #requestDefinitions(attributes: () => Promise<readonly RawRow[]>): Promise<void> {
    try {
      this.addDefinitions(await unlessForbidden(attributes));
      this.#failedRequests = 0;
      this.#retryAt = Number.POSITIVE_INFINITY;
    } catch (error) {
      this.#failedRequests += 1;
      if (!isIsolable(error) || this.#failedRequests < MAX_FAILED_REQUESTS) throw error;
      if (this.#failedRequests === MAX_FAILED_REQUESTS) this.#options.onWithout(error);
      this.#retryAt = performance.now() + RETRY_MS;
    }
    this.#isRequested = true;
  }
}

function isRejected(error: unknown): error is PublisherError {
  return error instanceof PublisherError && error.code === 'schema-rejected';
}

function definitionsOf(columns: readonly CustomColumn[]): AttributeDefinition[] {
  return columns.map(({ attribute, kind }) => ({ name: attribute, kind }));
}

function startsWith(columns: readonly CustomColumn[], first: readonly CustomColumn[]): boolean {
  return isDeepStrictEqual(columns.slice(0, first.length), first);
}

async function existingColumns({
  attributes,
  registry,
  topic,
}: TableSchemaOptions): Promise<readonly CustomColumn[]> {
  return attributes === null ? [] : await publishedColumns(registry, topic);
}

/** The definitions, or none when the app may not read them. */
export async function unlessForbidden(
  attributes: () => Promise<readonly RawRow[]>,
): Promise<readonly RawRow[]> {
  try {
    return await attributes();
  } catch (error) {
    if (error instanceof PublisherError && FORBIDDEN_CODES.has(error.code)) return [];
    throw error;
  }
}

/** The columns in the schema that was published last for a topic. */
async function publishedColumns(registry: Registry, topic: string): Promise<CustomColumn[]> {
  const text = await registry.latest(`${topic}-value`);
  if (text === null) return [];
  const { fields } = JSON.parse(text) as { fields?: readonly Field[] };
  return columnsIn(fields ?? []);
}

function openCodec(
  { registry, topic, table, key, form, rules }: TableSchemaOptions,
  columns: readonly CustomColumn[],
): Promise<TopicCodec> {
  const adaptation: Adaptation = { rules, columns };
  return TopicCodec.open(registry, { topic, table, key, form, adaptation });
}

function planFor(
  { table, key, form, rules, attributes }: TableSchemaOptions,
  columns: readonly CustomColumn[],
): ShapingPlan {
  return { table, key, form, rules, columns, growsColumns: attributes !== null };
}

function shaperFor({ table, key, form, rules }: TableSchemaOptions, columns: readonly CustomColumn[]) {
  return rowShaper(table, key, form, { rules, columns });
}

/** The columns that a table has so far. */
export async function currentColumns(
  registry: Registry,
  { connection, topic }: PublishedTable,
): Promise<readonly CustomColumn[]> {
  return connection.customAttributes === 'columns' ? await publishedColumns(registry, topic) : [];
}

/** The schema of a table's values as a connection publishes it, with the columns that it has so far. */
export async function currentSchema(registry: Registry, published: PublishedTable): Promise<RecordSchema> {
  const { table, connection, rules } = published;
  const columns = await currentColumns(registry, published);
  return valueSchema(table.name, connection.values, { rules, columns });
}
