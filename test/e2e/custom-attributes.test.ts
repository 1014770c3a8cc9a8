import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Field } from '../../src/avro/schema.js';
import type { Row } from '../../src/simulator/collection.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

const COUNTS = { contacts: 30, companies: 6, conversations: 5, parts: 2, customAttributes: 8 };
let project: Project;
afterEach(() => project.close());

async function open(connection: Record<string, unknown> = {}): Promise<Project> {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS },
    connection,
  });
  return project;
}

/** The schemas that were registered for a table's values, oldest first. */
async function schemas(table: string): Promise<{ fields: Field[] }[]> {
  const subject = `${inject('registryUrl')}/subjects/${project.topic(table)}-value/versions`;
  const versions = (await (await fetch(subject)).json()) as number[];
  return Promise.all(
    versions.map(async (version) => {
      const { schema } = (await (await fetch(`${subject}/${version}`)).json()) as { schema: string };
      return JSON.parse(schema) as { fields: Field[] };
    }),
  );
}

const columns = ({ fields }: { fields: Field[] } | undefined = { fields: [] }) =>
  fields.flatMap(({ name, attribute }) => (attribute === undefined ? [] : [name]));

const define = (row: Row) =>
  project.simulator.workspace.create('contact_attributes', {
    custom: true,
    full_name: `custom_attributes.${String(row.name)}`,
    ...row,
  });

describe('custom attributes', () => {
  it('are typed columns beside the JSON, in the schema from the first cycle on', async () => {
    const { simulator } = await open();
    await project.cycle();
    expect(columns((await schemas('contacts')).at(-1))).toEqual([
      'custom_attributes_plan_tier',
      'custom_attributes_Number_of_seats',
      'custom_attributes_arger',
      'custom_attributes_is_active',
      'custom_attributes_renewal_date',
      'custom_attributes_NPS',
      'custom_attributes_last_order',
      expect.stringMatching(/^custom_attributes_[0-9a-f]{8}$/),
    ]);
    const latest = await project.latest('contacts');
    for (const row of simulator.workspace.rows('contacts')) {
      const values = row.custom_attributes as Row;
      const published = latest.get(String(row.id))?.value ?? {};
      expect(JSON.parse(String(published.custom_attributes))).toEqual(values);
      expect(published.custom_attributes_plan_tier).toEqual(values.plan_tier ?? null);
      expect(published.custom_attributes_Number_of_seats).toEqual(values['Number of seats'] ?? null);
      const date = values['renewal-date'];
      expect(published.custom_attributes_renewal_date).toEqual(date ? Number(date) * 1_000 : null);
    }
    expect(columns((await schemas('companies')).at(-1)).length).toBe(8);
    const before = await project.counts();
    await project.cycle();
    expect(await project.counts()).toEqual(before);
    expect((await schemas('contacts')).length).toBeLessThanOrEqual(2);
  });

  it('are asked for once in a first reading, with the time zone, and not again while nothing changes', async () => {
    const { simulator } = await open({ tables: { contacts: {} } });
    const asked = () =>
      simulator.requests
        .map(({ route }) => route)
        .filter((route) => !route.startsWith('GET /contacts/'))
        .sort();
    await project.cycle();
    const first = ['GET /data_attributes', 'GET /me', 'POST /contacts/search'];
    expect(asked()).toEqual(first);
    await project.cycle();
    expect(asked()).toEqual([...first, 'POST /contacts/search']);
  });

  it('that are not told hold up no row, and get their columns once they are', async () => {
    const { simulator } = await open({
      schedule: '* * * * * *',
      retry: { attempts: 1 },
      tables: { contacts: {} },
    });
    simulator.faults.inject({ kind: 'html', status: 404, match: 'GET /data_attributes' });
    const running = startCommand(['run', '--config', project.config]);
    try {
      const latest = () => project.latest('contacts');
      await expect.poll(async () => (await latest()).size, { timeout: 30_000, interval: 300 }).toBe(30);
      const [contact] = simulator.workspace.rows('contacts');
      const [id, values] = [String(contact?.id), contact?.custom_attributes as Row];
      expect(JSON.parse(String((await latest()).get(id)?.value?.custom_attributes))).toEqual(values);
      expect(running.stderr()).toMatch(
        /published without new columns for custom attributes.*GET \/data_attributes: 404/,
      );
      simulator.faults.clear();
      // A name that has no column yet is a reason to ask.
      define({ name: 'Shoe size', data_type: 'float' });
      simulator.workspace.update('contacts', id, { custom_attributes: { ...values, 'Shoe size': 42.5 } });
      const published = async () => (await latest()).get(id)?.value?.custom_attributes_Shoe_size;
      await expect.poll(published, { timeout: 20_000, interval: 300 }).toBe(42.5);
      expect((await latest()).get(id)?.value?.custom_attributes_plan_tier).toEqual(values.plan_tier ?? null);
    } finally {
      running.process.kill('SIGTERM');
      await running.finished;
    }
  });

  it.each([
    ['when their table is replicated', {}],
    ['when it is not', { tables: { contacts: {} } }],
  ])('that are defined later become columns without a restart %s', async (_, more) => {
    const { simulator } = await open({ schedule: '* * * * * *', ...more });
    const running = startCommand(['run', '--config', project.config]);
    try {
      await running.until('"table":"contacts"');
      define({ name: 'Shoe size', data_type: 'float' });
      const [contact] = simulator.workspace.rows('contacts');
      const id = String(contact?.id);
      simulator.workspace.update('contacts', id, { custom_attributes: { 'Shoe size': 42.5 } });
      const published = async () =>
        (await project.latest('contacts')).get(id)?.value?.custom_attributes_Shoe_size;
      await expect.poll(published, { timeout: 20_000, interval: 300 }).toBe(42.5);
      expect(columns((await schemas('contacts')).at(-1))).toContain('custom_attributes_Shoe_size');
    } finally {
      running.process.kill('SIGTERM');
      await running.finished;
    }
    expect((await project.versions('contacts')).length).toBe(COUNTS.contacts + 1);
  });

  it('whose definition changes keep their column and get another', async () => {
    const { simulator } = await open();
    await project.cycle();
    const attributes = simulator.workspace.list('contact_attributes');
    const tier = attributes.find(({ name }) => name === 'plan_tier');
    simulator.workspace.update('contact_attributes', String(tier?.id), {
      data_type: 'integer',
      archived: true,
    });
    const [contact] = simulator.workspace.rows('contacts');
    const id = String(contact?.id);
    simulator.workspace.update('contacts', id, { custom_attributes: { plan_tier: 7 } });
    await project.cycle();
    expect(columns((await schemas('contacts')).at(-1))).toEqual(
      expect.arrayContaining(['custom_attributes_plan_tier', 'custom_attributes_plan_tier_long']),
    );
    expect((await project.latest('contacts')).get(id)?.value).toMatchObject({
      custom_attributes_plan_tier: null,
      custom_attributes_plan_tier_long: 7,
    });
  });

  it('whose value does not fit stay in the JSON and are counted', async () => {
    const { simulator } = await open({ tables: { contacts: {} } });
    const [contact] = simulator.workspace.rows('contacts');
    const id = String(contact?.id);
    simulator.workspace.update('contacts', id, { custom_attributes: { 'Number of seats': 'many' } });
    await project.cycle();
    expect((await project.latest('contacts')).get(id)?.value).toMatchObject({
      custom_attributes: '{"Number of seats":"many"}',
      custom_attributes_Number_of_seats: null,
    });
    expect((await project.states()).get('contacts')).toMatchObject({ unknownFields: 1 });
  });

  it('are JSON alone with customAttributes: json', async () => {
    await open({ customAttributes: 'json' });
    await project.cycle();
    expect(columns((await schemas('contacts')).at(-1))).toEqual([]);
    expect(project.simulator.traffic.count('GET /conversations/attributes')).toBe(0);
  });

  it('are JSON alone where the app may not see the definitions', async () => {
    const { simulator } = await open({ tables: { contacts: {} } });
    simulator.faults.inject({ kind: 'status', status: 403, match: '/data_attributes' });
    await project.cycle();
    expect(columns((await schemas('contacts')).at(-1))).toEqual([]);
    expect(await project.versions('contacts')).toHaveLength(COUNTS.contacts);
  });
});

describe('field rules', () => {
  const tables = {
    contacts: {
      exclude: ['email', 'custom_attributes.plan_tier', 'location.city'],
      hash: ['name', 'custom_attributes.NPS'],
    },
    conversation_parts: { exclude: ['body'], hash: ['author.email'] },
  };

  it.each(['flat', 'nested'])('leave out and hash fields of the %s form', async (values) => {
    const { simulator } = await open({ tables, values, hashKey: 'secret key' });
    const [contact] = simulator.workspace.rows('contacts');
    const id = String(contact?.id);
    const attributes = { plan_tier: 'SECRET', NPS: 5 };
    simulator.workspace.update('contacts', id, {
      email: 'SECRET@x',
      name: 'SECRET',
      custom_attributes: attributes,
    });
    await project.cycle();
    const published = (await project.latest('contacts')).get(id);
    expect(JSON.stringify(published)).not.toContain('SECRET');
    expect(published?.value).toMatchObject({
      name: expect.stringMatching(/^[0-9a-f]{64}$/),
      custom_attributes: expect.stringMatching(/^\{"NPS":"[0-9a-f]{64}"\}$/),
      custom_attributes_NPS: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const names = (await schemas('contacts')).at(-1)?.fields.map(({ name }) => name) ?? [];
    for (const gone of ['email', 'location_city', 'custom_attributes_plan_tier'])
      expect(names).not.toContain(gone);
    const [part] = await project.versions('conversation_parts');
    expect(Object.keys(part?.value ?? {})).not.toContain('body');
    await project.cycle();
    expect(await project.versions('contacts')).toHaveLength(COUNTS.contacts);
  });

  it('are checked with the file: every mistake with its place, exit 2', async () => {
    await open({
      tables: {
        contacts: { exclude: ['id', 'nothing'], hash: ['location'] },
        conversation_parts: { exclude: ['conversation_id'] },
        company_attributes: { hash: ['_sdc_record_hash'] },
      },
    });
    const { code, stderr } = await project.command('check');
    expect(code).toBe(2);
    expect(stderr).toContain('5 problems');
    expect(stderr).toMatch(
      /connections\[0\]\.tables\.contacts\.exclude\[1\]: expected a field of the table, got nothing/,
    );
    expect(stderr).toMatch(/contacts\.hash\[0\]: .*holds records.* \(line \d+:\d+\)/);
  });

  it('warn of hashes without a key', async () => {
    await open({ tables: { contacts: { hash: ['email'] } } });
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(0);
    expect(stderr).toContain('without a hashKey');
  });
});
