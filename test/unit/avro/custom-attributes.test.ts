import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowShaper, valueSchema } from '../../../src/avro/codec.js';
import {
  columnsIn,
  compileColumns,
  compileUnknown,
  definitionsIn,
  planColumns,
  withColumns,
} from '../../../src/avro/custom-attributes.js';
import { publishedText } from '../../../src/avro/published.js';
import { NO_RULES } from '../../../src/avro/rules.js';
import { type Field, tableSchema } from '../../../src/avro/schema.js';

const attribute = (id: number, name: string, type: string, more: object = {}) => ({
  id,
  name,
  full_name: `custom_attributes.${name}`,
  data_type: type,
  custom: true,
  ...more,
});
const fieldsFor = (...rows: object[]) =>
  planColumns([], definitionsIn(rows as Record<string, unknown>[])).map(
    ({ field, kind }) => `${field} ${kind}`,
  );

describe('columns of custom attributes', () => {
  it.each([
    ['string', 'string'],
    ['integer', 'long'],
    ['float', 'double'],
    ['boolean', 'boolean'],
    ['date', 'time'],
    ['datetime', 'time'],
    ['list', 'string'],
    ['decimal', 'double'],
  ])('of type %s hold a %s', (type, kind) => {
    expect(fieldsFor(attribute(1, 'plan', type))).toEqual([`custom_attributes_plan ${kind}`]);
  });

  it.each([
    ['plan_tier', 'custom_attributes_plan_tier'],
    ['planTier', 'custom_attributes_planTier'],
    ['Number of seats', 'custom_attributes_Number_of_seats'],
    ['renewal-date', 'custom_attributes_renewal_date'],
    ['last.order', 'custom_attributes_last_order'],
    ['ärger', 'custom_attributes_arger'],
    ['1st', 'custom_attributes_1st'],
    ['利用', 'custom_attributes_43c09e91'],
    ['new\nline', 'custom_attributes_new_line'],
    ['__proto__', 'custom_attributes___proto__'],
  ])('are called after %j', (name, field) => {
    expect(fieldsFor(attribute(1, name, 'string'))).toEqual([`${field} string`]);
  });

  it('are none for what no column can hold, and for what every workspace has', () => {
    const rows = [
      attribute(1, 'files', 'files'),
      attribute(2, 'orders', 'relationship'),
      attribute(3, 'lone \udc00', 'string'),
      attribute(4, '', 'string'),
      { name: 'email', full_name: 'email', data_type: 'string', custom: false },
    ];
    expect(fieldsFor(...rows)).toEqual([]);
  });

  it.each([['constructor'], ['__proto__'], [null], [7], [{ toString: 0 }], [['string']]])(
    'are none for the type %j',
    (type) => {
      expect(fieldsFor(attribute(1, 'a', type as string))).toEqual([]);
    },
  );

  it.each([
    ['an object', { toString: 0 }],
    ['null', null],
    ['a text', 'x'],
    ['beyond every number', 10n ** 400n],
    ['missing', undefined],
  ])('come last where their ID is %s', (_, id) => {
    const rows = [attribute(1, 'a', 'string', { id }), attribute(2, 'b', 'string')];
    expect(fieldsFor(...rows)).toEqual(['custom_attributes_b string', 'custom_attributes_a string']);
  });

  it('stay when their attribute is archived, and come in the order of definition', () => {
    const rows = [attribute(2, 'b', 'string', { archived: true }), attribute(1, 'a', 'string')];
    expect(fieldsFor(...rows)).toEqual(['custom_attributes_a string', 'custom_attributes_b string']);
  });

  it('are told apart when names differ only in what is made safe, or in case', () => {
    const fields = fieldsFor(
      attribute(1, 'Plan Tier', 'string'),
      attribute(2, 'plan-tier', 'string'),
      attribute(3, 'PLAN TIER', 'string'),
    );
    expect(fields[0]).toBe('custom_attributes_Plan_Tier string');
    expect(new Set(fields.map((field) => field.toLowerCase())).size).toBe(3);
  });

  it('get a new name when the type of their attribute changes, and the old one stays', () => {
    const before = planColumns([], definitionsIn([attribute(1, 'plan', 'string')]));
    const after = planColumns(before, definitionsIn([attribute(1, 'plan', 'integer')]));
    expect(after).toEqual([
      { field: 'custom_attributes_plan', attribute: 'plan', kind: 'string' },
      { field: 'custom_attributes_plan_long', attribute: 'plan', kind: 'long' },
    ]);
    const into = {};
    compileColumns(after)({ custom_attributes: { plan: 7 } }, into);
    expect(into).toEqual({ custom_attributes_plan_long: 7 });
  });

  const definitions = fc.array(
    fc.record({
      name: fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
        fc.constantFrom('a b', 'a-b', 'A_b'),
      ),
      type: fc.constantFrom('string', 'integer', 'float', 'boolean', 'date'),
    }),
    { maxLength: 25 },
  );

  it('have names that Avro and PostgreSQL take, are distinct whatever case counts, and never change', () => {
    fc.assert(
      fc.property(definitions, definitions, (first, second) => {
        const rows = (some: typeof first, from: number) =>
          some.map(({ name, type }, index) => attribute(from + index, name, type));
        const before = planColumns([], definitionsIn(rows(first, 0)));
        const after = planColumns(before, definitionsIn([...rows(first, 0), ...rows(second, 100)]));
        expect(after.slice(0, before.length)).toEqual(before);
        expect(planColumns(after, definitionsIn(rows(second, 100)))).toBe(after);
        for (const { field } of after) expect(field).toMatch(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/);
        expect(new Set(after.map(({ field }) => field.toLowerCase())).size).toBe(after.length);
        const schema = withColumns(tableSchema('contacts'), after);
        const text = publishedText(schema);
        expect(() => avsc.Type.forSchema(JSON.parse(text))).not.toThrow();
        // The registered schema is the memory.
        expect(columnsIn((JSON.parse(text) as { fields: Field[] }).fields)).toEqual(after);
      }),
    );
  });
});

describe('values of custom attributes', () => {
  const columns = planColumns(
    [],
    definitionsIn([
      attribute(1, 'text', 'string'),
      attribute(2, 'count', 'integer'),
      attribute(3, 'share', 'float'),
      attribute(4, 'active', 'boolean'),
      attribute(5, 'since', 'date'),
    ]),
  );
  const raw = (values: object) => ({ id: 'x', custom_attributes: values });
  const shape = rowShaper('contacts', 'id', 'flat', { rules: NO_RULES, columns });

  it('are typed, and stay in the JSON', () => {
    const values = { text: 'a', count: 3, share: 0.5, active: false, since: 1_700_000_000, other: [1] };
    const shaped = shape(raw(values), 0);
    expect(shaped).toMatchObject({
      ok: true,
      leftovers: [],
      value: {
        custom_attributes_text: 'a',
        custom_attributes_count: 3,
        custom_attributes_share: 0.5,
        custom_attributes_active: false,
        custom_attributes_since: 1_700_000_000_000,
      },
    });
    const { custom_attributes: json } = (shaped as unknown as { value: { custom_attributes: string } }).value;
    expect(JSON.parse(json)).toEqual(values);
  });

  it('that do not fit are null in their column, stay in the JSON, and are counted', () => {
    const shaped = shape(raw({ count: 'many', active: 'yes', share: null }), 0);
    expect(shaped).toMatchObject({
      leftovers: ['custom_attributes.count', 'custom_attributes.active'],
      value: { custom_attributes: '{"active":"yes","count":"many","share":null}' },
    });
    const { value } = shaped as { value: object };
    expect(value).toMatchObject({ custom_attributes_count: null, _extra: null });
  });

  it('keep every digit of numbers that a long can not hold', () => {
    const shaped = shape(raw({ count: 9007199254740993n, text: 123456789012345678901n }), 0);
    expect(shaped).toMatchObject({
      leftovers: ['custom_attributes.count'],
      value: {
        custom_attributes: '{"count":9007199254740993,"text":123456789012345678901}',
        custom_attributes_text: '123456789012345678901',
      },
    });
  });

  it('do not make a row another one when only their column is new', () => {
    const values = raw({ text: 'a' });
    const bare = rowShaper('contacts', 'id', 'flat')(values, 0);
    expect((bare as { row: { hash: string } }).row.hash).toBe(
      (shape(values, 0) as { row: { hash: string } }).row.hash,
    );
  });

  it('without a column are told', () => {
    expect(compileUnknown(columns)(raw({ text: 1, nobody: 2 }))).toEqual(['nobody']);
    expect(compileUnknown(columns)({ id: 'x' })).toEqual([]);
  });

  it('fit the published schema in both forms', () => {
    for (const form of ['flat', 'nested'] as const) {
      const type = avsc.Type.forSchema(
        JSON.parse(publishedText(valueSchema('contacts', form, { rules: NO_RULES, columns }))),
      );
      const shaped = rowShaper('contacts', 'id', form, { rules: NO_RULES, columns })(
        raw({ text: 'a', count: 3, since: 5 }),
        0,
      );
      const { value } = shaped as { value: object };
      expect(type.fromBuffer(type.toBuffer(value))).toMatchObject({ ...value });
    }
  });
});
