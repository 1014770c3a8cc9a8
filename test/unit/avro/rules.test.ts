import { createHmac } from 'node:crypto';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { rowShaper, valueSchema } from '../../../src/avro/codec.js';
import { publishedText } from '../../../src/avro/published.js';
import { adaptDefinitions, type FieldRules, ruleProblems } from '../../../src/avro/rules.js';
import { tableSchema } from '../../../src/avro/schema.js';
import type { TableName } from '../../../src/model/table-names.js';

const KEY = 'a key';
const hmac = (text: string) => createHmac('sha256', KEY).update(text).digest('hex');
const rules = (exclude: string[], hash: string[] = []): FieldRules => ({ exclude, hash, hashKey: KEY });

function shape(
  table: TableName,
  raw: Record<string, unknown>,
  some: FieldRules,
  form: 'flat' | 'nested' = 'flat',
) {
  const shaped = rowShaper(table, 'id', form, { rules: some, columns: [] })(raw, 0);
  if (!shaped.ok) throw new Error(shaped.letter.reason);
  const schema = valueSchema(table, form, { rules: some, columns: [] });
  const type = avsc.Type.forSchema(JSON.parse(publishedText(schema)));
  type.toBuffer(shaped.value);
  const value = Object.fromEntries(Object.entries(shaped.value).filter(([, each]) => each !== null));
  return { value, hash: shaped.row.hash, fields: schema.fields.map(({ name }) => name) };
}

const part = {
  id: '1',
  body: 'secret body',
  part_type: 'comment',
  author: { id: 'a', type: 'user', email: 'secret@example.com', name: 'N' },
  attachments: [{ type: 'upload', name: 'secret.pdf', url: 'u' }],
};

describe('exclude', () => {
  it.each([
    ['a field', ['body'], 'body', 'secret body'],
    ['a field of a record', ['author.email'], 'author_email', 'secret@'],
    ['a record', ['author'], 'author_id', 'secret@'],
    ['a field of a list of records', ['attachments.name'], 'attachments_name', 'secret.pdf'],
    ['a list', ['attachments'], 'attachments', 'secret.pdf'],
  ])('leaves %s out of rows and schema, in both forms', (_, exclude, field, secret) => {
    for (const form of ['flat', 'nested'] as const) {
      const { value, fields } = shape('conversation_parts', part, rules(exclude), form);
      expect(fields).not.toContain(field);
      expect(JSON.stringify(value)).not.toContain(secret);
      expect(JSON.stringify(value)).toContain('comment');
    }
  });

  it.each([
    ['of an unexpected type', { body: { html: 'secret body' } }, ['body']],
    ['where a record is expected', { author: 'secret body' }, ['author.email']],
    ['where an object around a list is expected', { tags: 'secret body' }, ['tags']],
  ])('leaves nothing of a value %s in _extra', (_, odd, exclude) => {
    const table = 'tags' in odd ? 'contacts' : 'conversation_parts';
    expect(JSON.stringify(shape(table, { id: '1', ...odd }, rules(exclude)).value)).not.toContain('secret');
  });

  it('leaves out a custom attribute, its name with dots, and all of them', () => {
    const raw = { id: '1', custom_attributes: { 'last.order': 'secret', plan: 'p' } };
    expect(shape('contacts', raw, rules(['custom_attributes.last.order'])).value.custom_attributes).toBe(
      '{"plan":"p"}',
    );
    expect(shape('contacts', raw, rules(['custom_attributes'])).value).toEqual({ id: '1' });
  });

  it('leaves out what stands at several places, bare lists included', () => {
    const some = rules(['companies.url', 'avatar']);
    for (const companies of [
      { data: [{ id: 'c', url: 'secret' }] },
      { companies: [{ id: 'c', url: 'secret' }] },
      [{ id: 'c', url: 'secret' }],
    ])
      for (const avatar of ['secret', { type: 'avatar', image_url: 'secret' }]) {
        const { value } = shape('contacts', { id: '1', companies, avatar }, some);
        expect(value).toEqual({ id: '1', companies: '[{"id":"c"}]', ...(avatar === 'secret' ? {} : {}) });
      }
  });

  it('drops what no schema knows', () => {
    expect(shape('tags', { id: '1', new_field: 'secret' }, rules(['_extra'])).value).toEqual({ id: '1' });
  });

  it('does not count what it leaves out as a change', () => {
    const one = shape('conversation_parts', part, rules(['body']));
    const other = shape('conversation_parts', { ...part, body: 'changed' }, rules(['body']));
    expect(one.hash).toBe(other.hash);
  });
});

describe('hash', () => {
  it('puts HMAC-SHA-256 in the place of values, in both forms', () => {
    const some = rules([], ['author.email', 'body', 'attachments.name']);
    const flat = shape('conversation_parts', part, some).value;
    expect(flat).toMatchObject({ author_email: hmac('secret@example.com'), body: hmac('secret body') });
    expect(JSON.parse(String(flat.attachments))).toEqual([
      { type: 'upload', name: hmac('secret.pdf'), url: 'u' },
    ]);
    const nested = shape('conversation_parts', part, some, 'nested').value;
    expect(nested).toMatchObject({ author: { email: hmac('secret@example.com') } });
  });

  it('hashes numbers, times, lists and custom attributes as their text', () => {
    const raw = { id: '1', custom_attributes: { ssn: 123, plan: 'p' }, last_seen_at: 5 };
    expect(shape('contacts', raw, rules([], ['custom_attributes.ssn', 'last_seen_at'])).value).toMatchObject({
      custom_attributes: `{"plan":"p","ssn":"${hmac('123')}"}`,
      last_seen_at: hmac('5'),
    });
    expect(shape('admins', { id: '1', team_ids: [7, 8] }, rules([], ['team_ids'])).value.team_ids).toEqual([
      hmac('7'),
      hmac('8'),
    ]);
  });

  it('hashes a value once, wherever it stands', () => {
    for (const avatar of ['x', { type: 'avatar', image_url: 'x' }])
      expect(shape('contacts', { id: '1', avatar }, rules([], ['avatar'])).value.avatar).toBe(hmac('x'));
    for (const companies of [{ data: [{ id: 'c' }] }, { companies: [{ id: 'c' }] }, [{ id: 'c' }]])
      expect(shape('contacts', { id: '1', companies }, rules([], ['companies.id'])).value.companies).toBe(
        `[{"id":"${hmac('c')}"}]`,
      );
  });

  it('lets nothing of a value of an unexpected type through', () => {
    const { value } = shape('conversation_parts', { id: '1', body: { html: 'secret' } }, rules([], ['body']));
    expect(JSON.stringify(value)).not.toContain('secret');
  });

  it('keeps null', () => {
    expect(shape('conversation_parts', { id: '1', body: null }, rules([], ['body'])).value).toEqual({
      id: '1',
    });
  });

  it('depends on the key', () => {
    const other = { ...rules([], ['body']), hashKey: 'another' };
    expect(shape('conversation_parts', part, other).value.body).not.toBe(hmac('secret body'));
  });
});

describe('ruleProblems', () => {
  const problems = (table: TableName, some: FieldRules, needed?: string[]) =>
    ruleProblems(tableSchema(table), some, needed).map(
      ({ rule, index, message }) => `${rule} ${index}: ${message}`,
    );

  it.each([
    [rules(['nothing']), /^exclude 0: expected a field of the table, got nothing/],
    [rules(['body', 'author.nothing']), /^exclude 1: expected a field of the table, got author\.nothing/],
    [rules(['body.inside']), /^exclude 0: expected a field of the table/],
    [rules(['id']), /^exclude 0: expected a field that is not the key/],
    [rules([], ['id']), /^hash 0: expected a field that is not the key/],
    [rules(['conversation_id']), /^exclude 0: expected a field that is not needed/],
    [rules([], ['author']), /^hash 0: expected a field that holds a value/],
    [
      rules(['author'], ['author.email']),
      /^hash 0: expected a field that is published, but author is excluded/,
    ],
  ])('%j', (some, expected) => {
    expect(problems('conversation_parts', some, ['conversation_id'])).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  it('finds nothing wrong with the rules of the contract', () => {
    expect(problems('conversation_parts', rules(['body'], ['author.email']))).toEqual([]);
    expect(problems('contacts', rules(['custom_attributes.any thing', 'location.city', 'tags']))).toEqual([]);
  });
});

describe('adaptDefinitions', () => {
  it('leaves out excluded attributes, and makes hashed ones texts', () => {
    const definitions = [
      { name: 'a', kind: 'long' },
      { name: 'b', kind: 'long' },
      { name: 'c', kind: 'long' },
    ] as const;
    expect(adaptDefinitions(definitions, rules(['custom_attributes.a'], ['custom_attributes.b']))).toEqual([
      { name: 'b', kind: 'string' },
      { name: 'c', kind: 'long' },
    ]);
  });
});
