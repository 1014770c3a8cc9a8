/** Elements of a list of rows that are no rows, in the replies of every table. */

import { describe, expect, it } from 'vitest';
import { rowShaper } from '../../../src/avro/codec.js';
import { NO_RULES } from '../../../src/avro/rules.js';
import { tableSchema } from '../../../src/avro/schema.js';
import { IntercomApi } from '../../../src/intercom/api.js';
import { isCutShort } from '../../../src/intercom/sublists.js';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import { digestOf } from '../../../src/model/json.js';
import type { RawRow } from '../../../src/model/row.js';
import { PageShaper } from '../../../src/publisher/shaping/page.js';
import { readyReply } from '../../../src/publisher/shaping/ready-rows.js';
import { ALL_TABLES } from '../../../src/tables/all.js';

const NOW = 1_700_000_000;
const ELEMENTS = [null, 'a text', 7, 12345678901234567890n, true, ['a list'], [{ id: '2' }]];

const mixed = (row: RawRow): unknown[] => [...ELEMENTS, row, ...ELEMENTS];

/** Answers every request with a list that holds one row among what is none. */
class Workspace implements Requester {
  readonly asked: string[] = [];

  async request({ method, path, lists = [] }: ApiRequest) {
    this.asked.push(`${method} ${path.split('?')[0]}`);
    const at = { receivedAt: NOW * 1000, serverNow: NOW + 10 };
    const row = { id: '1', name: 'n', created_at: NOW, updated_at: NOW };
    const [list] = lists;
    if (list === undefined)
      return { json: { ...row, conversation_parts: { conversation_parts: mixed(row) } }, ...at };
    if (path.includes('scroll_param')) return { json: { [list]: [] }, ...at };
    return { json: { [list]: mixed(row), scroll_param: 'next' }, ...at };
  }
}

describe.each(ALL_TABLES)('$name', (table) => {
  it('sends them to the dead letters, and publishes the row among them', async () => {
    const workspace = new Workspace();
    const api = new IntercomApi(workspace, new AbortController().signal);
    const shape = rowShaper(table.name, table.key, 'flat');
    const rows: RawRow[] = [];
    const isParts = table.name === 'conversation_parts';
    for await (const page of table.pull(api, { from: 0, to: null })) rows.push(...page.rows);
    const shaped = rows.map((row) => shape(row, 5));
    expect(shaped.filter(({ ok }) => ok)).toHaveLength(1);
    expect(shaped.flatMap((each) => (each.ok ? [] : [each.letter]))).toEqual(
      [...ELEMENTS, ...ELEMENTS].map((raw) => ({
        key: digestOf(raw),
        reason: 'the row is not an object',
        raw,
        fetchedAt: 5,
      })),
    );
    // Elements among the conversations are not asked for by their IDs.
    const details = workspace.asked.filter((each) => each.startsWith('GET /conversations/'));
    if (isParts) expect(details).toEqual(['GET /conversations/1']);
  });

  it('leaves nothing of them where fields are excluded', () => {
    const shape = rowShaper(table.name, table.key, 'flat', {
      rules: { ...NO_RULES, exclude: [tableSchema(table.name).fields[1]?.name ?? ''] },
      columns: [],
    });
    const api = new IntercomApi(new Workspace(), new AbortController().signal);
    return expect(
      (async () => {
        const raws: unknown[] = [];
        for await (const page of table.pull(api, { from: 0, to: null }))
          for (const row of page.rows) {
            const shaped = shape(row, 5);
            if (!shaped.ok) raws.push(shaped.letter.raw);
          }
        return raws.filter((raw) => raw !== null && raw !== undefined);
      })(),
    ).resolves.toEqual([]);
  });
});

it('are kept by the shaping thread, which hands its page over as a copy', () => {
  const table = 'contacts';
  const plan = { table, key: 'id', form: 'flat', rules: NO_RULES, columns: [], growsColumns: false } as const;
  const elements = [null, 'a text', 7, ['a list']];
  const body = Buffer.from(JSON.stringify({ data: [...elements, { id: '1', updated_at: NOW }] }));
  const page = new PageShaper(plan).shape(body, 'data', new Set());
  if (page === null) return expect.fail('the page was not shaped');
  const { data } = readyReply(structuredClone(page), body, 'data', plan) as { data: RawRow[] };
  expect(data.some(isCutShort)).toBe(false);
  const shape = rowShaper(table, 'id', 'flat');
  const letters = data.slice(0, elements.length).map((row) => shape(row, 5));
  expect(letters.map((each) => (each.ok ? null : each.letter.raw))).toEqual(elements);
});
