/** What moves through the pipe: rows as the API sends them, and what is committed to Kafka. */

import { canonicalJson } from './json.js';

/** One row as the API sent it: parsed JSON, never trusted to have any shape. */
export type RawRow = Readonly<Record<string, unknown>>;

const ELEMENT = Symbol('an element of a list of rows that is no row');

type MaybeElement = RawRow & { readonly [ELEMENT]?: { readonly element: unknown } };

/**
 * An element of a list of rows as a row. An element that is no object (null, a text, a list) becomes a row
 * without fields that remembers it.
 */
export function rowOf(element: unknown): RawRow {
  if (typeof element === 'object' && element !== null && !Array.isArray(element)) return element as RawRow;
  const row: MaybeElement = { [ELEMENT]: { element } };
  return row;
}

/** Whether a row stands for an element that is no row. */
export function isNoRow(row: RawRow): boolean {
  return ELEMENT in row;
}

/** The element that a row was made of by `rowOf`. */
export function elementOf(row: RawRow): unknown {
  const stray = (row as MaybeElement)[ELEMENT];
  return stray === undefined ? row : stray.element;
}

/** One version of a row in its published form. */
export interface Upsert {
  readonly op: 'upsert';
  readonly key: string;
  /** The value in Avro, after space for the header that the topic's codec fills in. */
  readonly bytes: Buffer;
  /** Hash of the value's content (lower-case hex). */
  readonly hash: string;
  /** Epoch milliseconds, or null for rows without a time. */
  readonly updatedAt: number | null;
  /** Epoch milliseconds at which the API's reply arrived. */
  readonly fetchedAt: number;
}

/** The source no longer has the row. */
export interface Tombstone {
  readonly op: 'delete';
  readonly key: string;
  readonly fetchedAt: number;
}

export type Change = Upsert | Tombstone;

/** A row that can't be published, kept as it came. */
export interface DeadLetter {
  /** The row's key, or a hash of the row when it has none. */
  readonly key: string;
  readonly reason: string;
  /** Parsed JSON: an element of a list of rows need not be an object. */
  readonly raw: unknown;
  readonly fetchedAt: number;
}

/** A row as its schema sees it. */
export type ShapedRow =
  | {
      readonly ok: true;
      readonly row: Upsert;
      readonly leftovers: readonly string[];
      /** The row as `TableSource.prepare` expects it. */
      readonly raw: RawRow;
      /** The row as it came, without what the field rules leave out. */
      redacted(): RawRow;
    }
  | { readonly ok: false; readonly letter: DeadLetter };

/** A record on its way to Kafka. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly key: Buffer;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** The partition, in place of the one that its key belongs to. */
  readonly partition?: number;
}

/** A row's ID as text, whatever type it has. */
export function idOf({ id }: RawRow): string {
  // Some objects can't be converted: `{"toString": 0}` throws, and so does a number beyond 2^53 in
  // `JSON.stringify`.
  return typeof id === 'object' ? canonicalJson(id) : String(id);
}

/** An object of a reply. */
export type RawObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
