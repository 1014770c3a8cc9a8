/** What the main thread makes of a page that was shaped in the other one. */

import { compileRules } from '../../avro/rules.js';
import { tableSchema } from '../../avro/schema.js';
import { parseJson } from '../../intercom/parse.js';
import { rowsIn } from '../../intercom/reply.js';
import { type RawRow, type Ready, readyRow, rowOf } from '../../model/row.js';
import type { ShapedCells, ShapedPage, ShapingPlan } from './page.js';

/** The reply that the page was, with its rows shaped by this plan. */
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

/** One of them. There are many, and they wait for their commit: so each has only what differs. */
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
    // Only a row that its topic does not take is asked for: no page has to compile the rules for it.
    return compileRules(tableSchema(table), rules).redact(this.original());
  }
}

/** Parses the reply again when a row of it is needed, and once. */
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
