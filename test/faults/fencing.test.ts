import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

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
  expect(await project.versions('contacts')).toHaveLength(1_200);
  expect(await problemsOf(project, { tables: ['contacts'] })).toEqual([]);
  expect((await project.states()).get('contacts')).toMatchObject({ error: null, records: 1_200 });
});

it('a part of the connections and tables is served by an instance that is alone, and by no other', async () => {
  const run = (...args: string[]) =>
    startCommand(['run', ...args, '--config', project.config, '--log-level', 'debug']);
  const part = run('--connection', 'acme');
  await part.until('cycle finished');
  const whole = run();
  const { code, stderr } = await part.finished;
  expect({ code, stack: /\n\s+at /.test(stderr) }).toEqual({ code: 1, stack: false });
  expect(stderr).toContain(`another instance has joined the group ${project.prefix}`);
  await whole.until('cycle finished');
  const late = await run('--table', 'contacts').finished;
  expect(late.code).toBe(1);
  expect(late.stderr).toContain('has 1 running instance: a part of its connections and tables would take');
  whole.process.kill('SIGTERM');
  expect((await whole.finished).code).toBe(143);
}, 90_000);

it.each([
  ['a single pass', ['run', '--once']],
  ['a reset', ['reset', 'acme', '--yes']],
])(
  '%s behind an instance that was killed waits until Kafka has removed it',
  async (_, args) => {
    const killed = startCommand(['run', '--config', project.config, '--log-level', 'debug']);
    await killed.until('cycle finished');
    killed.process.kill('SIGKILL');
    await killed.finished;
    const { code, stderr } = await project.command(...args);
    expect(stderr).toContain(`the group ${project.prefix} has a member: waiting up to 13 s`);
    expect(code, stderr).toBe(0);
  },
  90_000,
);
