/** Rows for the main thread of a page that the shaping thread has shaped. */

import { compileRules } from '../../avro/rules.js';
import { tableSchema } from '../../avro/schema.js';
import { parseJson } from '../../intercom/parse.js';
import { rowsIn } from '../../intercom/reply.js';
import { type RawRow, rowOf, type Upsert } from '../../model/row.js';
import type { ShapedCells, ShapedPage, ShapingPlan } from './page.js';

/** The result for a row that the shaping thread has shaped. */
export interface Ready {
  /** The plan that the row was shaped with. Only compared by identity. */
  readonly by: unknown;
  readonly row: Omit<Upsert, 'op' | 'fetchedAt'>;
  readonly leftovers: readonly string[];
  /** The row as the API sent it. */
  original(): RawRow;
  /** The same, without what the field rules leave out. */
  redacted(): RawRow;
}

const READY = Symbol('shaped where its reply was parsed');

type MaybeReady = RawRow & { readonly [READY]?: Ready };

/** The shaped row, or undefined when the row is not shaped yet. */
export function readyOf(row: RawRow): Ready | undefined {
  return (row as MaybeReady)[READY];
}

/** Stands for a shaped row. It has only the fields that readings need, as the API sent them. */
function readyRow(fields: RawRow, ready: Ready): RawRow {
  const row: MaybeReady = { ...fields, [READY]: ready };
  return row;
}

/** The page's reply, with its rows shaped by this plan. */
export function readyReply(
  page: ShapedPage,
  body: Buffer,
  list: string,
  plan: ShapingPlan,
): Record<string, unknown> {
  const whole = new WholePage(body, list, plan);
  let start = 0;
  const rows = page.rows.map((row, index): RawRow => {
    if ('raw' in row) return rowOf(row.raw);
    const { key, time, mergeHistory, end } = row.cells;
    const fields = { id: key, updated_at: time };
    const bytes = Buffer.from(page.bytes.buffer, start, end - start);
    start = end;
    const ready = new ReadyCells(whole, index, row.cells, bytes);
    return readyRow(mergeHistory === undefined ? fields : { ...fields, merge_history: mergeHistory }, ready);
  });
  return { ...page.rest, [list]: rows };
}

/** One shaped row. Many of them wait for their commit, so each holds only its own data. */
class ReadyCells implements Ready {
  readonly row: Ready['row'];
  readonly leftovers: readonly string[];
  readonly #page: WholePage;
  readonly #index: number;

  constructor(
    page: WholePage,
    index: number,
    { key, hash, updatedAt, leftovers }: ShapedCells,
    bytes: Buffer,
  ) {
    this.#page = page;
    this.#index = index;
    this.row = { key, bytes, hash, updatedAt };
    this.leftovers = leftovers;
  }

  get by(): ShapingPlan {
    return this.#page.plan;
  }

  original(): RawRow {
    return this.#page.row(this.#index);
  }

  redacted(): RawRow {
    const { table, rules } = this.#page.plan;
    // Only a row that its topic does not accept is requested: no page has to compile the rules for it.
    return compileRules(tableSchema(table), rules).redact(this.original());
  }
}

/** Parses the reply again when one of its rows is needed, at most once. */
class WholePage {
  readonly plan: ShapingPlan;
  readonly #body: Buffer;
  readonly #list: string;
  #rows: readonly RawRow[] | null = null;

  constructor(body: Buffer, list: string, plan: ShapingPlan) {
    this.#body = body;
    this.#list = list;
    this.plan = plan;
  }

  row(index: number): RawRow {
    const json = () => parseJson(this.#body.toString('utf8')) as Record<string, unknown>;
    this.#rows ??= rowsIn({ json: json() }, [this.#list]);
    return this.#rows[index] as RawRow;
  }
}
