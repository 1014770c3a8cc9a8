import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 1_200, companies: 0, conversations: 0 }, latency: 300 },
    connection: { tables: { contacts: {} } },
  });
});
afterAll(() => project.close());

it('a second instance that takes a connection over fences the first, which stops cleanly', async () => {
  const first = startCommand(['run', '--once', '--config', project.config, '--log-level', 'debug']);
  await first.until('page committed');
  const second = startCommand(['run', '--once', '--config', project.config, '--log-level', 'debug']);
  const [beaten, winner] = await Promise.all([first.finished, second.finished]);
  expect(winner).toMatchObject({ code: 0 });
  expect(beaten.code).toBe(1);
  expect(beaten.stderr).toContain('another instance has taken over');
  expect(beaten.stderr).not.toMatch(/\n\s+at /);
  const versions = await project.versions('contacts');
  expect(versions).toHaveLength(1_200);
  expect(new Set(versions.map(({ key }) => key)).size).toBe(1_200);
  expect((await project.states()).get('contacts')).toMatchObject({ error: null, records: 1_200 });
});
