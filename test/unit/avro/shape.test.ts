import { describe, expect, it } from 'vitest';
import { flatSchema } from '../../../src/avro/flat.js';
import { JSON_TEXT, tableSchema } from '../../../src/avro/schema.js';
import { compileShape, type Shaped } from '../../../src/avro/shape.js';
import type { TableName } from '../../../src/model/table-names.js';

function shape(table: TableName, row: object): Shaped {
  return compileShape(tableSchema(table))(JSON.parse(JSON.stringify(row)));
}

/** What became of a row beside its key: the value, and `_extra` as data. */
function outcome(table: TableName, row: object) {
  const shaped = shape(table, { id: '1', ...row });
  if (shaped.key === null) throw new Error(shaped.reason);
  const { id: _, _extra, ...value } = shaped.value;
  return {
    value,
    extra: _extra === undefined ? null : JSON.parse(String(_extra)),
    leftovers: shaped.leftovers,
  };
}

const T = 1_700_000_000;
const MS = T * 1000;

describe('a value of an unexpected type that says the same', () => {
  it.each<[TableName, object, object]>([
    ['contacts', { owner_id: 12 }, { owner_id: '12' }],
    ['contacts', { owner_id: 1.5 }, { owner_id: '1.5' }],
    ['contacts', { name: true }, { name: 'true' }],
    ['companies', { size: '12' }, { size: 12 }],
    ['companies', { size: -0 }, { size: 0 }],
    ['companies', { monthly_spend: '12.5' }, { monthly_spend: 12.5 }],
    [
      'contacts',
      { has_hard_bounced: 'true', sms_consent: 'false' },
      { has_hard_bounced: true, sms_consent: false },
    ],
    ['admins', { team_ids: [1, '2'] }, { team_ids: ['1', '2'] }],
    ['admins', { avatar: 'https://a' }, { avatar: 'https://a' }],
    ['admins', { avatar: { type: 'avatar', image_url: 'https://a' } }, { avatar: 'https://a' }],
    ['conversations', { admin_assignee_id: 0, team_assignee_id: '0' }, {}],
    ['conversations', { admin_assignee_id: 7 }, { admin_assignee_id: '7' }],
    [
      'conversations',
      { teammates: { type: 'admin.list', admins: [{ type: 'admin', id: 5 }] } },
      { teammates: [{ type: 'admin', id: '5' }] },
    ],
    ['companies', { tags: [{ id: 3 }] }, { tags: [{ id: '3' }] }],
  ])('%s %j', (table, row, value) => {
    expect(outcome(table, row)).toEqual({ value, extra: null, leftovers: [] });
  });
});

describe('a value that fits no field', () => {
  it.each<[string, TableName, object, object, object, string[]]>([
    ['an object for text', 'contacts', { name: { a: 1 } }, {}, { name: { a: 1 } }, ['name']],
    ['text for a number', 'companies', { size: '012' }, {}, { size: '012' }, ['size']],
    ['a fraction for a whole number', 'companies', { size: 1.5 }, {}, { size: 1.5 }, ['size']],
    [
      'a number too low to encode',
      'companies',
      { size: -(2 ** 52) - 1 },
      {},
      { size: -(2 ** 52) - 1 },
      ['size'],
    ],
    [
      'a time too early to encode',
      'contacts',
      { signed_up_at: -8e15 },
      {},
      { signed_up_at: -8e15 },
      ['signed_up_at'],
    ],
    ['a number that a double rounds', 'companies', { size: 2 ** 53 }, {}, { size: 2 ** 53 }, ['size']],
    [
      'empty text for a number',
      'companies',
      { monthly_spend: '' },
      {},
      { monthly_spend: '' },
      ['monthly_spend'],
    ],
    ['text for a boolean', 'contacts', { sms_consent: 'yes' }, {}, { sms_consent: 'yes' }, ['sms_consent']],
    ['a number for a boolean', 'contacts', { sms_consent: 1 }, {}, { sms_consent: 1 }, ['sms_consent']],
    [
      'words for a time',
      'contacts',
      { signed_up_at: 'soon' },
      {},
      { signed_up_at: 'soon' },
      ['signed_up_at'],
    ],
    ['text for a record', 'contacts', { location: 'Rome' }, {}, { location: 'Rome' }, ['location']],
    ['a list for a record', 'contacts', { location: [] }, {}, { location: [] }, ['location']],
    ['text for a list', 'admins', { team_ids: '1' }, {}, { team_ids: '1' }, ['team_ids']],
    [
      'text for a list in its wrapper',
      'companies',
      { tags: { tags: 'x' } },
      {},
      { tags: { tags: 'x' } },
      ['tags.tags'],
    ],
    ['text for a wrapper', 'companies', { tags: 'x' }, {}, { tags: 'x' }, ['tags']],
    ['a bare list of something else', 'companies', { tags: ['x'] }, {}, { tags: ['x'] }, ['tags']],
    [
      'elements that are no records',
      'companies',
      { tags: { tags: [{ id: 'a' }, 7, null, { id: 'b' }] } },
      { tags: [{ id: 'a' }, { id: 'b' }] },
      { tags: { tags: { 1: 7, 2: null } } },
      ['tags.tags.1', 'tags.tags.2'],
    ],
    [
      'elements that are no text',
      'admins',
      { team_ids: [1, null, [2]] },
      { team_ids: ['1'] },
      { team_ids: { 1: null, 2: [2] } },
      ['team_ids.1', 'team_ids.2'],
    ],
    [
      'another type of a list',
      'companies',
      { tags: { type: 'odd', tags: [] } },
      { tags: [] },
      { tags: { type: 'odd' } },
      ['tags.type'],
    ],
    [
      'a second form of the same list',
      'conversations',
      { teammates: { teammates: [], admins: [{ id: '1' }] } },
      { teammates: [] },
      { teammates: { admins: [{ id: '1' }] } },
      ['teammates.admins'],
    ],
  ])('%s', (_, table, row, value, extra, leftovers) => {
    expect(outcome(table, row)).toEqual({ value, extra, leftovers });
  });

  it('is text with a lone surrogate: mended in the field, kept as it was beside it', () => {
    const { value, extra } = outcome('contacts', { name: 'a\ud800b' });
    expect(value).toEqual({ name: 'a\ufffdb' });
    expect(extra).toEqual({ name: 'a\ud800b' });
    expect(outcome('admins', { team_ids: ['\udfff'] })).toEqual({
      value: { team_ids: ['\ufffd'] },
      extra: { team_ids: { 0: '\udfff' } },
      leftovers: ['team_ids.0'],
    });
  });

  it('is infinity', () => {
    const shaped = compileShape(tableSchema('companies'))(
      JSON.parse('{"id":"1","monthly_spend":1e999,"name":1e999}'),
    );
    expect(shaped).toEqual({
      key: '1',
      value: { id: '1', _extra: '{"monthly_spend":1e999,"name":1e999}' },
      leftovers: ['name', 'monthly_spend'],
    });
  });
});

describe('keys that no schema knows', () => {
  it('are kept in the nesting of the row', () => {
    const row = {
      planet: 'x',
      location: { planet: 'x', city: 'Rome' },
      tags: { foo: 1, data: [{ id: '1', foo: 1 }] },
    };
    expect(outcome('contacts', row)).toEqual({
      value: { location: { city: 'Rome' }, tags: [{ id: '1' }] },
      extra: { planet: 'x', location: { planet: 'x' }, tags: { foo: 1, data: { 0: { foo: 1 } } } },
      leftovers: ['location.planet', 'tags.data.0.foo', 'tags.foo', 'planet'],
    });
  });

  it('may have any name', () => {
    const raw = JSON.parse(
      '{"id":"1","__proto__":{"a":1},"constructor":2,"toString":null,"_extra":{"b":1},"location":{"__proto__":3}}',
    );
    expect(compileShape(tableSchema('contacts'))(raw)).toMatchObject({
      value: {
        id: '1',
        _extra: '{"__proto__":{"a":1},"_extra":{"b":1},"constructor":2,"location":{"__proto__":3}}',
      },
    });
  });

  it('with null say no more than when they are missing', () => {
    expect(outcome('contacts', { planet: null, location: { planet: null }, name: null })).toEqual({
      value: {},
      extra: null,
      leftovers: [],
    });
  });

  it('nest as deep as they like', () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    const shaped = compileShape(tableSchema('contacts'))(
      JSON.parse(`{"id":"1","name":${deep},"odd":${deep},"custom_attributes":{"a":${deep}}}`),
    );
    expect(shaped).toMatchObject({ key: '1', leftovers: ['name', 'odd'] });
  });
});

describe('nothing', () => {
  it.each<[string, TableName, object, object]>([
    ['an empty record is null', 'companies', { plan: {} }, {}],
    ['a record of nulls is null', 'companies', { plan: { id: null } }, {}],
    ['an empty list stays', 'companies', { tags: { type: 'tag.list', tags: [] } }, { tags: [] }],
    ['a missing list is null', 'companies', { tags: { type: 'tag.list' }, segments: { segments: null } }, {}],
    [
      'an empty element stays in its place',
      'companies',
      { tags: { tags: [{}, { id: '1' }] } },
      { tags: [{}, { id: '1' }] },
    ],
    ['empty text stays', 'companies', { name: '' }, { name: '' }],
    [
      'zero and false stay',
      'companies',
      { size: 0, monthly_spend: 0, created_at: 0 },
      { created_at: 0, size: 0, monthly_spend: 0 },
    ],
    ['an empty JSON object stays', 'companies', { custom_attributes: {} }, { custom_attributes: '{}' }],
  ])('%s', (_, table, row, value) => {
    expect(outcome(table, row)).toEqual({ value, extra: null, leftovers: [] });
  });
});

describe('times', () => {
  it.each([
    [T, MS],
    [MS, MS],
    [String(T), MS],
    ['2023-11-14T22:13:20Z', MS],
    [0, 0],
    [-86_400, -86_400_000],
  ])('%j', (raw, expected) => {
    expect(outcome('contacts', { signed_up_at: raw }).value).toEqual({ signed_up_at: expected });
  });
});

describe('fields that repeat a value of a JSON field', () => {
  it('are filled where the value fits, and leave nothing over', () => {
    const source = { type: 'email', id: 9, author: { id: '7', odd: 1 }, redacted: 'perhaps', odd: [1] };
    expect(outcome('conversations', { source, ai_agent: { rating: 4, resolution_state: null } })).toEqual({
      value: {
        source: '{"author":{"id":"7","odd":1},"id":9,"odd":[1],"redacted":"perhaps","type":"email"}',
        source_type: 'email',
        source_id: '9',
        source_author_id: '7',
        ai_agent: '{"rating":4,"resolution_state":null}',
        ai_agent_rating: 4,
      },
      extra: null,
      leftovers: [],
    });
  });

  it('never read what an object inherits', () => {
    const schema = tableSchema('companies');
    const path = [['custom_attributes', 'constructor']];
    const column = { name: 'ctor', type: ['null', JSON_TEXT], default: null, doc: 'Column.', path } as const;
    const shaped = compileShape({ ...schema, fields: [...schema.fields, column] });
    expect(shaped({ id: '1', custom_attributes: {} })).toEqual({
      key: '1',
      value: { id: '1', custom_attributes: '{}' },
      leftovers: [],
    });
    expect(shaped({ id: '1', custom_attributes: { constructor: 'x' } })).toMatchObject({
      value: { ctor: '"x"' },
    });
  });

  it('may be named by a key with a dot', () => {
    const schema = tableSchema('companies');
    const column = {
      name: 'a_b',
      type: ['null', 'long'],
      default: null,
      doc: 'Column.',
      path: [['custom_attributes', 'a.b']],
    } as const;
    expect(
      compileShape({ ...schema, fields: [...schema.fields, column] })({
        id: '1',
        custom_attributes: { 'a.b': 5 },
      }),
    ).toMatchObject({ value: { a_b: 5 } });
  });
});

describe('the key', () => {
  it.each([
    ['text', 'a', 'a'],
    ['a whole number', 12, '12'],
  ])('may be %s', (_, id, key) => {
    expect(shape('tags', { id })).toMatchObject({ key, value: { id: key } });
  });

  it.each([
    ['null', null],
    ['empty', ''],
    ['a fraction', 1.5],
    ['a number that a double rounds', 2 ** 53],
    ['a boolean', true],
    ['an object', {}],
    ['broken text', 'a\ud800'],
  ])('must not be %s', (_, id) => {
    expect(shape('tags', { id })).toEqual({ key: null, reason: 'the row has no usable id' });
  });

  it('must be there', () => {
    expect(shape('tags', {})).toMatchObject({ key: null });
    expect(compileShape(tableSchema('tags'))([] as never)).toMatchObject({ key: null });
    expect(shape('company_attributes', { id: 1, name: 'n' })).toEqual({
      key: null,
      reason: 'the row has no usable _sdc_record_hash',
    });
  });
});

describe('parts of a conversation', () => {
  it('in a conversation are left to their own table', () => {
    expect(
      outcome('conversations', { conversation_parts: { conversation_parts: [{ id: 1 }], total_count: 1 } }),
    ).toEqual({ value: {}, extra: null, leftovers: [] });
  });
});

describe('the flat form', () => {
  it('spreads records, writes lists of records as JSON, and has every field', () => {
    const row = {
      location: { city: 'Rome' },
      tags: { data: [{ url: '/t', id: 5 }] },
      social_profiles: { data: [] },
      email: 'a@b',
    };
    const schema = tableSchema('contacts');
    const fields = flatSchema(schema).fields.map(({ name }) => name);
    const shaped = compileShape(schema, fields)({ id: '1', ...row });
    if (shaped.key === null) throw new Error(shaped.reason);
    expect(Object.keys(shaped.value)).toEqual(fields);
    expect(Object.fromEntries(Object.entries(shaped.value).filter(([, each]) => each !== null))).toEqual({
      id: '1',
      email: 'a@b',
      social_profiles_data: '[]',
      location_city: 'Rome',
      tags: '[{"id":"5","url":"/t"}]',
    });
  });
});
