import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type RegistryServer, startRegistry } from '../../dev/stack.js';
import { completeCycles, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

let registry: RegistryServer;
let project: Project;

beforeAll(async () => {
  registry = await startRegistry();
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: registry.url,
    simulator: { counts: { contacts: 200, companies: 5, conversations: 10, parts: 2 } },
    connection: { schedule: '* * * * * *' },
  });
});
afterAll(async () => {
  await project.close();
  await registry.stop();
});

it('waits for a registry that is down at the start, and goes on without one that goes down later', async () => {
  registry.kill();
  const running = startCommand(['run', '--config', project.config]);
  await running.until('registry-unreachable');
  await registry.restart();
  await running.until('"table":"contacts"');
  registry.kill();
  const id = project.simulator.workspace.create('contacts', { email: 'later@example.com' });
  const cycles = () => completeCycles(running, 'contacts');
  const before = cycles();
  await expect.poll(cycles, { timeout: 20_000, interval: 300 }).toBeGreaterThan(before + 1);
  running.process.kill('SIGTERM');
  expect((await running.finished).code).toBe(143);
  await registry.restart();
  const versions = await project.versions('contacts');
  expect(versions.filter(({ key }) => key === id)).toHaveLength(1);
  expect(versions).toHaveLength(201);
}, 120_000);
