/** The work of the shaping thread on each page: parses the reply and shapes its rows. */

import { type RowShaper, rowShaper, type ValueForm } from '../../avro/codec.js';
import { type CustomColumn, compileUnknown } from '../../avro/custom-attributes.js';
import type { FieldRules } from '../../avro/rules.js';
import { parseJson } from '../../intercom/parse.js';
import { rowsIn } from '../../intercom/reply.js';
import { isCutShort } from '../../intercom/sublists.js';
import { elementOf, type RawRow } from '../../model/row.js';
import type { KeyName } from '../../model/table.js';
import type { TableName } from '../../model/table-names.js';

/** How the rows of a table are shaped: plain data, which can go to another thread. */
export interface ShapingPlan {
  readonly table: TableName;
  readonly key: KeyName;
  readonly form: ValueForm;
  readonly rules: FieldRules;
  readonly columns: readonly CustomColumn[];
  /** Whether custom attributes without a column may get one. */
  readonly growsColumns: boolean;
}

/** One shaped row without its bytes. */
export interface ShapedCells {
  readonly key: string;
  /** `updated_at` as the API sent it, and in epoch milliseconds. */
  readonly time: unknown;
  readonly updatedAt: number | null;
  /** A contact's `merge_history` as the API sent it, if there is any. */
  readonly mergeHistory?: unknown;
  readonly hash: string;
  readonly leftovers: readonly string[];
  /** The offset behind the row in the page's bytes. The row begins at the end of the previous one. */
  readonly end: number;
}

/** A reply with its rows shaped, in a form that is cheap to transfer to another thread. */
export interface ShapedPage {
  /** The reply without its rows. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** The rows in their order. Rows that only the main thread can shape are unchanged. */
  readonly rows: readonly ({ readonly cells: ShapedCells } | { readonly raw: unknown })[];
  /** The encoded rows, one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class PageShaper {
  readonly #shape: RowShaper;
  readonly #unknown: (raw: RawRow) => string[];

  constructor({ table, key, form, rules, columns, growsColumns }: ShapingPlan) {
    this.#shape = rowShaper(table, key, form, { rules, columns });
    this.#unknown = growsColumns ? compileUnknown(columns) : () => [];
  }

  /**
   * Shapes the rows under the key `list`; null for an invalid reply. `columnless` names the custom attributes
   * that are known to have no column. Throws for a body that is not JSON.
   */
  shape(body: Buffer, list: string, columnless: ReadonlySet<string>): ShapedPage | null {
    const json = parseJson(body.toString('utf8')) as Record<string, unknown> | null;
    if (!Array.isArray(json?.[list]) || json.type === 'error.list') return null;
    const { [list]: _, ...rest } = json;
    const encoded: Buffer[] = [];
    let end = 0;
    const rows = rowsIn({ json }, [list]).map((raw) => {
      // The main thread reads incomplete lists to their end first.
      const shaped = isCutShort(raw) ? null : this.#shape(raw, 0);
      if (!shaped?.ok || this.#mayGetColumns(shaped.raw, columnless)) return { raw: elementOf(raw) };
      const { row, leftovers } = shaped;
      const { key, hash, updatedAt, bytes } = row;
      encoded.push(bytes);
      end += bytes.length;
      const cells = { key, time: raw.updated_at, updatedAt, hash, leftovers, end };
      const { merge_history: mergeHistory } = raw;
      const isMerged = Array.isArray(mergeHistory) && mergeHistory.length > 0;
      return { cells: isMerged ? { ...cells, mergeHistory } : cells };
    });
    return { rest, rows, bytes: joined(encoded, end) };
  }

  #mayGetColumns(redacted: RawRow, columnless: ReadonlySet<string>): boolean {
    return this.#unknown(redacted).some((name) => !columnless.has(name));
  }
}

/** Copies the bytes into their own memory, which can be transferred. */
function joined(pieces: readonly Buffer[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
