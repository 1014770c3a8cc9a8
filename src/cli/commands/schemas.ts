/** `schemas`: prints or exports the Avro schemas of every table. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { keySchemaText, type ValueForm, valueSchema } from '../../avro/codec.js';
import type { CustomColumn } from '../../avro/custom-attributes.js';
import { publishedText } from '../../avro/published.js';
import { Registry } from '../../avro/registry.js';
import type { Config, ConnectionConfig } from '../../config/config.js';
import { messageOf, PublisherError } from '../../model/errors.js';
import type { TableName } from '../../model/table-names.js';
import { publishedTables } from '../../publisher/published-table.js';
import { currentColumns } from '../../publisher/table-schema.js';
import { ALL_TABLES } from '../../tables/all.js';
import { type CommonOptions, printResult, readConfig, withCommonOptions } from '../context.js';
import { customColumns } from '../custom-columns.js';
import { EXIT } from '../exit.js';
import { printRemark } from '../remarks.js';

interface SchemasOptions extends CommonOptions {
  readonly export?: string;
  readonly register?: boolean;
}

const FORMS: readonly ValueForm[] = ['flat', 'nested'];

export function schemasCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('schemas'))
    .description('print, export or register the Avro schemas of every table')
    .option('--export <dir>', 'write them to files in this folder, both forms')
    .option('--register', 'register them for every connection of the configuration')
    .action(async (options: SchemasOptions) => finish(await schemas(options)));
}

async function schemas(options: SchemasOptions): Promise<number> {
  if (options.export !== undefined) await exportTo(options.export);
  if (options.register === true) await register(options);
  if (options.export === undefined && options.register !== true) printResult(JSON.stringify(all(), null, 2));
  return EXIT.done;
}

function all() {
  return ALL_TABLES.map(({ name, key }) => ({
    table: name,
    key: JSON.parse(keySchemaText(name, key)),
    ...Object.fromEntries(FORMS.map((form) => [form, JSON.parse(publishedText(valueSchema(name, form)))])),
  }));
}

async function exportTo(dir: string): Promise<void> {
  try {
    for (const form of FORMS) {
      await mkdir(join(dir, form), { recursive: true });
      for (const { name } of ALL_TABLES)
        await writeSchema(join(dir, form, `${name}.avsc`), publishedText(valueSchema(name, form)));
    }
    await mkdir(join(dir, 'key'), { recursive: true });
    for (const { name, key } of ALL_TABLES)
      await writeSchema(join(dir, 'key', `${name}.avsc`), keySchemaText(name, key));
  } catch (cause) {
    const why = messageOf(cause);
    throw new PublisherError('usage-invalid', `--export ${dir}: can't write there: ${why}`, { cause });
  }
  printRemark(`wrote the schemas of ${ALL_TABLES.length} tables to ${dir}`);
}

async function writeSchema(file: string, text: string): Promise<void> {
  await writeFile(file, `${JSON.stringify(JSON.parse(text), null, 2)}\n`);
}

/**
 * Registers what a first run would, whatever `schemaRegistry.register` says: columns for new custom attributes
 * included.
 */
async function register(options: SchemasOptions): Promise<void> {
  const config = await readConfig(options);
  const registry = new Registry(config.schemaRegistry, printRemark);
  for (const connection of config.connections) {
    const tables = publishedTables(config, connection);
    const columns = await columnsOf(config, connection, registry);
    for (const { table, topic, rules } of tables) {
      const keyId = await registry.register(`${topic}-key`, keySchemaText(table.name, table.key));
      const adaptation = { rules, columns: columns.get(table.name) ?? [] };
      const schema = valueSchema(table.name, connection.values, adaptation);
      const valueId = await registry.register(`${topic}-value`, publishedText(schema));
      printResult(
        options.json === true
          ? JSON.stringify({ topic, keyId, valueId })
          : `${topic}  key ${keyId}  value ${valueId}`,
      );
    }
  }
}

/** The columns that the tables have so far, and those for new attributes when the workspace can be asked. */
async function columnsOf(config: Config, connection: ConnectionConfig, registry: Registry) {
  const before = new Map<TableName, readonly CustomColumn[]>();
  for (const published of publishedTables(config, connection))
    before.set(published.table.name, await currentColumns(registry, published));
  return new Map([...before, ...(await customColumns(config, connection, before))]);
}
