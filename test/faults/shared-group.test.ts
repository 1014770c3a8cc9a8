/** Deployments that share a `state.group` by mistake, as processes and as their status pages show it. */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { endCommand, type RunningCommand, startCommand } from '../support/command.js';
import { addressOf, statusAt } from '../support/http.js';
import { Project, type ProjectOptions } from '../support/project.js';
import { readRecords } from '../support/topics.js';

const WITHIN = { timeout: 60_000, interval: 250 };

let options: ProjectOptions;
let project: Project;
const running: RunningCommand[] = [];

beforeAll(async () => {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 10, companies: 0, conversations: 0 } },
    connection: { schedule: '* * * * * *', tables: { contacts: {} } },
    file: { http: { port: 0 } },
  };
  project = await Project.open(options);
});
afterAll(async () => {
  await Promise.all(running.map((each) => endCommand(each, 'SIGTERM')));
  await project?.close();
});

async function start(file: Readonly<Record<string, unknown>>): Promise<{ run: RunningCommand; url: string }> {
  await project.write({ ...options, file: { ...options.file, ...file } });
  const run = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  running.push(run);
  return { run, url: await addressOf(run) };
}

async function readyz(url: string): Promise<string> {
  const reply = await fetch(`${url}/readyz`);
  return `${reply.status} ${(await reply.text()).trim()}`;
}

it('both say which settings differ, in the log, by /readyz and by /api/status, and the newer one serves nothing', async () => {
  const { prefix } = project;
  const group = prefix;
  const older = await start({});
  await expect.poll(() => readyz(older.url), WITHIN).toBe('200 ready');

  const others = [
    [
      await start({ topics: { prefix: `${prefix}.b` }, state: { topic: `${prefix}.state`, group } }),
      `here topics.prefix=${prefix}.b, there topics.prefix=${prefix};`,
      `here topics.prefix=${prefix}, there topics.prefix=${prefix}.b;`,
    ],
    [
      await start({ topics: { prefix }, state: { topic: `${prefix}.state2`, group } }),
      `here state.topic=${prefix}.state2, there state.topic=${prefix}.state;`,
      null,
    ],
  ] as const;
  for (const [{ run, url }, own, olders] of others) {
    await expect.poll(() => readyz(url), WITHIN).toContain(own);
    expect(await readyz(url)).toMatch(/^503/);
    expect(await statusAt(url)).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining(own)],
      connections: [{ state: 'elsewhere' }],
    });
    expect(run.stderr().split(own)).toHaveLength(2);
    if (olders !== null) await expect.poll(() => older.run.stderr(), WITHIN).toContain(olders);
  }
  await expect.poll(() => readyz(older.url), WITHIN).toMatch(/^200 ready\nthe group .* different settings/);
  expect(await statusAt(older.url)).toMatchObject({
    ready: true,
    notes: [expect.stringContaining('Give the other deployment a state.group of its own')],
    connections: [{ state: 'owned' }],
  });

  // The older one goes on; the newer ones have published nothing.
  const { workspace } = project.simulator;
  const id = String([...workspace.rows('contacts')][0]?.id);
  workspace.update('contacts', id, { name: 'changed' });
  await expect
    .poll(async () => (await project.latest('contacts')).get(id)?.value, WITHIN)
    .toMatchObject({ name: 'changed' });
  expect(await readRecords(project.kafka, `${prefix}.b.acme.contacts`)).toEqual([]);
  expect(await readRecords(project.kafka, `${prefix}.state2`)).toEqual([]);
}, 180_000);
