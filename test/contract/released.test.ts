/**
 * What was published stays readable: every schema of every release is kept under test/released, and none that
 * this version publishes may break it. A release adds its folder with `intercom-kafka schemas --export
 * test/released/VERSION`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { keySchemaText, valueSchema } from '../../src/avro/codec.js';
import { publishedText } from '../../src/avro/published.js';
import type { TableName } from '../../src/model/table-names.js';
import { TABLES } from '../../src/tables/all.js';

interface Schema {
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

const RELEASED = new URL('../released/', import.meta.url);
const versions = readdirSync(RELEASED);

const released = (version: string, form: string, table: string) =>
  JSON.parse(readFileSync(new URL(`${version}/${form}/${table}.avsc`, RELEASED), 'utf8')) as Schema;

/** The tables of a release: a table that came later has nothing to be compared with. */
const tablesIn = (version: string) =>
  readdirSync(new URL(`${version}/flat/`, RELEASED)).map((file) => file.replace('.avsc', '') as TableName);

/**
 * Fields that got another name, which no database takes for a word of its own; a reader finds them by their
 * alias.
 */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  help_center_collections: { order: 'position' },
};

/** A type without its documentation, as text. */
function bare(type: unknown): string {
  return JSON.stringify(type, (key, value: unknown) => (key === 'doc' ? undefined : value));
}

/** What a reader of the old schema would miss, or find as something else, in the new one. */
function lostFields(table: string, before: Schema, now: Schema): string[] {
  const types = new Map(now.fields.map(({ name, type }) => [name, bare(type)]));
  const nameNow = (name: string) => RENAMED[table]?.[name] ?? name;
  return before.fields
    .filter(({ name, type }) => types.get(nameNow(name)) !== bare(type))
    .map(({ name }) => name);
}

it('keeps the schemas of at least one release', () => {
  expect(versions).toContain('0.1.0');
});

describe.each(versions)('since %s', (version) => {
  describe.each(tablesIn(version))('%s', (name) => {
    it('the key is the same', () => {
      expect(JSON.parse(keySchemaText(name, TABLES[name].key))).toEqual(released(version, 'key', name));
    });

    it.each(['flat', 'nested'] as const)(
      'the %s form reads what was published, and has every field',
      (form) => {
        const before = released(version, form, name);
        const now = JSON.parse(publishedText(valueSchema(name, form))) as Schema;
        const reader = avsc.Type.forSchema(now as unknown as avsc.Schema);
        const writer = avsc.Type.forSchema(before as unknown as avsc.Schema);
        expect(() => reader.createResolver(writer)).not.toThrow();
        // Records inside of a nested form may grow; fields of the flat form may not change at all.
        if (form === 'flat') expect(lostFields(name, before, now)).toEqual([]);
        else expect(lostNames(name, before, now)).toEqual([]);
      },
    );
  });
});

function lostNames(table: string, before: Schema, now: Schema): string[] {
  const names = new Set(now.fields.map(({ name }) => name));
  return before.fields.map(({ name }) => name).filter((name) => !names.has(RENAMED[table]?.[name] ?? name));
}

it('finds the value of a renamed field in records of earlier releases', () => {
  const table = 'help_center_collections';
  const before = avsc.Type.forSchema(released('0.1.0', 'flat', table) as unknown as avsc.Schema);
  const now = avsc.Type.forSchema(JSON.parse(publishedText(valueSchema(table, 'flat'))) as avsc.Schema);
  const written = before.toBuffer({ id: '1', order: 3 });
  expect(now.fromBuffer(written, now.createResolver(before))).toMatchObject({ id: '1', position: 3 });
});
