/** A table's schema at a registry that does not accept everything. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keySchemaText, valueSchema } from '../../../src/avro/codec.js';
import type { CustomColumn } from '../../../src/avro/custom-attributes.js';
import { publishedText } from '../../../src/avro/published.js';
import { Registry } from '../../../src/avro/registry.js';
import { NO_RULES } from '../../../src/avro/rules.js';
import type { PublisherError } from '../../../src/model/errors.js';
import type { RegistrySettings } from '../../../src/model/registry.js';
import type { RawRow } from '../../../src/model/row.js';
import { TableSchema } from '../../../src/publisher/table-schema.js';
import { FakeRegistry, type Reply } from '../../support/fake-registry.js';

const TOPIC = 'intercom.acme.contacts';
const SUBJECT = `${TOPIC}-value`;
const RETRY_MS = 60_000;

const size: CustomColumn = {
  field: 'custom_attributes_Shoe_size',
  attribute: 'Shoe size',
  kind: 'long',
};
const definition: RawRow = { id: 1, name: 'Shoe size', data_type: 'integer', custom: true };
const row: RawRow = { id: '7', email: 'a@b.c', custom_attributes: { 'Shoe size': 42 } };

let fake: FakeRegistry;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  fake = await FakeRegistry.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await fake.close();
});

const textWith = (columns: readonly CustomColumn[]) =>
  publishedText(valueSchema('contacts', 'flat', { rules: NO_RULES, columns }));

/** Registers the schemas of the topic, as an operator does. */
function registerSchemas(columns: readonly CustomColumn[]): void {
  fake.add(`${TOPIC}-key`, keySchemaText('contacts', 'id'));
  fake.add(SUBJECT, textWith(columns));
}

async function open(settings: Partial<RegistrySettings> = {}, definitions: readonly RawRow[] | null = []) {
  const all = { url: fake.url, auth: null, ssl: null, register: 'always', compatibility: 'keep' } as const;
  const reasons: PublisherError[] = [];
  const known = [...(definitions ?? [])];
  const schema = await TableSchema.open({
    registry: new Registry({ ...all, ...settings }),
    topic: TOPIC,
    table: 'contacts',
    key: 'id',
    form: 'flat',
    rules: NO_RULES,
    shaping: { shape: async () => null },
    attributes: definitions === null ? null : async () => known,
    onWithout: (error) => reasons.push(error),
  });
  return { schema, reasons, known };
}

/** The row as it is published. */
async function published(schema: TableSchema): Promise<Record<string, unknown>> {
  const shaped = schema.shape(row, 0);
  if (!shaped.ok) throw new Error('the row can not be published');
  const bytes = schema.codec.valueOf(shaped.row);
  const registry = new Registry({
    url: fake.url,
    auth: null,
    ssl: null,
    register: 'never',
    compatibility: 'keep',
  });
  const type = await registry.typeOf(bytes.readUInt32BE(1));
  return type.fromBuffer(bytes.subarray(5)) as Record<string, unknown>;
}

const REFUSALS: [string, () => void, () => void][] = [
  [
    'is locked',
    () => {
      fake.mode = 'READONLY';
    },
    () => {
      fake.mode = 'READWRITE';
    },
  ],
  [
    'denies registering',
    () => {
      fake.forbids = (request) => request.endsWith('/versions');
    },
    () => {
      fake.forbids = () => false;
    },
  ],
];

describe('a new custom attribute', () => {
  it.each(REFUSALS)(
    'holds up no row where the registry %s, and gets its column later',
    async (_, refuse, permit) => {
      const { schema, reasons, known } = await open();
      await schema.prepare([]);
      refuse();
      known.push(definition);
      for (let cycle = 0; cycle < 3; cycle += 1) {
        expect(await schema.prepare([row])).toBe(false);
        expect(await schema.prepare([])).toBe(false);
      }
      const without = await published(schema);
      expect(without).not.toHaveProperty(size.field);
      expect(JSON.parse(String(without.custom_attributes))).toEqual({ 'Shoe size': 42 });
      expect(reasons).toMatchObject([{ code: 'schema-rejected' }]);
      const before = fake.requests.length;
      await schema.prepare([row]);
      expect(fake.requests.length).toBe(before);
      vi.advanceTimersByTime(RETRY_MS);
      expect(await schema.prepare([row])).toBe(false);
      expect(reasons).toHaveLength(1);
      permit();
      vi.advanceTimersByTime(RETRY_MS);
      expect(await schema.prepare([])).toBe(true);
      expect(await published(schema)).toMatchObject({ [size.field]: 42 });
      expect(fake.versions(SUBJECT)).toEqual([textWith([]), textWith([size])]);
    },
  );

  it('gets the column that an operator registers, with others that this instance does not know', async () => {
    registerSchemas([]);
    const { schema, reasons } = await open({ register: 'never' }, [definition]);
    expect(await schema.prepare([row])).toBe(false);
    expect(await published(schema)).not.toHaveProperty(size.field);
    expect(reasons).toMatchObject([{ message: expect.stringContaining(textWith([size])) }]);
    const other: CustomColumn = { field: 'custom_attributes_plan', attribute: 'plan', kind: 'string' };
    fake.add(SUBJECT, textWith([other, size]));
    expect(await schema.prepare([row])).toBe(false);
    vi.advanceTimersByTime(RETRY_MS);
    expect(await schema.prepare([row])).toBe(true);
    expect(await published(schema)).toMatchObject({ [size.field]: 42, [other.field]: null });
    expect(fake.sent('PUT')).toEqual([]);
    expect(fake.versions(SUBJECT)).toHaveLength(2);
  });

  it.each<[string, (request: string) => Reply | null]>([
    ['refuses the credentials', () => ({ status: 401, body: {} })],
    ['fails', () => ({ status: 503, body: {} })],
    ['shows no schema', (request) => (request.endsWith('/latest') ? { status: 403, body: {} } : null)],
  ])('that waits holds up no row while the registry %s', async (_, intercept) => {
    const { schema, reasons, known } = await open();
    await schema.prepare([]);
    fake.mode = 'READONLY';
    known.push(definition);
    expect(await schema.prepare([row])).toBe(false);
    fake.intercept = intercept;
    for (let minute = 0; minute < 3; minute += 1) {
      vi.advanceTimersByTime(RETRY_MS);
      expect(await schema.prepare([row])).toBe(false);
      const before = fake.requests.length;
      expect(await schema.prepare([])).toBe(false);
      expect(fake.requests.length).toBe(before);
    }
    schema.addDefinitions([{ ...definition, name: 'plan' }]);
    expect(await schema.prepare([row])).toBe(false);
    expect(reasons).toHaveLength(1);
    fake.intercept = () => null;
    expect(await published(schema)).not.toHaveProperty(size.field);
    fake.mode = 'READWRITE';
    vi.advanceTimersByTime(RETRY_MS);
    expect(await schema.prepare([])).toBe(true);
    expect(await published(schema)).toMatchObject({ [size.field]: 42, custom_attributes_plan: null });
  });

  it('gets the column that an operator registers, also when another one was defined since', async () => {
    registerSchemas([]);
    const { schema, reasons } = await open({ register: 'never' }, [definition]);
    expect(await schema.prepare([row])).toBe(false);
    fake.add(SUBJECT, textWith([size]));
    schema.addDefinitions([{ ...definition, name: 'plan', data_type: 'string' }]);
    vi.advanceTimersByTime(RETRY_MS);
    expect(await schema.prepare([])).toBe(true);
    expect(await published(schema)).toMatchObject({ [size.field]: 42 });
    expect(await schema.prepare([row])).toBe(false);
    expect(reasons).toHaveLength(1);
    const plan: CustomColumn = { field: 'custom_attributes_plan', attribute: 'plan', kind: 'string' };
    fake.add(SUBJECT, textWith([size, plan]));
    vi.advanceTimersByTime(RETRY_MS);
    expect(await schema.prepare([])).toBe(true);
    expect(await published(schema)).toMatchObject({ [size.field]: 42, [plan.field]: null });
    const before = fake.requests.length;
    vi.advanceTimersByTime(RETRY_MS);
    expect(await schema.prepare([row])).toBe(false);
    expect(fake.requests.length).toBe(before);
  });

  it('waits while the registry does not answer', async () => {
    const { schema, known } = await open();
    await schema.prepare([]);
    known.push(definition);
    fake.intercept = () => ({ status: 401, body: {} });
    await expect(schema.prepare([row])).rejects.toMatchObject({ code: 'registry-unreachable' });
    fake.intercept = () => null;
    expect(await schema.prepare([row])).toBe(true);
    expect(await published(schema)).toMatchObject({ [size.field]: 42 });
  });
});

describe('a table whose schema is missing', () => {
  it.each([
    ['with custom attributes', []],
    ['without', null],
  ])('opens, and fails its own cycles until it is registered: %s', async (_, definitions) => {
    const { schema } = await open({ register: 'never' }, definitions);
    const missing = { code: 'schema-rejected', message: expect.stringContaining('schemas --register') };
    for (let cycle = 0; cycle < 2; cycle += 1)
      await expect(schema.prepare([])).rejects.toMatchObject(missing);
    expect(() => schema.codec.encodeKey('7')).toThrow(expect.objectContaining(missing));
    registerSchemas([]);
    expect(await schema.prepare([row])).toBe(true);
    expect(await published(schema)).toMatchObject({ id: '7', email: 'a@b.c' });
    expect(schema.codec.decodeKey(schema.codec.encodeKey('7'))).toBe('7');
  });

  it('opens with the columns that were registered meanwhile', async () => {
    const { schema } = await open({ register: 'never' }, [definition]);
    registerSchemas([size]);
    expect(await schema.prepare([row])).toBe(true);
    expect(await published(schema)).toMatchObject({ [size.field]: 42 });
  });

  it.each(REFUSALS)('and whose registry %s fails alone', async (_, refuse, permit) => {
    refuse();
    const { schema } = await open();
    await expect(schema.prepare([row])).rejects.toMatchObject({ code: 'schema-rejected' });
    permit();
    expect(await schema.prepare([row])).toBe(true);
    await published(schema);
  });

  it('does not open at a registry that does not answer', async () => {
    fake.intercept = () => ({ status: 401, body: {} });
    await expect(open()).rejects.toMatchObject({ code: 'registry-unreachable' });
  });
});
