/** `catalog`: lists the replicated tables with their topics and fields. */

import type { Command } from 'commander';
import { valueSchema } from '../../avro/codec.js';
import { CUSTOM_ATTRIBUTES, type CustomColumn } from '../../avro/custom-attributes.js';
import { typeText } from '../../avro/type-text.js';
import type { Config, ConnectionConfig } from '../../config/config.js';
import { replicationKeyOf } from '../../model/table.js';
import { publishedTables } from '../../publisher/published-table.js';
import { asyncApiDocument, type DescribedTable } from '../asyncapi.js';
import { type CommonOptions, printResult, readConfig, withCommonOptions, withRawOption } from '../context.js';
import { customColumns } from '../custom-columns.js';
import { EXIT } from '../exit.js';
import { connectionOf } from '../selection.js';
import { layOut } from '../table.js';

interface CatalogOptions extends CommonOptions {
  readonly asyncapi?: boolean;
  readonly raw?: boolean;
}

interface CatalogField {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

interface CatalogTable {
  readonly connection: string;
  readonly table: string;
  readonly method: string;
  readonly key: string;
  readonly replicationKey: string | null;
  readonly topic: string;
  readonly fields: readonly CatalogField[];
}

export function catalogCommand(program: Command, finish: (code: number) => void): void {
  withRawOption(withCommonOptions(program.command('catalog')))
    .description('list the tables with their methods, keys, topics and fields')
    .argument('[connection]', 'only this connection')
    .option('--asyncapi', 'print an AsyncAPI 3 document of the topics and their schemas, as JSON')
    .action(async (name: string | undefined, options: CatalogOptions) =>
      finish(await catalog(name, options, program.version() ?? '')),
    );
}

async function catalog(name: string | undefined, options: CatalogOptions, version: string): Promise<number> {
  const config = await readConfig(options);
  const connections = name === undefined ? config.connections : [connectionOf(config, name)];
  const tables: TableWithColumns[] = [];
  for (const connection of connections) tables.push(...(await tablesIn(config, connection)));
  if (options.asyncapi === true)
    printResult(JSON.stringify(asyncApiDocument(config, tables, version), null, 2));
  else printCatalog(tables.map(catalogTable), options);
  return EXIT.done;
}

function printCatalog(tables: readonly CatalogTable[], options: CatalogOptions): void {
  printResult(options.json === true ? JSON.stringify(tables, null, 2) : render(tables, options.raw === true));
}

/** A table with the columns for custom attributes; they are JSON alone where `isTyped` is false. */
interface TableWithColumns extends DescribedTable {
  readonly custom: readonly CustomColumn[];
  readonly isTyped: boolean;
}

async function tablesIn(config: Config, connection: ConnectionConfig): Promise<TableWithColumns[]> {
  const columns = await customColumns(config, { ...connection, customAttributes: 'columns' });
  const isTyped = connection.customAttributes === 'columns';
  return publishedTables(config, connection).map((published) => {
    const { table, rules } = published;
    const custom = columns.get(table.name) ?? [];
    const adaptation = { rules, columns: isTyped ? custom : [] };
    return { published, schema: valueSchema(table.name, connection.values, adaptation), custom, isTyped };
  });
}

function catalogTable({ published, schema, custom, isTyped }: TableWithColumns): CatalogTable {
  const { connection, table, topic } = published;
  const { name, method, key } = table;
  return {
    connection: connection.name,
    table: name,
    method,
    key,
    replicationKey: replicationKeyOf(table),
    topic,
    fields: [
      ...schema.fields.map((field) => ({ name: field.name, type: typeText(field), doc: field.doc })),
      ...(isTyped ? [] : custom.map(inJson)),
    ],
  };
}

function inJson({ attribute, kind }: CustomColumn): CatalogField {
  return { name: `${CUSTOM_ATTRIBUTES}.${attribute}`, type: `${kind} in JSON`, doc: '' };
}

/** How `preview` and `replay` show a field of this type without `--raw`. */
const SHOWN: Readonly<Record<string, string>> = { 'time (ms)': 'time (ISO 8601)', 'JSON text': 'JSON' };

function render(tables: readonly CatalogTable[], isRaw: boolean): string {
  const overview = layOut(
    ['CONNECTION', 'TABLE', 'METHOD', 'KEY', 'REPLICATION KEY', 'TOPIC', 'FIELDS'],
    tables.map((each) => [
      each.connection,
      each.table,
      each.method,
      each.key,
      each.replicationKey,
      each.topic,
      each.fields.length,
    ]),
  );
  const details = tables.map(({ topic, fields }) => {
    const rows = fields.map(({ name, type }) => [`  ${name}`, isRaw ? type : (SHOWN[type] ?? type)]);
    return `\n${topic}\n${layOut(['  FIELD', 'TYPE'], rows)}`;
  });
  return [overview, ...details].join('\n');
}
