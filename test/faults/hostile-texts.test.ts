import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { UsualTableName } from '../../src/model/table-names.js';
import type { Row } from '../../src/simulator/collection.js';
import { Project } from '../support/project.js';
import type { Version } from '../support/topics.js';

const TEXTS = [
  '__proto__',
  'constructor',
  'toString',
  'line\u2028 and paragraph\u2029 separators',
  'a \u0000 zero',
  'a bell \u0007, an escape \u001b[31m, a delete \u007f, a next line \u0085',
  'tab\tline\nreturn\r',
  'lone high \ud800 surrogate',
  '\udfff a low one first and a high one last \ud83d',
  '\ufeffa mark, \u202ean override, a noncharacter \uffff',
  '"}],"id":"other","x":{"',
  '\\u0041 \\" \\',
  "$HOME %s {{x}} '; DROP TABLE contacts; --",
  '👩‍👩‍👧 é e\u0301',
  ' ',
  'long '.repeat(50_000),
];

/** Every text as a name, with itself as the value. */
const CUSTOM = Object.fromEntries(TEXTS.map((text) => [text, text]));
/** The same as fields of a row that no schema knows. */
const UNKNOWN = Object.fromEntries(TEXTS.map((text) => [text, { [text]: text }]));

/** Of each table, the published field that a text goes to, and the row that it makes. */
const CARRIERS: readonly (readonly [Exclude<UsualTableName, `${string}_attributes`>, string])[] = [
  ['contacts', 'name'],
  ['companies', 'name'],
  ['conversations', 'title'],
  ['conversation_parts', 'body'],
  ['tags', 'name'],
];

describe.each(['flat', 'nested'] as const)('hostile texts in %s values', (values) => {
  let project: Project;
  let published: ReadonlyMap<string, ReadonlyMap<string, Version>>;
  const ids = new Map<string, string[]>();

  beforeAll(async () => {
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 3, companies: 3, conversations: 3, parts: 1, tags: 2 }, seed: 10 },
      connection: { values },
    });
    const { workspace } = project.simulator;
    for (const text of TEXTS) {
      const name = { name: text, full_name: `custom_attributes.${text}`, data_type: 'string' };
      workspace.create('contact_attributes', name);
      workspace.create('company_attributes', name);
    }
    for (const [table, field] of CARRIERS)
      ids.set(
        table,
        TEXTS.map((text) => create(project, table, { [field]: text })),
      );
    await project.cycle();
    const topics = CARRIERS.map(async ([table]) => [table, await project.latest(table)] as const);
    published = new Map(await Promise.all(topics));
  });
  afterAll(() => project.close());

  const rowOf = (table: string, index: number): Row =>
    published.get(table)?.get(ids.get(table)?.[index] ?? '')?.value ?? {};

  it.each(CARRIERS)('%s: arrive in %s as they were', (table, field) => {
    for (const [index, text] of TEXTS.entries()) {
      const value = rowOf(table, index);
      // Avro's text is UTF-8, which has no lone surrogates: the original is in `_extra` then.
      expect(value[field], JSON.stringify(text)).toBe(text.toWellFormed());
      if (!text.isWellFormed()) expect(extraOf(value)[field]).toBe(text);
    }
  });

  it.each(['contacts', 'companies', 'conversations'])(
    '%s: arrive as names and values of custom attributes',
    (table) => {
      for (const index of TEXTS.keys())
        expectSame(JSON.parse(String(rowOf(table, index).custom_attributes)), CUSTOM);
    },
  );

  it('arrive in columns of custom attributes too', () => {
    for (const table of ['contacts', 'companies']) {
      const value = Object.values(rowOf(table, 0));
      for (const text of TEXTS.filter((each) => each.isWellFormed())) expect(value).toContain(text);
    }
  });

  it('arrive as names of fields that no schema knows', () => {
    for (const index of TEXTS.keys()) {
      const { name: _, ...unknown } = extraOf(rowOf('tags', index));
      expectSame(unknown, UNKNOWN);
    }
  });
});

function create(project: Project, table: (typeof CARRIERS)[number][0], row: Row): string {
  const { workspace } = project.simulator;
  if (table === 'tags') return workspace.create('tags', { ...row, ...UNKNOWN });
  if (table !== 'conversation_parts') return workspace.create(table, { ...row, custom_attributes: CUSTOM });
  return workspace.addPart(workspace.create('conversations'), row);
}

function extraOf(value: Row): Row {
  return JSON.parse(String(value._extra)) as Row;
}

/** Compares entry by entry: `__proto__` is a name like any other. */
function expectSame(found: unknown, expected: Row): void {
  const entriesOf = (row: unknown) =>
    new Map(Object.entries(row as Row).map(([key, each]) => [key, JSON.stringify(each)]));
  expect(entriesOf(found)).toEqual(entriesOf(expected));
}
