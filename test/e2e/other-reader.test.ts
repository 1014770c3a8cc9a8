import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import { missingFrom } from '../support/lossless.js';
import { Project } from '../support/project.js';

const run = promisify(execFile);
const READER = fileURLToPath(new URL('../support/read_topic.py', import.meta.url));
const PACKAGES = ['confluent-kafka==2.16.1', 'fastavro==1.13.1'];
const VENV = fileURLToPath(new URL('../../.dev/python', import.meta.url));

interface ReadRecord {
  readonly key: Readonly<Record<string, string>>;
  readonly value: Readonly<Record<string, unknown>> | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly rightPartition: boolean;
}

/** A Python with the packages, made once. */
async function python(): Promise<string> {
  const binary = `${VENV}/bin/python`;
  if (!existsSync(`${VENV}/ready`)) {
    await run('python3', ['-m', 'venv', VENV]);
    await run(binary, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
    await run('touch', [`${VENV}/ready`]);
  }
  return binary;
}

describe('a reader that shares no code with the publisher (Python: librdkafka and fastavro)', () => {
  let project: Project;
  let binary: string;

  beforeAll(async () => {
    binary = await python();
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
      const args = [READER, inject('brokers').join(','), inject('registryUrl'), project.topic(table)];
      const { stdout } = await run(binary, args, { maxBuffer: 256 * 1024 * 1024 });
      const records = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as ReadRecord);
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
});

/** What tells rows apart, also attributes that have no ID. */
function identity(row: Readonly<Record<string, unknown>>): string {
  return `${String(row.id ?? '')} ${String(row.full_name ?? '')}`;
}
