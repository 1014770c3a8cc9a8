/** Rows that are shaped in another thread are what they would have become in this one. */

import { describe, expect, it } from 'vitest';
import { rowShaper } from '../../../src/avro/codec.js';
import type { FieldRules } from '../../../src/avro/rules.js';
import { parseJson } from '../../../src/intercom/parse.js';
import type { RawRow } from '../../../src/model/row.js';
import type { ShapingPlan } from '../../../src/publisher/shaping/page.js';
import { readyOf, readyReply } from '../../../src/publisher/shaping/ready-rows.js';
import { Shaping } from '../../../src/publisher/shaping/shaping.js';
import { shapingThread } from '../../support/shaping.js';
import { simulate } from '../../support/simulator.js';

const RULES: FieldRules = { exclude: ['name'], hash: ['email'], hashKey: 'secret' };
const CONTACTS: ShapingPlan = {
  table: 'contacts',
  key: 'id',
  form: 'flat',
  rules: RULES,
  columns: [{ field: 'custom_attributes_seats', attribute: 'seats', kind: 'long' }],
  growsColumns: false,
};
const CONVERSATIONS: ShapingPlan = {
  ...CONTACTS,
  table: 'conversations',
  form: 'nested',
  rules: { exclude: [], hash: [], hashKey: '' },
  columns: [],
};

/** A reply of a workspace as careless and hostile writers leave it. */
async function replyOf(table: 'contacts' | 'conversations', options = {}): Promise<string> {
  const { client } = await simulate({ hostile: true, seed: 7, sublistLimit: 1_000, ...options });
  const query = { field: 'updated_at', operator: '>', value: 0 };
  const { text } = await client.post(`/${table}/search`, { query, pagination: { per_page: 150 } });
  return text;
}

const HEADER_BYTES = 5;

const page = (...rows: object[]) => JSON.stringify({ type: 'list', data: rows, total_count: 9, pages: {} });

describe('the shaping thread', () => {
  it.each([
    ['contacts', 'data', CONTACTS],
    ['conversations', 'conversations', CONVERSATIONS],
  ] as const)('makes of hostile %s what this thread makes of them', async (table, list, plan) => {
    const text = await replyOf(table);
    const body = Buffer.from(text);
    const shaping = await shapingThread();
    const shaped = await shaping.shape(body, list, plan, []);
    if (shaped === null) throw new Error('the thread has not taken the page');
    const reply = readyReply(shaped, body, list, plan);
    const { [list]: sent, ...rest } = parseJson(text) as Record<string, RawRow[]>;
    expect(reply).toMatchObject(rest);
    const shape = rowShaper(plan.table, plan.key, plan.form, plan);
    const rows = reply[list] as RawRow[];
    expect(rows).toHaveLength(150);
    for (const [index, row] of rows.entries()) {
      const raw = sent?.[index] as RawRow;
      const here = shape(raw, 0);
      const ready = readyOf(row);
      if (!here.ok) expect(row).toEqual(raw);
      else {
        const { op: _, fetchedAt: __, ...expected } = here.row;
        const { bytes, ...cells } = ready?.row ?? {};
        expect({ ...cells, bytes: null }).toEqual({ ...expected, bytes: null });
        // Before a row there is room for its header, which is not filled yet.
        expect(bytes?.subarray(HEADER_BYTES)).toEqual(expected.bytes.subarray(HEADER_BYTES));
        expect(ready?.leftovers).toEqual(here.leftovers);
        expect(row.updated_at).toEqual(raw.updated_at);
        expect(ready?.original()).toEqual(raw);
        expect(ready?.redacted()).toEqual(here.raw);
      }
    }
    expect(rows.filter((row) => readyOf(row) !== undefined).length).toBeGreaterThan(100);
  });

  it('leaves rows alone that the main thread knows more of', async () => {
    const plan = { ...CONTACTS, growsColumns: true };
    const cut = { id: 'cut', tags: { type: 'list', data: [], has_more: true } };
    const columnless = { id: 'a', custom_attributes: { seats: 3, known: 1 } };
    const news = { id: 'b', custom_attributes: { news: 1 } };
    const keyless = { name: 'nobody', large: 9007199254740993n.toString() };
    const plain = { id: 'c', custom_attributes: { seats: 4 } };
    const shaping = await shapingThread();
    const body = Buffer.from(page(cut, columnless, news, keyless, plain));
    const shaped = await shaping.shape(body, 'data', plan, ['known']);
    const kinds = shaped?.rows.map((row) => ('raw' in row ? row.raw : row.cells.key));
    expect(kinds).toEqual([cut, 'a', news, keyless, 'c']);
    const rows = readyReply(shaped as NonNullable<typeof shaped>, body, 'data', plan).data as RawRow[];
    expect(rows.map((row) => row.id)).toEqual(['cut', 'a', 'b', undefined, 'c']);
    expect(readyOf(rows[4] as RawRow)?.row).toMatchObject({ key: 'c' });
  });

  it.each([
    ['an empty body', ''],
    ['half a reply', '{"type":"list","data":[{"id":"1"}'],
    ['a list', '[{"id":"1"}]'],
    ['null', 'null'],
    ['an error in a good reply', '{"type":"error.list","data":[],"errors":[{"code":"server_error"}]}'],
    ['a reply without the list', '{"type":"list","pages":{}}'],
  ])('leaves %s to who knows what was asked', async (_, text) => {
    const shaping = await shapingThread();
    expect(await shaping.shape(Buffer.from(text), 'data', CONTACTS, [])).toBeNull();
    expect(await shaping.shape(Buffer.from(page({ id: '1' })), 'data', CONTACTS, [])).not.toBeNull();
  });

  it('leaves pages to the main thread while it is behind', async () => {
    const shaping = await shapingThread();
    const body = Buffer.from(page({ id: '1' }));
    const pages = await Promise.all(
      Array.from({ length: 6 }, () => shaping.shape(body, 'data', CONTACTS, [])),
    );
    expect(pages.map((each) => each !== null)).toEqual([true, true, true, true, false, false]);
    expect(await shaping.shape(body, 'data', CONTACTS, [])).not.toBeNull();
  });

  it('ends when no page comes, and comes back with the next', async () => {
    const shaping = await shapingThread({ lingerMs: 150 });
    const body = Buffer.from(page({ id: '1' }));
    // Each page keeps it up for a while.
    for (let ms = 100; (await shaping.shape(body, 'data', CONTACTS, [])) !== null; ms *= 2)
      await new Promise((resolve) => setTimeout(resolve, ms));
    await shaping.start();
    expect(await shaping.shape(body, 'data', CONTACTS, [])).not.toBeNull();
  });

  it.each([
    ['breaks', 'data:text/javascript,throw new Error("no memory")', 'no memory'],
    ['can not begin', 'http://127.0.0.1/thread.js', 'URL'],
  ])('is done without where it %s, which is told once', async (_, address, why) => {
    const told: string[] = [];
    const script = new URL(address);
    const shaping = await shapingThread({ script, onBroken: (message) => told.push(message) });
    const body = Buffer.from(page({ id: '1' }));
    expect(await shaping.shape(body, 'data', CONTACTS, [])).toBeNull();
    await shaping.start();
    expect(await shaping.shape(body, 'data', CONTACTS, [])).toBeNull();
    expect(told).toEqual([expect.stringContaining(why)]);
  });

  it('gives back what it has when it ends by itself', async () => {
    const told: string[] = [];
    const script = new URL(
      'data:text/javascript,import{parentPort}from"node:worker_threads";parentPort.on("message",()=>process.exit())',
    );
    const shaping = await shapingThread({ script, onBroken: (why) => told.push(why) });
    const body = Buffer.from(page({ id: '1' }));
    const [first, second] = [
      shaping.shape(body, 'data', CONTACTS, []),
      shaping.shape(body, 'data', CONTACTS, []),
    ];
    expect(await Promise.all([first, second])).toEqual([null, null]);
    expect(told).toHaveLength(1);
  });

  it('is not there on one core, nor after the end', async () => {
    const body = Buffer.from(page({ id: '1' }));
    const alone = new Shaping({ isWorthIt: false });
    await alone.start();
    expect(await alone.shape(body, 'data', CONTACTS, [])).toBeNull();
    const closed = await shapingThread();
    await closed.close();
    await closed.start();
    expect(await closed.shape(body, 'data', CONTACTS, [])).toBeNull();
  });
});
