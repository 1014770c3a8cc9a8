/** Every table's schema: complete against Intercom's API description, documented, and fit for every sink. */

import { existsSync, readFileSync } from 'node:fs';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { flatSchema } from '../../src/avro/flat.js';
import { recordHash } from '../../src/avro/hash.js';
import { publishedText } from '../../src/avro/published.js';
import {
  contentOf,
  EXTRA,
  JSON_TEXT,
  pathsOf,
  type RecordSchema,
  tableSchema,
} from '../../src/avro/schema.js';
import { compileShape } from '../../src/avro/shape.js';
import { replicationKeyOf } from '../../src/model/table.js';
import {
  ALL_TABLE_NAMES,
  TABLE_NAMES,
  type TableName,
  type UsualTableName,
} from '../../src/model/table-names.js';
import { TABLES } from '../../src/tables/all.js';

type Row = Record<string, unknown>;

const REPOSITORY = new URL('../../', import.meta.url);
const SHARED = new URL('../shared/intercom/', REPOSITORY);
/** Path and type of each field of the API description, by table. */
const API_FIELDS: Partial<Record<TableName, Record<string, string>>> = {
  ...readJson(new URL('test/fixtures/api-fields-2.16.json', REPOSITORY)),
  // Their own fields; what is nested in them is published as JSON text.
  ...readJson(new URL('test/fixtures/more-fields-2.16.json', REPOSITORY)),
};

function readJson(file: URL) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function apiFieldsOf(table: TableName): Record<string, string> {
  const fields = API_FIELDS[table];
  if (fields === undefined) throw new Error(`test/fixtures/more-fields-2.16.json has no fields of ${table}`);
  return fields;
}

/** Paths of the API's row that a schema reads; `*` at the end stands for everything below. */
function readPaths(schema: RecordSchema, prefix = ''): string[] {
  const constants = Object.keys(schema.constants ?? {});
  const elsewhere = Object.keys(schema.elsewhere ?? {}).flatMap((key) => [key, `${key}.*`]);
  const fields = schema.fields.flatMap((field) =>
    pathsOf(field).flatMap((keys) => {
      const wrappers = keys.map((_, i) => prefix + keys.slice(0, i + 1).join('.'));
      const path = wrappers.at(-1) ?? '';
      const content = contentOf(field);
      if (content.kind === 'json') return [...wrappers, `${path}.*`, `${path}[]*`];
      if (content.kind === 'record') return [...wrappers, ...readPaths(content.record, `${path}.`)];
      return content.kind === 'records'
        ? [...wrappers, ...readPaths(content.record, `${path}[].`)]
        : wrappers;
    }),
  );
  return [...constants, ...elsewhere, ...fields];
}

function isRead(paths: readonly string[], path: string): boolean {
  return paths.some((known) => (known.endsWith('*') ? path.startsWith(known.slice(0, -1)) : known === path));
}

/** Where the API description gives a constant in its text only. */
const CONSTANTS: Record<string, string> = { 'avatar.type': 'avatar', 'teammates.type': 'admin.list' };

function sample(path: string, type: string): unknown {
  if (type.startsWith('string const ')) return type.slice('string const '.length);
  if (type.startsWith('string')) return CONSTANTS[path] ?? 'text';
  if (type.startsWith('integer') || type.startsWith('epoch_s')) return 1_700_000_000;
  if (type.startsWith('boolean')) return true;
  if (type.startsWith('number')) return 1.5;
  if (type.startsWith('array<string')) return ['text'];
  if (type.startsWith('array<integer')) return [1];
  return type.startsWith('array') ? [{}] : {};
}

/** A row with each field of the description, built from paths such as `tags.tags[].id`. */
function sampleRow(fields: Record<string, string>): Row {
  const row: Row = {};
  for (const [path, type] of Object.entries(fields)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce((at, key) => {
      const inner = at[key.replace('[]', '')];
      return (Array.isArray(inner) ? inner[0] : inner) as Row;
    }, row);
    parent[last] ??= sample(path, type);
  }
  return row;
}

function recordsIn(schema: RecordSchema): RecordSchema[] {
  return [
    schema,
    ...schema.fields.flatMap((field) => {
      const content = contentOf(field);
      return 'record' in content ? recordsIn(content.record) : [];
    }),
  ];
}

const ATTRIBUTES: ReadonlySet<TableName> = new Set<TableName>(['company_attributes', 'contact_attributes']);

function shapeRow(table: TableName, row: Row) {
  const keyed = ATTRIBUTES.has(table) ? { ...row, _sdc_record_hash: recordHash(row) } : row;
  return compileShape(tableSchema(table))(keyed);
}

describe.each(ALL_TABLE_NAMES)('the schema of %s', (table) => {
  const nested = tableSchema(table);
  const flat = flatSchema(nested);

  it('reads every field of the API description', () => {
    const paths = readPaths(nested);
    expect(Object.keys(apiFieldsOf(table)).filter((path) => !isRead(paths, path))).toEqual([]);
  });

  it('takes a row with every field of the API description, and nothing is left over', () => {
    expect(shapeRow(table, sampleRow(apiFieldsOf(table)))).toMatchObject({ leftovers: [] });
  });

  it('begins with the key and ends with _extra', () => {
    expect(nested.fields[0]).toMatchObject({
      name: ATTRIBUTES.has(table) ? '_sdc_record_hash' : 'id',
      type: 'string',
    });
    expect(nested.fields.at(-1)).toMatchObject({ name: EXTRA, type: ['null', JSON_TEXT] });
  });

  it('has the column that the bookmark counts by', () => {
    const key = replicationKeyOf(TABLES[table]);
    const times = flat.fields.filter(({ type }) => JSON.stringify(type).includes('timestamp-millis'));
    if (key !== null) expect(times.map(({ name }) => name)).toContain(key);
  });

  it('belongs to the table of its name', () => {
    expect(TABLES[table].name).toBe(table);
  });

  it('documents every record and field in a sentence', () => {
    const docs = recordsIn(nested).flatMap((record) => [record.doc, ...record.fields.map(({ doc }) => doc)]);
    expect(docs.filter((doc) => !/^[A-Z"].*\.$/.test(doc))).toEqual([]);
  });

  it.each([
    ['nested', nested],
    ['flat', flat],
  ] as const)('has only nullable fields but the key, in %s form', (_, schema) => {
    const inner = recordsIn(schema)
      .flatMap(({ fields }) => fields)
      .slice(1);
    expect(
      inner.filter(
        ({ type, default: value }) => !(Array.isArray(type) && type[0] === 'null' && value === null),
      ),
    ).toEqual([]);
  });

  it.each([
    ['nested', nested],
    ['flat', flat],
  ] as const)('is Avro in %s form, named for a row', (_, schema) => {
    const type = avsc.Type.forSchema(JSON.parse(publishedText(schema)));
    expect(type.name).toMatch(/^intercom\.[A-Z][A-Za-z]+$/);
    expect(publishedText(schema)).not.toMatch(/"(path|zero|constants|elsewhere)":/);
  });

  it('has nothing in flat form that a sink refuses', () => {
    expect(
      flat.fields
        .map((field) => contentOf(field).kind)
        .filter((kind) => kind === 'record' || kind === 'records'),
    ).toEqual([]);
  });
});

/** By database, the words that it refuses as the bare name of a column. */
const RESERVED = Object.entries(
  readJson(new URL('test/fixtures/reserved-words.json', REPOSITORY)) as Record<string, string>,
).map(([database, words]) => ({ database, words: new Set(words.split(' ')) }));

/**
 * Columns of 0.1.0 that a sink to one database has to quote, as docs/sinks.md says. None may come to them.
 */
const TO_QUOTE: Readonly<Record<string, readonly string[]>> = { MySQL: ['conversations.read'] };

describe.each(RESERVED)('the columns in $database', ({ database, words }) => {
  it('need no quotes', () => {
    const columns = ALL_TABLE_NAMES.flatMap((table) =>
      flatSchema(tableSchema(table)).fields.map(({ name }) => ({ table, name })),
    );
    const refused = columns.filter(({ name }) => words.has(name.toLowerCase()));
    expect(refused.map(({ table, name }) => `${table}.${name}`)).toEqual(TO_QUOTE[database] ?? []);
  });
});

/** What Intercom sends beyond its API description, and what the tables add to their rows. */
const BEYOND: Partial<Record<TableName, Row>> = {
  contacts: {
    formatted_phone: '+1 555',
    unsubscribed_from_sms: false,
    sms_consent: true,
    enabled_push_messaging: true,
    referrer: 'https://example.com',
    utm_campaign: 'a',
    utm_content: 'b',
    utm_medium: 'c',
    utm_source: 'd',
    utm_term: 'e',
    opted_in_subscription_types: { type: 'list', data: [] },
    opted_out_subscription_types: { type: 'list', data: [] },
    location: { type: 'location', country_code: 'IRL', continent_code: 'EU' },
    notes: { type: 'list', data: [] },
    social_profiles: { type: 'list', data: [] },
    tags: { type: 'list', data: [] },
    companies: { type: 'list', companies: [] },
  },
  tickets: {
    channel: { initial: 'email', current: 'email' },
    ticket_state_internal_label: 'In progress',
    ticket_state_external_label: 'Being looked at',
  },
  ticket_types: { is_internal: false },
  conversations: { topics: { type: 'topic.list', topics: [] }, ticket: { id: '1' } },
  conversation_parts: {
    translations: {},
    conversation_id: '1',
    conversation_total_parts: 1,
    conversation_created_at: 1,
    conversation_updated_at: 1,
  },
};

describe('rows with more than the API description', () => {
  it.each(Object.entries(BEYOND))('leave nothing over in %s', (table, row) => {
    const shaped = shapeRow(table as TableName, { id: '1', ...row });
    expect(shaped).toMatchObject({ leftovers: [] });
    expect(Object.keys('value' in shaped ? shaped.value : {}).sort()).toEqual(
      ['id', ...Object.keys(row)].sort(),
    );
  });
});

describe('the schemas together', () => {
  it('give each record a name of its own', () => {
    const names = ALL_TABLE_NAMES.flatMap((table) => recordsIn(tableSchema(table)).map(({ name }) => name));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it.runIf(existsSync(SHARED))('cover the field list that the fixture was copied from', () => {
    const { tables } = readJson(new URL('fields-2.16.json', SHARED));
    for (const table of TABLE_NAMES) {
      const paths = tables[table]
        .map(({ path }: { path: string }) => path)
        .filter((path: string) => !path.includes('«'));
      expect(Object.keys(apiFieldsOf(table))).toEqual([...new Set(paths)]);
    }
  });
});

/** The type that the rows of a table carry in Intercom's examples. */
const ROW_TYPE: Record<UsualTableName, string> = {
  admins: 'admin',
  companies: 'company',
  company_attributes: 'data_attribute',
  company_segments: 'segment',
  contact_attributes: 'data_attribute',
  contacts: 'contact',
  conversation_parts: 'conversation_part',
  conversations: 'conversation',
  segments: 'segment',
  tags: 'tag',
  teams: 'team',
};

/** References to a row carry its type too, but only a few keys: a whole row has its own. */
const WHOLE_ROW: Partial<Record<TableName, string>> = {
  admins: 'away_mode_enabled',
  companies: 'app_id',
  contacts: 'workspace_id',
  conversations: 'statistics',
};

function exampleRows(table: UsualTableName, value: unknown): Row[] {
  if (Array.isArray(value)) return value.flatMap((item) => exampleRows(table, item));
  if (typeof value !== 'object' || value === null) return [];
  const row = value as Row;
  const own = row.type === ROW_TYPE[table] && Object.hasOwn(row, WHOLE_ROW[table] ?? 'id') ? [row] : [];
  return [...own, ...Object.values(row).flatMap((inner) => exampleRows(table, inner))];
}

describe.runIf(existsSync(SHARED)).each(TABLE_NAMES)('the examples of %s', (table) => {
  it('leave nothing over', () => {
    const rows = exampleRows(table, readJson(new URL(`examples/${table}.json`, SHARED)));
    expect(rows.length).toBeGreaterThan(0);
    expect(
      rows
        .map((row) => shapeRow(table, row))
        .filter((shaped) => shaped.key === null || shaped.leftovers.length > 0),
    ).toEqual([]);
  });
});
