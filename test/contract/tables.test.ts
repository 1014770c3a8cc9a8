/** What a table needs beside its schema: the documents name it, and its rows are read over HTTP. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableSchema } from '../../src/avro/schema.js';
import { compileShape } from '../../src/avro/shape.js';
import { IntercomApi } from '../../src/intercom/api.js';
import { Budget } from '../../src/intercom/budget.js';
import { Transport } from '../../src/intercom/transport.js';
import type { RawRow } from '../../src/model/row.js';
import { ALL_TABLE_NAMES, TABLE_NAMES } from '../../src/model/table-names.js';
import { TABLES } from '../../src/tables/all.js';
import { moreRows } from '../support/more-rows.js';
import { MORE_TABLES, type MoreTable, MoreWorkspace } from '../support/more-workspace.js';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const namesIn = (text: string) => [...text.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name);

describe('README.md', () => {
  it.each([
    ['on by default', TABLE_NAMES],
    ['off by default', MORE_TABLES],
  ])('counts and lists the tables that are %s', (label, tables) => {
    const [, count, names = ''] =
      read('README.md').match(new RegExp(`^\\| ${label} \\((\\d+)\\)(.*)`, 'm')) ?? [];
    expect(namesIn(names), 'README.md, section Tables').toEqual([...tables]);
    expect(Number(count), `README.md: the number of tables that are ${label}`).toBe(tables.length);
  });
});

it('docs/security.md has the permission of each table', () => {
  const [, section = ''] = read('docs/security.md').split('## What the token may do\n');
  const named = new Set(namesIn(section.split('\n## ')[0] ?? ''));
  expect(ALL_TABLE_NAMES.filter((name) => !named.has(name))).toEqual([]);
});

it('CHANGELOG.md names each table that is off by default', () => {
  const named = new Set(namesIn(read('CHANGELOG.md')));
  expect(MORE_TABLES.filter((name) => !named.has(name))).toEqual([]);
});

const SINCE = 1_700_000_000;
const end = new AbortController();
const rows: Partial<ReturnType<typeof moreRows>> = moreRows(SINCE);
let workspace: MoreWorkspace;
let transport: Transport;

beforeAll(async () => {
  workspace = await MoreWorkspace.start(moreRows(SINCE));
  transport = new Transport({
    baseUrl: workspace.url,
    token: 'token',
    apiVersion: '2.16',
    gateway: null,
    budget: new Budget({ share: 1, maxInFlight: 20 }),
    onAttempt: () => undefined,
    attempts: 1,
    timeoutMs: 10_000,
    signal: end.signal,
  });
});
afterAll(async () => {
  end.abort();
  await transport?.close();
  await workspace?.close();
});

/** What a first cycle reads of a table. */
async function readRows(table: MoreTable): Promise<RawRow[]> {
  const api = new IntercomApi(transport, end.signal);
  const read: RawRow[] = [];
  for await (const page of TABLES[table].pull(api, { from: 0, to: null })) read.push(...page.rows);
  return read;
}

describe.each(MORE_TABLES)('%s', (table) => {
  it('has rows in test/support/more-rows.ts', () => {
    expect(rows[table] ?? []).not.toEqual([]);
  });

  it('is read from the endpoint in test/support/more-workspace.ts, and nothing is left over', async () => {
    const shaped = (await readRows(table)).map(compileShape(tableSchema(table)));
    expect(shaped.map(({ key }) => key).sort()).toEqual(
      (rows[table] ?? []).map(({ id }) => String(id)).sort(),
    );
    const leftovers = shaped.flatMap((row) => (row.key === null ? [] : row.leftovers));
    expect(leftovers, `values that avro/${table}.avsc has no field for`).toEqual([]);
  });
});
