import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Project, type ProjectOptions } from '../support/project.js';
import { readVersions } from '../support/topics.js';

const COUNTS = { contacts: 60, companies: 8, conversations: 6, parts: 2 };
let options: ProjectOptions;
let project: Project;

beforeEach(async () => {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS },
    connection: { tables: { contacts: {}, tags: {} } },
  };
  project = await Project.open(options);
  await project.cycle();
});
afterEach(() => project.close());

describe('a configuration that changes', () => {
  it('publishes a table that is added later from its beginning, and the others go on', async () => {
    await project.write({ ...options, connection: { tables: { contacts: {}, tags: {}, companies: {} } } });
    await project.cycle();
    expect(await project.versions('companies')).toHaveLength(COUNTS.companies);
    expect(await project.versions('contacts')).toHaveLength(COUNTS.contacts);
  });

  it('takes up a table again that was dropped for a while, where it stopped', async () => {
    await project.write({ ...options, connection: { tables: { tags: {} } } });
    const [first] = project.simulator.workspace.rows('contacts');
    project.simulator.workspace.update('contacts', String(first?.id), { name: 'meanwhile' });
    await project.cycle();
    expect(await project.versions('contacts')).toHaveLength(COUNTS.contacts);
    await project.write(options);
    await project.cycle();
    const versions = await project.versions('contacts');
    expect(versions).toHaveLength(COUNTS.contacts + 1);
    expect(versions.at(-1)).toBeDefined();
    expect((await project.latest('contacts')).get(String(first?.id))?.value?.name).toBe('meanwhile');
  });

  it('publishes a renamed connection to topics of its own, from the beginning', async () => {
    await project.write({ ...options, connection: { ...options.connection, name: 'renamed' } });
    await project.cycle();
    const renamed = `${project.prefix}.renamed.contacts`;
    expect(await readVersions(project.kafka, inject('registryUrl'), renamed)).toHaveLength(COUNTS.contacts);
    expect(await project.versions('contacts')).toHaveLength(COUNTS.contacts);
  });

  it('reads nothing older when the start date moves back, until it is told to by a reset', async () => {
    const times = [...project.simulator.workspace.rows('contacts')].map(({ updated_at: at }) => Number(at));
    const middle = times.sort((a, b) => a - b)[30] ?? 0;
    const file = { state: { topic: `${project.prefix}.late`, group: `${project.prefix}.late` } };
    const named = { tables: { contacts: {} }, name: 'late' };
    const topic = `${project.prefix}.late.contacts`;
    const versions = () => readVersions(project.kafka, inject('registryUrl'), topic);
    const startDate = new Date(middle * 1000).toISOString();
    await project.write({ ...options, file, connection: { ...named, startDate } });
    await project.cycle();
    const young = times.filter((time) => time >= middle).length;
    expect(await versions()).toHaveLength(young);
    await project.write({ ...options, file, connection: named });
    await project.cycle();
    expect(await versions()).toHaveLength(young);
    expect((await project.command('reset', 'late', '--yes')).code).toBe(0);
    await project.cycle();
    expect(await versions()).toHaveLength(young + COUNTS.contacts);
  });
});
