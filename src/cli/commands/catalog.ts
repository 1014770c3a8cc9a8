/** `catalog`: lists the replicated tables with their topics and fields. */

import type { Command } from 'commander';
import { valueSchema } from '../../avro/codec.js';
import { CUSTOM_ATTRIBUTES, type CustomColumn } from '../../avro/custom-attributes.js';
import { typeText } from '../../avro/type-text.js';
import type { Config, ConnectionConfig } from '../../config/config.js';
import { replicationKeyOf } from '../../model/table.js';
import { publishedTables } from '../../publisher/published-table.js';
import { type CommonOptions, printResult, readConfig, withCommonOptions, withRawOption } from '../context.js';
import { customColumns } from '../custom-columns.js';
import { EXIT } from '../exit.js';
import { connectionOf } from '../selection.js';
import { layOut } from '../table.js';

interface CatalogOptions extends CommonOptions {
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
    .action(async (name: string | undefined, options: CatalogOptions) =>
      finish(await catalog(name, options)),
    );
}

async function catalog(name: string | undefined, options: CatalogOptions): Promise<number> {
  const config = await readConfig(options);
  const connections = name === undefined ? config.connections : [connectionOf(config, name)];
  const tables: CatalogTable[] = [];
  for (const connection of connections) tables.push(...(await tablesIn(config, connection)));
  printResult(options.json === true ? JSON.stringify(tables, null, 2) : render(tables, options.raw === true));
  return EXIT.done;
}

async function tablesIn(config: Config, connection: ConnectionConfig): Promise<CatalogTable[]> {
  const columns = await customColumns(config, { ...connection, customAttributes: 'columns' });
  return publishedTables(config, connection).map(({ table, topic, rules }) => {
    const { name, method, key } = table;
    const custom = columns.get(name) ?? [];
    const isTyped = connection.customAttributes === 'columns';
    const adaptation = { rules, columns: isTyped ? custom : [] };
    return {
      connection: connection.name,
      table: name,
      method,
      key,
      replicationKey: replicationKeyOf(table),
      topic,
      fields: [
        ...valueSchema(name, connection.values, adaptation).fields.map((field) => ({
          name: field.name,
          type: typeText(field),
          doc: field.doc,
        })),
        ...(isTyped ? [] : custom.map(inJson)),
      ],
    };
  });
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
