/** The reference of all tables as Markdown: docs/tables.md, compared in the tests. */

import { contentOf, type Field, type RecordSchema, tableSchema } from '../../src/avro/schema.js';
import { typeText } from '../../src/avro/type-text.js';
import { replicationKeyOf, type Table } from '../../src/model/table.js';
import { ALL_TABLE_NAMES, isDefault, type TableName } from '../../src/model/table-names.js';

const INTRO = `# Tables and fields

Generated from \`avro/\`; \`intercom-kafka catalog\` shows the same for a connection, with the custom attributes of its workspace.

Every field except the key is nullable. Times are epoch milliseconds (\`timestamp-millis\`), IDs and enumerations are strings, whole numbers are
\`long\`. **Field** is the path in the nested form, which \`exclude\` and \`hash\` accept too. **Flat** is the column in the flat form, or the
column whose JSON text contains the field. \`_extra\` contains, as JSON, what no field can hold.

**Times.** A number from -253402300799 to 253402300799 (the last second of the year 9999) is epoch seconds, with or without a fraction. A number beyond that is epoch
milliseconds, which therefore begin in January 1978. A number in a text counts as the number. Any other text is ISO 8601; without a zone it is UTC. A time that does not
exist (\`2024-02-30\`, \`24:00\`) goes to \`_extra\`, and its field is null. For a time finer than a millisecond, the field holds the milliseconds and \`_extra\` the
original. The same rule holds for the columns of custom attributes of type date; \`custom_attributes\` always holds the value as it was sent.

**No value changes silently.** A value that its field can't hold exactly goes to \`_extra\` as it was sent: a fraction in a \`long\`, a number beyond 2^53, a text that does not
print like the number in it, an object where a text is expected. A field accepts a value of another type only where both print the same: 12 and \`"12"\`, true and \`"true"\`.
The number 0 as an assignee means none.

With \`customAttributes: columns\`, contacts, companies and conversations have one more field \`custom_attributes_<name>\` for each
attribute that the workspace defines: string, long, double, boolean or time.

**On by default:** ${listed(ALL_TABLE_NAMES.filter(isDefault))}.

**Off by default**, and not part of Stitch's integration: ${listed(ALL_TABLE_NAMES.filter((name) => !isDefault(name)))}.
To replicate them, name them in a connection's \`tables\`, together with all other tables that you want: only named tables are replicated then. Deleted
tickets, articles, macros and collections become tombstones like other rows (tickets by \`deletes.reconcile\`).
`;

function listed(names: readonly TableName[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

type ReferredTable = Pick<Table<never>, 'name' | 'method' | 'key' | 'replicationKey'>;

/** The page for these tables. */
export function tablesReference(tables: readonly ReferredTable[]): string {
  return [INTRO, ...tables.map(section)].join('\n');
}

function section(table: ReferredTable): string {
  const { name, method, key } = table;
  const schema = tableSchema(name);
  const column = replicationKeyOf(table);
  const replicationKey = column === null ? '' : `, replication key \`${column}\``;
  const rows = rowsOf(schema, '', '', null);
  return [
    `## ${name}`,
    '',
    `${schema.doc} Replicated ${method === 'incremental' ? 'incrementally' : 'as a full table'}, key \`${key}\`${replicationKey}.`,
    '',
    '| Field | Type | Flat | Meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** `column`: the column whose JSON text holds the fields, or null where they are columns themselves. */
function rowsOf(record: RecordSchema, path: string, prefix: string, column: string | null): string[] {
  return record.fields.flatMap((field) => {
    const at = `${path}${field.name}`;
    const name = `${prefix}${field.name}`;
    const content = contentOf(field);
    const isRecord = content.kind === 'record' && column === null;
    const flat = column === null ? (isRecord ? `\`${name}_…\`` : `\`${name}\``) : `in \`${column}\``;
    const row = line(field, at, flat);
    if (content.kind !== 'record' && content.kind !== 'records') return [row];
    const holder = column ?? (content.kind === 'records' ? name : null);
    return [row, ...rowsOf(content.record, `${at}.`, `${name}_`, holder)];
  });
}

function line(field: Field, path: string, flat: string): string {
  return `| \`${path}\` | ${typeText(field)} | ${flat} | ${field.doc.replaceAll('|', '\\|')} |`;
}
