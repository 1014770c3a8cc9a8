import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Project } from '../support/project.js';

let project: Project;

beforeEach(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 3, companies: 0, conversations: 0 } },
    connection: { tables: { tags: {} } },
  });
});
afterEach(() => project.close());

const subject = () => `${project.topic('tags')}-value`;

function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${inject('registryUrl')}${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const register = (schema: object) =>
  ask('POST', `/subjects/${subject()}/versions`, { schema: JSON.stringify(schema) });

describe('the subjects', () => {
  it('are BACKWARD from their first schema on, and get no version that says nothing new', async () => {
    await project.cycle();
    expect(await (await ask('GET', `/config/${subject()}`)).json()).toMatchObject({
      compatibilityLevel: 'BACKWARD',
    });
    await project.cycle();
    expect(await (await ask('GET', `/subjects/${subject()}/versions`)).json()).toEqual([1]);
  });

  it('that somebody made with another level are refused, with what to do', async () => {
    await register({
      type: 'record',
      name: 'Tag',
      namespace: 'intercom',
      fields: [{ name: 'id', type: 'string' }],
    });
    await ask('PUT', `/config/${subject()}`, { compatibility: 'NONE' });
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(1);
    expect(stderr).toContain(subject());
    expect(stderr).toMatch(/compatibility.*BACKWARD/);
    expect(stderr).not.toMatch(/\n\s+at /);
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
    }
  });
});
