/** The contents of `starting_after`: the place where a search continues, and its query. */

import { createHash } from 'node:crypto';
import { invalid } from './errors.js';

/** A row's place in the order of a search. */
export interface SortedPlace {
  /** The value of the sort field. */
  readonly key: string | number;
  /** Decides between equal values. */
  readonly index: number;
}

interface CursorOf<Kind, At> {
  readonly kind: Kind;
  /** The query that it belongs to: it is not valid for another one. */
  readonly of: string;
  readonly at: At;
  readonly page: number;
}

/** Continues after the last row of the previous page (keyset), or after a number of rows (position). */
export type Cursor = CursorOf<'keyset', SortedPlace> | CursorOf<'position', number>;

export function signatureOf(query: unknown): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('hex').slice(0, 16);
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64');
}

/** Throws the API's error for a cursor that was not made for the query. */
export function decodeCursor(text: string, signature: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Cursor;
    if (cursor.of === signature) return cursor;
  } catch {
    // Falls through to the error below.
  }
  throw invalid('starting_after does not belong to this query');
}
