/** The registry client with each version of Apicurio that it is made for: all of the client, no fake. */

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RegistryServer, type RegistryVersion, startRegistry } from '../../dev/stack.js';
import { java21 } from '../../dev/tools.mjs';
import { Registry } from '../../src/avro/registry.js';
import { NO_RULES } from '../../src/avro/rules.js';
import type { Field } from '../../src/avro/schema.js';
import type { RegistrySettings } from '../../src/model/registry.js';
import type { RawRow } from '../../src/model/row.js';
import { TableSchema } from '../../src/publisher/table-schema.js';

const V1 = record([{ name: 'id', type: 'string' }]);
const V2 = record([
  { name: 'id', type: 'string' },
  { name: 'name', type: ['null', 'string'], default: null },
]);
const INCOMPATIBLE = record([{ name: 'id', type: 'long' }]);
const INSTANCES = 8;

function record(fields: readonly object[]): string {
  return JSON.stringify({ type: 'record', name: 'Tag', namespace: 'intercom', fields });
}

const definition: RawRow = { id: 1, name: 'Shoe size', data_type: 'integer', custom: true };
const contact: RawRow = { id: '7', email: 'a@b.c', custom_attributes: { 'Shoe size': 42 } };

let server: RegistryServer;
let subjects = 0;

/** A name that no other test uses. */
const newName = () => `intercom.acme.table-${++subjects}`;

function connect(settings: Partial<RegistrySettings> = {}) {
  const warnings: string[] = [];
  const all = { url: server.url, auth: null, ssl: null, register: 'always', compatibility: 'keep' } as const;
  return { registry: new Registry({ ...all, ...settings }, (message) => warnings.push(message)), warnings };
}

/** Another client of the registry. */
async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.status, `${method} ${path}`).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

const register = (subject: string, schema: string) =>
  ask('POST', `/subjects/${subject}/versions`, { schema });
const setLevel = (subject: string, compatibility: string) =>
  ask('PUT', `/config/${subject}`, { compatibility });
const versionsOf = (subject: string) => ask('GET', `/subjects/${subject}/versions`);
const levelOf = async (subject: string) => (await ask('GET', `/config/${subject}`)).compatibilityLevel;

/** The registry's own level, for one test. */
async function setOwnLevel(compatibility: string): Promise<void> {
  onTestFinished(async () => void (await ask('PUT', '/config', { compatibility: 'NONE' })));
  await ask('PUT', '/config', { compatibility });
}

async function openContacts(registry: Registry, topic: string, definitions: readonly RawRow[]) {
  const reasons: Error[] = [];
  const schema = await TableSchema.open({
    registry,
    topic,
    table: 'contacts',
    key: 'id',
    form: 'flat',
    rules: NO_RULES,
    shaping: { shape: async () => null },
    attributes: async () => definitions,
    onWithout: (error) => reasons.push(error),
  });
  return { schema, reasons };
}

/** The row as a consumer decodes it. */
async function published(schema: TableSchema): Promise<Record<string, unknown>> {
  const shaped = schema.shape(contact, 0);
  if (!shaped.ok) throw new Error('the row can not be published');
  const bytes = schema.codec.valueOf(shaped.row);
  const type = await connect({ register: 'never' }).registry.typeOf(bytes.readUInt32BE(1));
  return type.fromBuffer(bytes.subarray(5)) as Record<string, unknown>;
}

const hasJava21 = java21() !== null;

/** Starts this version for the tests. The first start fetches it. */
function useRegistry(version: RegistryVersion): void {
  beforeAll(async () => {
    server = await startRegistry({ version });
  }, 600_000);
  afterAll(() => server?.stop());
}

describe('Apicurio 2.6', () => {
  useRegistry('2.6');
  testClient();
});

describe.skipIf(!hasJava21)('Apicurio 3.3 (needs Java 21: set JAVA21_HOME, see CONTRIBUTING.md)', () => {
  useRegistry('3.3');
  testClient();
  testVersion3();
});

function testClient(): void {
  it('registers key and value of a table, and a version for a new custom attribute', async () => {
    const topic = newName();
    const { registry, warnings } = connect();
    const { schema, reasons } = await openContacts(registry, topic, [definition]);
    expect(await published(schema)).toMatchObject({ id: '7', email: 'a@b.c' });
    expect(await schema.prepare([contact])).toBe(true);
    expect(await published(schema)).toMatchObject({ id: '7', custom_attributes_Shoe_size: 42 });
    expect(await versionsOf(`${topic}-key`)).toEqual([1]);
    expect(await versionsOf(`${topic}-value`)).toEqual([1, 2]);
    expect([await levelOf(`${topic}-key`), await levelOf(`${topic}-value`)]).toEqual([
      'BACKWARD',
      'BACKWARD',
    ]);
    expect([...warnings, ...reasons]).toEqual([]);
  });

  it('reads the columns that a table has, and registers nothing twice', async () => {
    const topic = newName();
    const { schema } = await openContacts(connect().registry, topic, [definition]);
    await schema.prepare([contact]);
    const again = await openContacts(connect().registry, topic, []);
    expect(await published(again.schema)).toMatchObject({ custom_attributes_Shoe_size: 42 });
    expect(await versionsOf(`${topic}-value`)).toEqual([1, 2]);
    const text = await connect().registry.latest(`${topic}-value`);
    const { fields } = JSON.parse(text ?? '') as { fields: Field[] };
    expect(fields.map(({ attribute }) => attribute)).toContain('Shoe size');
  });

  it.each(['NONE', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FULL', 'FULL_TRANSITIVE'])(
    'keeps the level %s of a subject, and registers columns under it',
    async (level) => {
      const subject = `${newName()}-value`;
      await register(subject, V1);
      await setLevel(subject, level);
      const { registry, warnings } = connect();
      const first = await registry.ensure(subject, V1);
      expect(await registry.ensure(subject, V2)).not.toBe(first);
      expect(await levelOf(subject)).toBe(level);
      expect(await versionsOf(subject)).toEqual([1, 2]);
      expect(warnings).toEqual([]);
    },
  );

  it('leaves a new subject with the level of the registry', async () => {
    await setOwnLevel('FULL');
    const subject = `${newName()}-value`;
    const { registry, warnings } = connect();
    await registry.ensure(subject, V1);
    await expect(registry.ensure(subject, INCOMPATIBLE)).rejects.toMatchObject({ code: 'schema-rejected' });
    // Both show NONE for a subject without a level.
    expect(await levelOf(subject)).toBe('NONE');
    expect(warnings).toEqual([]);
  });

  it('sets the level that is configured', async () => {
    const subject = `${newName()}-value`;
    await connect({ compatibility: 'FULL' }).registry.ensure(subject, V1);
    expect(await levelOf(subject)).toBe('FULL');
    await connect({ compatibility: 'NONE' }).registry.ensure(subject, INCOMPATIBLE);
    expect(await levelOf(subject)).toBe('NONE');
    expect(await versionsOf(subject)).toEqual([1, 2]);
  });

  it('only looks schemas up with register: never', async () => {
    const subject = `${newName()}-value`;
    const { registry, warnings } = connect({ register: 'never', compatibility: 'FULL' });
    const missing = { code: 'schema-rejected', message: expect.stringContaining('schemas --register') };
    await expect(registry.ensure(subject, V1)).rejects.toMatchObject(missing);
    const { id } = await register(subject, V1);
    expect(await registry.ensure(subject, V1)).toBe(id);
    await registry.verify(subject, V1);
    await expect(registry.ensure(subject, V2)).rejects.toMatchObject(missing);
    await expect(registry.verify(subject, V2)).rejects.toMatchObject(missing);
    expect(await versionsOf(subject)).toEqual([1]);
    expect(await levelOf(subject)).toBe('NONE');
    expect(warnings).toEqual([]);
  });

  it('refuses an incompatible schema with what to do, and check finds it before', async () => {
    const subject = `${newName()}-value`;
    const { registry } = connect();
    await registry.ensure(subject, V1);
    const refused = {
      code: 'schema-rejected',
      message: expect.stringMatching(
        /\(409\); the registry holds an incompatible schema; use another topics\.prefix/,
      ),
    };
    await expect(registry.verify(subject, INCOMPATIBLE)).rejects.toMatchObject(refused);
    await expect(registry.ensure(subject, INCOMPATIBLE)).rejects.toMatchObject(refused);
    await registry.verify(subject, V2);
    expect(await versionsOf(subject)).toEqual([1]);
  });

  it('refuses what is no schema', async () => {
    await expect(connect().registry.ensure(`${newName()}-value`, '{"type":"recor"}')).rejects.toMatchObject({
      code: 'schema-rejected',
      message: expect.stringMatching(/\(422, code 42201\); the registry does not accept this schema/),
    });
  });

  it('has no newest schema of an unknown subject, and no type for an unknown ID', async () => {
    const { registry } = connect();
    await registry.ping();
    expect(await registry.latest(`${newName()}-value`)).toBeNull();
    await expect(registry.typeOf(987_654)).rejects.toMatchObject({
      code: 'registry-unreachable',
      message: expect.stringMatching(
        /reading schema 987654 failed.*404.*check that schemaRegistry\.url is the registry/,
      ),
    });
  });

  it.each(['/apis/ccompat', '/apis/ccompat/v7/nonsense', ''])(
    'names schemaRegistry.url when it ends with "%s"',
    async (path) => {
      for (const register of ['always', 'never'] as const) {
        const { registry } = connect({ url: `${server.baseUrl}${path}`, register });
        await expect(registry.ensure(`${newName()}-value`, V1)).rejects.toMatchObject({
          code: 'registry-unreachable',
          message: expect.stringContaining('check schemaRegistry.url'),
        });
      }
    },
  );

  it(`serves ${INSTANCES} instances that start at once, without a warning`, async () => {
    const subject = `${newName()}-value`;
    const instances = Array.from({ length: INSTANCES }, () => connect());
    const ids = await Promise.all(instances.map(({ registry }) => registry.ensure(subject, V1)));
    const types = ids.map((id) => connect().registry.typeOf(id));
    for (const type of types)
      expect((await type).fromBuffer(Buffer.from([4, 0x68, 0x69]))).toMatchObject({ id: 'hi' });
    expect(await levelOf(subject)).toBe('BACKWARD');
    expect(instances.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('registers a subject again that was deleted', async () => {
    const subject = `${newName()}-value`;
    await connect().registry.ensure(subject, V1);
    await ask('DELETE', `/subjects/${subject}`);
    const { registry, warnings } = connect();
    expect(await registry.latest(subject)).toBeNull();
    await registry.verify(subject, V1);
    const id = await registry.ensure(subject, V1);
    expect(await registry.latest(subject)).toBe(V1);
    await registry.typeOf(id);
    expect(await levelOf(subject)).toBe('BACKWARD');
    expect(warnings).toEqual([]);
  });

  it('keeps its IDs and levels when the registry is killed', async () => {
    const subject = `${newName()}-value`;
    const id = await connect().registry.ensure(subject, V1);
    server.kill();
    await server.restart();
    expect(await connect().registry.ensure(subject, V1)).toBe(id);
    expect(await levelOf(subject)).toBe('BACKWARD');
  });
}

function testVersion3(): void {
  it('sets the level NONE on a subject without one where the registry has another', async () => {
    const subject = `${newName()}-value`;
    await register(subject, V1);
    await setOwnLevel('FULL');
    const { registry, warnings } = connect({ compatibility: 'NONE' });
    await registry.ensure(subject, INCOMPATIBLE);
    expect(await versionsOf(subject)).toEqual([1, 2]);
    expect(warnings).toEqual([]);
  });

  /** Makes the storage read-only, or writable again, and waits until the registry knows. */
  async function setMode(mode: 'READONLY' | 'READWRITE'): Promise<void> {
    const path = '/apis/registry/v3/admin/config/properties/apicurio.storage.read-only.enabled';
    const response = await fetch(`${server.baseUrl}${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ value: String(mode === 'READONLY') }),
    });
    expect(response.status).toBe(204);
    await expect.poll(async () => (await ask('GET', '/mode')).mode, { timeout: 60_000 }).toBe(mode);
  }

  it('serves what it has while it is locked, and the rest is refused as locked, not as incompatible', async () => {
    const subject = `${newName()}-value`;
    const id = await connect().registry.ensure(subject, V1);
    await setMode('READONLY');
    const { registry, warnings } = connect();
    expect(await registry.ensure(subject, V1)).toBe(id);
    await registry.verify(subject, V1);
    const locked = { code: 'schema-rejected', message: expect.stringContaining('the registry is locked') };
    for (const name of [subject, `${newName()}-value`]) {
      await expect(registry.ensure(name, V2)).rejects.toMatchObject(locked);
      await expect(registry.verify(name, V2)).rejects.toMatchObject(locked);
    }
    expect(warnings).toEqual([]);
    await setMode('READWRITE');
    await registry.ensure(subject, V2);
    expect(await versionsOf(subject)).toEqual([1, 2]);
  });
}
