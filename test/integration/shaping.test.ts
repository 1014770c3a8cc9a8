/**
 * A table's schema with the shaping thread: what it reads is what is published, also when the schema has
 * grown meanwhile.
 */

import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { rowShaper } from '../../src/avro/codec.js';
import { Registry } from '../../src/avro/registry.js';
import { parseJson } from '../../src/intercom/parse.js';
import type { RawRow } from '../../src/model/row.js';
import { readyOf } from '../../src/publisher/shaping/ready-rows.js';
import { TableSchema } from '../../src/publisher/table-schema.js';
import { shapingThread } from '../support/shaping.js';
import { simulate } from '../support/simulator.js';

const RULES = { exclude: ['name'], hash: ['email'], hashKey: 'secret' };
const ALL = { query: { field: 'updated_at', operator: '>', value: 0 }, pagination: { per_page: 100 } };

async function schemaWithThread(definitions: readonly RawRow[]) {
  const shaping = await shapingThread();
  const schema = await TableSchema.open({
    registry: new Registry({
      url: inject('registryUrl'),
      auth: null,
      ssl: null,
      register: 'always',
      compatibility: 'keep',
    }),
    topic: `shaping-${randomUUID()}`,
    table: 'contacts',
    key: 'id',
    form: 'flat',
    rules: RULES,
    shaping,
    attributes: async () => definitions,
    onWithout: (error) => expect.fail(error.message),
  });
  await schema.prefetch();
  return schema;
}

async function replyOf(): Promise<Buffer> {
  const { client } = await simulate({ counts: { contacts: 100 }, sublistLimit: 1_000 });
  return Buffer.from((await client.post('/contacts/search?include_merge_history=true', ALL)).text);
}

const definition = (name: string, type = 'string') => ({
  name,
  full_name: `custom_attributes.${name}`,
  data_type: type,
  custom: true,
});

/** Every name that a row of the reply has a value under. */
function attributesIn(rows: readonly RawRow[]): string[] {
  return [...new Set(rows.flatMap(({ custom_attributes: values }) => Object.keys(values ?? {})))];
}

describe('a schema with a shaping thread', () => {
  it('publishes what it would without, by its rules and with its columns', async () => {
    const body = await replyOf();
    const sent = (parseJson(body.toString()) as { data: RawRow[] }).data;
    const [column = '', ...others] = attributesIn(sent);
    const schema = await schemaWithThread([definition(column)]);
    // The others turn out to have no definition.
    await schema.prepare(sent);
    expect(others.length).toBeGreaterThan(1);
    const reply = await schema.decoder('data')(body);
    const rows = reply?.data as RawRow[];
    expect(rows.every((row) => readyOf(row) !== undefined)).toBe(true);
    const columns = [
      { field: `custom_attributes_${column.replaceAll(' ', '_')}`, attribute: column, kind: 'string' },
    ] as const;
    const shape = rowShaper('contacts', 'id', 'flat', { rules: RULES, columns });
    for (const [index, row] of rows.entries()) {
      const [there, here] = [schema.shape(row, 7), shape(sent[index] as RawRow, 7)];
      if (!there.ok || !here.ok) throw new Error('a row was refused');
      expect({ ...there.row, bytes: null }).toEqual({ ...here.row, bytes: null });
      expect(there.row.bytes.subarray(5)).toEqual(here.row.bytes.subarray(5));
      expect(readyOf(there.raw)?.redacted()).toEqual(here.raw);
      expect(readyOf(there.raw)?.redacted().name ?? null).toBeNull();
    }
  });

  it('shapes rows anew that were read before the schema grew, from the row as it came', async () => {
    const body = await replyOf();
    const sent = (parseJson(body.toString()) as { data: RawRow[] }).data;
    const [first = '', second = ''] = attributesIn(sent);
    const schema = await schemaWithThread([definition(first)]);
    await schema.prepare(sent);
    const rows = (await schema.decoder('data')(body))?.data as RawRow[];
    schema.addDefinitions([definition(second)]);
    expect(await schema.prepare([])).toBe(true);
    for (const [index, row] of rows.entries()) {
      const [stale, fresh] = [schema.shape(row, 7), schema.shape(sent[index] as RawRow, 7)];
      if (!stale.ok || !fresh.ok) throw new Error('a row was refused');
      expect({ ...stale.row, bytes: null }).toEqual({ ...fresh.row, bytes: null });
      expect(stale.row.bytes.subarray(5)).toEqual(fresh.row.bytes.subarray(5));
    }
  });
});
