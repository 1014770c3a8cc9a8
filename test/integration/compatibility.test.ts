/** Compatibility levels and registries that accept little, with a real registry. */

import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Field } from '../../src/avro/schema.js';
import type { Row } from '../../src/simulator/collection.js';
import { type Guard, startGuard } from '../support/fronts.js';
import { Project } from '../support/project.js';

const options = {
  brokers: inject('brokers'),
  registryUrl: inject('registryUrl'),
  simulator: { counts: { contacts: 3, companies: 0, conversations: 0, customAttributes: 4 } },
  connection: { tables: { tags: {} } },
};
let project: Project;

beforeEach(async () => {
  project = await Project.open(options);
});
afterEach(() => project.close());

const subject = (table: 'tags' | 'contacts' = 'tags') => `${project.topic(table)}-value`;

function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${inject('registryUrl')}${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const register = (schema: object) =>
  ask('POST', `/subjects/${subject()}/versions`, { schema: JSON.stringify(schema) });

async function levelOf(name: string): Promise<unknown> {
  return ((await (await ask('GET', `/config/${name}`)).json()) as Record<string, unknown>).compatibilityLevel;
}

async function versionsOf(name: string): Promise<unknown> {
  return await (await ask('GET', `/subjects/${name}/versions`)).json();
}

async function newestFields(table: 'contacts'): Promise<Field[]> {
  const newest = await (await ask('GET', `/subjects/${subject(table)}/versions/latest`)).json();
  return (JSON.parse((newest as { schema: string }).schema) as { fields: Field[] }).fields;
}

/** The project behind a front that refuses what `forbids` says. */
async function guarded(
  forbids: Guard['forbids'],
  { connection = options.connection, ...registry }: Record<string, unknown> & { connection?: object } = {},
): Promise<Guard> {
  const guard = await startGuard(inject('registryUrl'));
  onTestFinished(() => guard.close());
  guard.forbids = forbids;
  const file = { schemaRegistry: { url: guard.url, ...registry } };
  await project.write({ ...options, connection: { ...connection }, file });
  return guard;
}

const isRegistration = (request: string) => /^POST \S+\/versions$/.test(request);
const isChange = (request: string) => request.startsWith('PUT ') || isRegistration(request);

describe('the subjects', () => {
  it('are BACKWARD from their first schema on, and get no version that says nothing new', async () => {
    await project.cycle();
    expect(await levelOf(subject())).toBe('BACKWARD');
    await project.cycle();
    expect(await versionsOf(subject())).toEqual([1]);
  });

  it.each(['NONE', 'FULL', 'FULL_TRANSITIVE', 'BACKWARD_TRANSITIVE'])(
    'that another client gave the level %s keep it',
    async (level) => {
      await register({
        type: 'record',
        name: 'Tag',
        namespace: 'intercom',
        fields: [{ name: 'id', type: 'string' }],
      });
      await ask('PUT', `/config/${subject()}`, { compatibility: level });
      await project.cycle();
      expect(await levelOf(subject())).toBe(level);
      expect((await project.latest('tags')).size).toBeGreaterThan(0);
    },
  );

  it('get the level that is configured', async () => {
    await project.cycle();
    await project.write({
      ...options,
      file: { schemaRegistry: { url: inject('registryUrl'), compatibility: 'FULL' } },
    });
    await project.cycle();
    expect(await levelOf(subject())).toBe('FULL');
  });

  it('that hold an incompatible schema are refused by check and run, with what to do', async () => {
    const other = {
      type: 'record',
      name: 'Tag',
      namespace: 'intercom',
      fields: [{ name: 'id', type: 'long' }],
    };
    await register(other);
    await ask('PUT', `/config/${subject()}`, { compatibility: 'BACKWARD' });
    for (const command of [['check'], ['run', '--once']]) {
      const { code, stdout, stderr } = await project.command(...command);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain(subject());
      expect(stdout + stderr).toContain('use another topics.prefix');
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe('a registry that others own', () => {
  it('which does not let /config be written gets the schemas, with one warning', async () => {
    await guarded((request) => request.startsWith('PUT '));
    const { code, stderr } = await project.command('run', '--once');
    expect(code, stderr).toBe(0);
    expect(stderr.match(/setting the compatibility of .* was refused/g)).toHaveLength(1);
    expect(await versionsOf(subject())).toEqual([1]);
  });

  it('which is locked after everything was registered does not prevent a start', async () => {
    await project.cycle();
    const { passed } = await guarded(isChange);
    for (const command of [['check'], ['run', '--once']]) {
      const { code, stdout, stderr } = await project.command(...command);
      expect(code, stdout + stderr).toBe(0);
    }
    expect(passed.filter(isChange)).toEqual([]);
  });

  it('which only has the schemas of one table fails the other one, until an operator registers it', async () => {
    const connection = { tables: { tags: {}, admins: {} } };
    await project.command('schemas', '--register');
    await guarded(isChange, { connection, register: 'never' });
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(1);
    expect(stderr).toContain(`${project.topic('admins')}-key`);
    expect(stderr).toContain('intercom-kafka schemas --register');
    expect((await project.latest('tags')).size).toBeGreaterThan(0);
    const checked = await project.command('check');
    expect(checked.code).toBe(1);
    expect(checked.stdout + checked.stderr).toContain('intercom-kafka schemas --register');
    await project.write({ ...options, connection });
    expect((await project.command('schemas', '--register')).code).toBe(0);
    await guarded(isChange, { connection, register: 'never' });
    await project.cycle();
    expect((await project.latest('admins')).size).toBeGreaterThan(0);
  });

  it('which accepts no new column holds up no row that has a new attribute', async () => {
    const connection = { tables: { contacts: {} } };
    const guard = await guarded(() => false, { connection });
    await project.cycle();
    const before = await versionsOf(subject('contacts'));
    guard.forbids = isChange;
    const { workspace } = project.simulator;
    workspace.create('contact_attributes', {
      custom: true,
      name: 'Shoe size',
      full_name: 'custom_attributes.Shoe size',
      data_type: 'float',
    });
    const [contact] = workspace.rows('contacts');
    const id = String(contact?.id);
    const publish = async (values: Row) => {
      workspace.update('contacts', id, { custom_attributes: values });
      const { code, stderr } = await project.command('run', '--once');
      expect(code, stderr).toBe(0);
      const value = (await project.latest('contacts')).get(id)?.value;
      expect(JSON.parse(String(value?.custom_attributes))).toEqual(values);
      return { value, stderr };
    };
    const without = await publish({ 'Shoe size': 42.5 });
    expect(without.stderr.match(/published without new columns for custom attributes/g)).toHaveLength(1);
    expect(without.value).not.toHaveProperty('custom_attributes_Shoe_size');
    expect(await versionsOf(subject('contacts'))).toEqual(before);
    guard.forbids = () => false;
    expect((await publish({ 'Shoe size': 43 })).value).toMatchObject({ custom_attributes_Shoe_size: 43 });
    expect((await newestFields('contacts')).map(({ attribute }) => attribute)).toContain('Shoe size');
  });

  it('gets columns for custom attributes from schemas --register', async () => {
    const connection = { tables: { contacts: {} } };
    await project.write({ ...options, connection });
    expect((await project.command('schemas', '--register')).code).toBe(0);
    const { passed } = await guarded(isChange, { connection, register: 'never' });
    const { code, stderr } = await project.command('run', '--once');
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('without new columns');
    expect(await versionsOf(subject('contacts'))).toEqual([1]);
    expect((await newestFields('contacts')).filter(({ attribute }) => attribute !== undefined)).toHaveLength(
      4,
    );
    expect(passed.filter(isChange)).toEqual([]);
  });
});
