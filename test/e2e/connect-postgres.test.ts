/**
 * The example for PostgreSQL as it stands: Kafka Connect, Apicurio's converter, Debezium's sink, and every
 * row compared.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  type ConnectServer,
  filledIn,
  type PostgresServer,
  startConnect,
  startPostgres,
} from '../../dev/stack.js';
import { TABLE_NAMES, type TableName } from '../../src/model/table-names.js';
import type { Row } from '../../src/simulator/collection.js';
import { startCommand } from '../support/command.js';
import { createConnector, failureOf } from '../support/connect.js';
import { missingFrom } from '../support/lossless.js';
import { Project } from '../support/project.js';

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/connect-postgres/${name}`, import.meta.url));
const COUNTS = { contacts: 260, companies: 40, conversations: 30, parts: 4, customAttributes: 8 };

let postgres: PostgresServer;
let worker: ConnectServer;
let project: Project;
let database: pg.Pool;

beforeAll(async () => {
  postgres = await startPostgres();
  database = new pg.Pool({
    host: '127.0.0.1',
    port: postgres.port,
    user: postgres.user,
    database: 'postgres',
  });
  // Times are without a zone in the tables, and mean UTC.
  pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => Date.parse(`${text.replace(' ', 'T')}Z`));
  pg.types.setTypeParser(pg.types.builtins.JSONB, (text) => text);
  pg.types.setTypeParser(pg.types.builtins.JSON, (text) => text);
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS, scrollExpirySeconds: 2 },
    connection: { deletes: { reconcile: '* * * * * *' } },
  });
  await project.cycle();
  worker = await startConnect({
    properties: example('worker.properties'),
    replace: {
      'localhost:9092': inject('brokers').join(','),
      'http://localhost:8081/apis/registry/v2': inject('registryUrl').replace(
        '/apis/ccompat/v7',
        '/apis/registry/v2',
      ),
      'intercom-connect': `connect-${project.prefix}`,
    },
  });
  const connector = filledIn(await readFile(example('connector.json'), 'utf8'), {
    'intercom\\\\.acme': `${project.prefix}\\\\.acme`,
    'jdbc:postgresql://localhost:5432/warehouse': `jdbc:postgresql://127.0.0.1:${postgres.port}/postgres`,
    '"connection.username": "warehouse"': `"connection.username": "${postgres.user}"`,
    // What arrives later must be seen within the test's patience.
    '"consumer.override.metadata.max.age.ms": "10000"': '"consumer.override.metadata.max.age.ms": "2000"',
  });
  await createConnector(worker, connector);
}, 180_000);
afterAll(async () => {
  await worker?.stop();
  await database?.end();
  await postgres?.server.stop();
  await project?.close();
});

async function rowsOf(table: TableName): Promise<Map<string, Row>> {
  const key = table.endsWith('_attributes') ? '_sdc_record_hash' : 'id';
  const { rows } = await database.query<Row>(`select * from "${table}"`);
  return new Map(rows.map((row) => [String(row[key]), row]));
}

/** Columns that have the sink's own spelling of what the topic says, in the topic's again. */
function asPublished(row: Row): Row {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === 'string' && /^-?\d+$/.test(value) && !isText(name) ? Number(value) : value,
  ]);
  return Object.fromEntries(entries) as Row;
}

/** Whole numbers of 64 bits come as text from the driver. */
const isText = (name: string) => /(^|_)id$|_id_|version|external/.test(name);

/** What of the workspace is not in the database, and what is in the database beside it. */
async function differences(): Promise<string[]> {
  const failure = await failureOf(worker, 'intercom-acme-postgres');
  if (failure !== null) throw new Error(failure);
  const all = await Promise.all(
    TABLE_NAMES.map(async (table) => {
      const rows = await rowsOf(table).catch((error: Error) => error);
      if (rows instanceof Error) return [`${table}: ${rows.message}`];
      const expected = [...project.simulator.workspace.rows(table)];
      if (rows.size !== expected.length) return [`${table}: ${rows.size} rows for ${expected.length}`];
      if (table.endsWith('_attributes')) return [];
      return expected.flatMap((row) => {
        const stored = rows.get(String(row.id));
        return stored === undefined
          ? [`${table} ${String(row.id)}: missing`]
          : missingFrom(row, asPublished(stored)).map((problem) => `${table} ${String(row.id)} ${problem}`);
      });
    }),
  );
  return all.flat();
}

const expectSame = () => expect.poll(differences, { timeout: 50_000, interval: 500 }).toEqual([]);

it('the file sink writes a line for each row', async () => {
  const lines = join(worker.dir, 'tags.txt');
  const connector = filledIn(await readFile(example('../connect-file/connector.json'), 'utf8'), {
    'intercom.acme': `${project.prefix}.acme`,
    '/tmp/intercom-acme-tags.txt': lines,
  });
  await createConnector(worker, connector);
  const tags = [...project.simulator.workspace.rows('tags')].map(({ name }) => `name=${String(name)}`);
  const written = async () => {
    const failure = await failureOf(worker, 'intercom-acme-file');
    if (failure !== null) throw new Error(failure);
    return (await readFile(lines, 'utf8').catch(() => '')).trim().split('\n');
  };
  await expect.poll(async () => (await written()).length, { timeout: 30_000 }).toBe(tags.length);
  for (const tag of tags) expect((await written()).join('\n')).toContain(tag);
});

describe('the tables in PostgreSQL are the workspace', () => {
  it('after the first cycle', expectSame);

  it('with the natural types', async () => {
    const { rows } = await database.query<{ column: string; type: string }>(
      `select table_name || '.' || column_name as column, data_type as type from information_schema.columns where table_schema = 'public'`,
    );
    const types = new Map(rows.map(({ column, type }) => [column, type]));
    expect(types.get('contacts.created_at')).toBe('timestamp without time zone');
    expect(types.get('contacts.custom_attributes')).toBe('jsonb');
    expect(types.get('contacts.has_hard_bounced')).toBe('boolean');
    expect(types.get('companies.user_count')).toBe('bigint');
    expect(types.get('companies.monthly_spend')).toBe('double precision');
    expect(types.get('admins.team_ids')).toBe('ARRAY');
    expect([...types.keys()].some((column) => column.startsWith('dead_letters'))).toBe(false);
  });

  it('after updates and deletes', async () => {
    const { workspace } = project.simulator;
    const some = (table: 'contacts' | 'companies' | 'conversations') =>
      [...workspace.rows(table)].slice(0, 6).map(({ id }) => String(id));
    const [contacts, companies, conversations] = [some('contacts'), some('companies'), some('conversations')];
    for (const id of contacts.slice(0, 3))
      workspace.update('contacts', id, { name: 'Zoë ✓ "quoted"', phone: null });
    workspace.remove('contacts', contacts[3] ?? '');
    workspace.mergeContacts(contacts[4] ?? '', contacts[5] ?? '');
    for (const id of companies.slice(0, 3)) workspace.remove('companies', id);
    workspace.remove('conversations', conversations[0] ?? '');
    workspace.addPart(conversations[1] ?? '', { body: '<p>новый</p>' });
    await project.cycle();
    await expectSame();
  });

  it('after a new custom attribute, which is a new column', async () => {
    const { workspace } = project.simulator;
    workspace.create('contact_attributes', {
      name: 'Shoe size',
      full_name: 'custom_attributes.Shoe size',
      data_type: 'float',
      custom: true,
    });
    const [contact] = workspace.rows('contacts');
    workspace.update('contacts', String(contact?.id), { custom_attributes: { 'Shoe size': 42.5 } });
    await project.cycle();
    await expectSame();
    const { rows } = await database.query(
      'select custom_attributes_Shoe_size as size from contacts where id = $1',
      [String(contact?.id)],
    );
    expect(rows).toEqual([{ size: 42.5 }]);
  });

  it('after a crash of the publisher midway, and past a transaction that was left open', async () => {
    const { simulator } = project;
    simulator.workspace.touchMany('contacts', 200, { name: 'after the crash' });
    simulator.faults.inject({ kind: 'hang', match: 'POST /conversations/search', times: 1 });
    const running = startCommand(['run', '--once', '--config', project.config, '--log-level', 'debug']);
    await running.until('page committed');
    running.process.kill('SIGKILL');
    await running.finished;
    // As a publisher leaves it that dies between a send and its commit; the next one aborts it.
    const producer = project.kafka.producer({
      transactionalId: `${project.prefix}.acme`,
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({
      topic: project.topic('contacts'),
      messages: [{ key: Buffer.from('never committed'), value: Buffer.from('nobody can decode this') }],
    });
    await producer.disconnect();
    simulator.faults.clear();
    await project.cycle();
    await expectSame();
  });
});
