/** `catalog`: what is replicated, where to, and with which fields. */

import type { Command } from 'commander';
import { valueSchema } from '../../avro/codec.js';
import { typeText } from '../../avro/type-text.js';
import type { Config, ConnectionConfig } from '../../config/config.js';
import { tableTopic } from '../../kafka/topics.js';
import { asPublisherError } from '../../model/errors.js';
import { Events } from '../../model/events.js';
import type { RawRow } from '../../model/row.js';
import { openApi } from '../../publisher/api.js';
import { tablesOf } from '../../publisher/session.js';
import { companyAttributes, contactAttributes } from '../../tables/attributes.js';
import { type CommonOptions, printRemark, printResult, readConfig, withCommonOptions } from '../context.js';
import { EXIT } from '../exit.js';
import { layOut } from '../table.js';
import { connectionOf } from './preview.js';

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
  withCommonOptions(program.command('catalog'))
    .description('list the tables with their methods, keys, topics and fields')
    .argument('[connection]', 'only this connection')
    .action(async (name: string | undefined, options: CommonOptions) => finish(await catalog(name, options)));
}

async function catalog(name: string | undefined, options: CommonOptions): Promise<number> {
  const config = await readConfig(options);
  const connections = name === undefined ? config.connections : [connectionOf(config, name)];
  const tables: CatalogTable[] = [];
  for (const connection of connections) tables.push(...(await tablesIn(config, connection)));
  printResult(options.json === true ? JSON.stringify(tables, null, 2) : render(tables));
  return EXIT.done;
}

async function tablesIn(config: Config, connection: ConnectionConfig): Promise<CatalogTable[]> {
  const custom = await customAttributes(connection);
  return tablesOf(connection).map(({ name, method, key }) => ({
    connection: connection.name,
    table: name,
    method,
    key,
    replicationKey: method === 'incremental' ? 'updated_at' : null,
    topic: tableTopic(config.topics.prefix, connection.name, name),
    fields: [
      ...valueSchema(name, connection.values).fields.map((field) => ({
        name: field.name,
        type: typeText(field),
        doc: field.doc,
      })),
      ...(custom.get(name) ?? []),
    ],
  }));
}

/** The custom attributes that the workspace defines, by table; none, with a remark, when it can't be asked. */
async function customAttributes(connection: ConnectionConfig): Promise<Map<string, CatalogField[]>> {
  try {
    const { api, transport } = await openApi(connection, new Events(), new AbortController().signal, 1);
    try {
      const window = { from: 0, to: null };
      const fields = new Map<string, CatalogField[]>();
      for (const [table, attributes] of [
        ['companies', companyAttributes],
        ['contacts', contactAttributes],
      ] as const) {
        const rows: RawRow[] = [];
        for await (const page of attributes.pull(api, window)) rows.push(...page.rows);
        fields.set(table, rows.filter(({ custom }) => custom === true).map(asField));
      }
      return fields;
    } finally {
      await transport.close();
    }
  } catch (error) {
    printRemark(`${connection.name}: custom attributes are left out: ${asPublisherError(error).message}`);
    return new Map();
  }
}

function asField({ name, data_type: type, description }: RawRow): CatalogField {
  return {
    name: `custom_attributes.${String(name)}`,
    type: `${String(type)} in JSON`,
    doc: typeof description === 'string' ? description : '',
  };
}

function render(tables: readonly CatalogTable[]): string {
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
    const rows = fields.map(({ name, type }) => [`  ${name}`, type]);
    return `\n${topic}\n${layOut(['  FIELD', 'TYPE'], rows)}`;
  });
  return [overview, ...details].join('\n');
}
