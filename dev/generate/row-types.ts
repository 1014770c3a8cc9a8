/** The rows of all tables as TypeScript types: src/library/rows.ts, compared in the tests. */

import { flatSchema } from '../../src/avro/flat.js';
import {
  type Content,
  contentOf,
  type Field,
  keyField,
  type RecordSchema,
  tableSchema,
} from '../../src/avro/schema.js';
import type { TableName } from '../../src/model/table-names.js';

const INTRO = `/**
 * The rows of each table as their topic has them. Generated from avro/: \`npm run generate\`.
 *
 * Times are epoch milliseconds, \`long\` and \`double\` are numbers, JSON text is a string. Every field but the key may be null.
 */

/** A typed column for each attribute that the workspace defines, with \`customAttributes: columns\`. */
export interface CustomAttributeColumns {
  readonly [column: \`custom_attributes_\${string}\`]: string | number | boolean | null;
}
`;

const HAS_COLUMNS = 'custom_attributes';

/** The text of the module for these tables. */
export function rowTypes(tables: readonly TableName[]): string {
  const types = tables.flatMap((table) => {
    const schema = tableSchema(table);
    return [interfaceOf(schema, 'Row', flatSchema(schema)), interfaceOf(schema, 'NestedRow', schema)];
  });
  return `${[INTRO, ...types, mapOf(tables, 'FlatRows', 'Row', 'flat'), mapOf(tables, 'NestedRows', 'NestedRow', 'nested')].join('\n')}`;
}

function interfaceOf({ name, doc }: RecordSchema, suffix: string, schema: RecordSchema): string {
  const columns = schema.fields.some((field) => field.name === HAS_COLUMNS);
  const parent = columns ? ' extends CustomAttributeColumns' : '';
  const lines = schema.fields.flatMap((field) => member(field, field === keyField(schema), '  '));
  return `/** ${doc} */\nexport interface ${name}${suffix}${parent} {\n${lines.join('\n')}\n}\n`;
}

function member(field: Field, isKey: boolean, indent: string): string[] {
  const type = typeOf(contentOf(field), indent);
  const doc = field.doc.replaceAll('*/', '*\\/');
  return [`${indent}/** ${doc} */`, `${indent}readonly ${field.name}: ${type}${isKey ? '' : ' | null'};`];
}

function typeOf(content: Content, indent: string): string {
  switch (content.kind) {
    case 'string':
    case 'json':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'list':
      return `readonly ${scalar(content.items)}[]`;
    case 'record':
      return recordOf(content.record, indent);
    case 'records':
      return `readonly ${recordOf(content.record, indent)}[]`;
    default:
      return 'number';
  }
}

function scalar(items: string): string {
  return items === 'long' || items === 'double' ? 'number' : items;
}

function recordOf({ fields }: RecordSchema, indent: string): string {
  const lines = fields.flatMap((field) => member(field, false, `${indent}  `));
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function mapOf(tables: readonly TableName[], name: string, suffix: string, form: string): string {
  const lines = tables.map((table) => `  readonly ${table}: ${tableSchema(table).name}${suffix};`);
  return `/** The rows of each table in the ${form} form. */\nexport interface ${name} {\n${lines.join('\n')}\n}\n`;
}
