/** What the main thread makes of a page that was shaped in the other one. */

import { compileRules } from '../../avro/rules.js';
import { tableSchema } from '../../avro/schema.js';
import { jsonText } from '../../intercom/json-text.js';
import { parseJson } from '../../intercom/parse.js';
import { rowsIn } from '../../intercom/reply.js';
import { type RawRow, readyRow } from '../../model/row.js';
import type { ShapedPage, ShapingPlan } from './page.js';

/** The reply that the page was, with its rows shaped by this plan. */
export function readyReply(
  page: ShapedPage,
  body: Buffer,
  list: string,
  plan: ShapingPlan,
): Record<string, unknown> {
  const whole = wholeRows(body, list);
  // Only a row that its topic does not take is asked for: no page has to compile the rules for it.
  const redact = (row: RawRow) => compileRules(tableSchema(plan.table), plan.rules).redact(row);
  let start = 0;
  const rows = page.rows.map((row, index): RawRow => {
    if ('raw' in row) return row.raw;
    const { key, time, updatedAt, hash, leftovers, end } = row.cells;
    const bytes = Buffer.from(page.bytes.buffer, start, end - start);
    start = end;
    const original = () => whole(index);
    return readyRow(
      { id: key, updated_at: time },
      {
        by: plan,
        row: { key, bytes, hash, updatedAt },
        leftovers,
        original,
        redacted: () => redact(original()),
      },
    );
  });
  return { ...page.rest, [list]: rows };
}

/** Reads the reply again when somebody needs a row of it, and once. */
function wholeRows(body: Buffer, list: string): (index: number) => RawRow {
  let rows: readonly RawRow[] | null = null;
  return (index) => {
    rows ??= rowsIn({ json: parseJson(jsonText(body)) as Record<string, unknown> }, [list]);
    return rows[index] as RawRow;
  };
}
