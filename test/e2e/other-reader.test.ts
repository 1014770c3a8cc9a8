import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectJars, connectPlugins, fetchConnect } from '../../dev/fetch.js';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import { printedRecords } from '../support/librdkafka.js';
import { missingFrom } from '../support/lossless.js';
import { Project } from '../support/project.js';
import { python } from '../support/python.js';

const run = promisify(execFile);

describe('readers that share no code with the publisher', () => {
  let project: Project;

  beforeAll(async () => {
    await python();
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 300, companies: 120, conversations: 80, parts: 3 }, hostile: true },
    });
    await project.cycle();
  }, 180_000);
  afterAll(() => project.close());

  it.each(TABLE_NAMES)(
    'finds every row of %s, decoded and in the partition that Java would choose',
    async (table) => {
      const records = await printedRecords({
        brokers: inject('brokers'),
        registryUrl: inject('registryUrl'),
        topic: project.topic(table),
      });
      const rows = [...project.simulator.workspace.rows(table)];
      expect(records).toHaveLength(rows.length);
      expect(records.every(({ rightPartition }) => rightPartition)).toBe(true);
      const keyName = table.endsWith('_attributes') ? '_sdc_record_hash' : 'id';
      const byIdentity = new Map(records.map(({ value }) => [identity(value ?? {}), value]));
      for (const { key, value } of records) expect(key).toEqual({ [keyName]: value?.[keyName] });
      for (const row of rows)
        expect(missingFrom(row, byIdentity.get(identity(row)) ?? {}), identity(row)).toEqual([]);
    },
  );

  it('find every contact with the classes of Java, by Kafka’s console consumer and Apicurio’s deserializer', async () => {
    const rows = [...project.simulator.workspace.rows('contacts')];
    const read = new Map(await readWithJava(project.topic('contacts')));
    expect(read.size).toBe(rows.length);
    for (const row of rows) {
      const value = read.get(`{"id": "${String(row.id)}"}`);
      expect(value).toContain(`"id": "${String(row.id)}"`);
      expect(value).toContain(`"role": "${String(row.role)}"`);
    }
  }, 120_000);
});

/**
 * Reads a topic with Kafka's own console consumer and Apicurio's deserializer; keys and values as it prints
 * them.
 */
async function readWithJava(topic: string): Promise<(readonly [string, string])[]> {
  await fetchConnect();
  const deserializer = 'io.apicurio.registry.serde.avro.AvroKafkaDeserializer';
  const registry = inject('registryUrl').replace('/apis/ccompat/v7', '/apis/registry/v2');
  const settings = { url: registry, 'as-confluent': 'true', 'use-id': 'contentId' };
  const properties = ['key', 'value'].flatMap((part) =>
    Object.entries(settings).flatMap(([name, value]) => [
      '--property',
      `${part}.deserializer.apicurio.registry.${name}=${value}`,
    ]),
  );
  const classes = `${connectPlugins()}/apicurio-converter/*:${connectJars()}/*`;
  const { stdout } = await run(
    'java',
    [
      ...['-cp', classes, 'org.apache.kafka.tools.consumer.ConsoleConsumer'],
      ...['--bootstrap-server', inject('brokers').join(','), '--topic', topic, '--from-beginning'],
      ...['--timeout-ms', '5000', '--isolation-level', 'read_committed', '--property', 'print.key=true'],
      ...['--key-deserializer', deserializer, '--value-deserializer', deserializer, ...properties],
    ],
    { maxBuffer: 256 * 1024 * 1024 },
  );
  const lines = stdout.split('\n').filter((line) => line.includes('\t'));
  return lines.map(
    (line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)] as const,
  );
}

/** What tells rows apart, also attributes that have no ID. */
function identity(row: Readonly<Record<string, unknown>>): string {
  return `${String(row.id ?? '')} ${String(row.full_name ?? '')}`;
}
