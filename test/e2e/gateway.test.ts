/** A forward proxy carries everything that goes to Intercom, and nothing else. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports.js';
import { type Front, startForwardProxy } from '../support/fronts.js';
import { Project } from '../support/project.js';

const login = { username: 'intercom', password: `gp-${randomUUID()}:/@%` };

let proxy: Front;

beforeAll(async () => {
  proxy = await startForwardProxy(login);
});
afterAll(() => proxy.close());

const gatewayUrl = (password: string, port = proxy.port) =>
  `http://${login.username}:${encodeURIComponent(password)}@127.0.0.1:${port}`;

async function openProject(gateway: string): Promise<Project> {
  const project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 5, companies: 3, conversations: 2, parts: 2 } },
    connection: { gateway, retry: { attempts: 2 } },
  });
  onTestFinished(() => project.close());
  return project;
}

it('carries every request to the API, and neither Kafka’s nor the registry’s', async () => {
  const project = await openProject(gatewayUrl(login.password));
  const { host } = new URL(project.simulator.url);
  await project.cycle();
  expect((await project.latest('contacts')).size).toBe(5);
  expect(proxy.passed.length).toBeGreaterThan(0);
  expect(new Set(proxy.passed)).toEqual(new Set([host]));
});

it('is the only way: without it nothing reaches the API', async () => {
  const port = await freePort();
  const project = await openProject(gatewayUrl(login.password, port));
  const { code, stderr } = await project.command('run', '--once');
  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(stderr).toContain(`gateway http://127.0.0.1:${port}`);
  expect(stderr).not.toMatch(/gp-|^\s+at |defect/m);
  expect(project.simulator.requests).toHaveLength(0);
});

it('says that it refused the password', async () => {
  const project = await openProject(gatewayUrl('gp-not-the-password'));
  const { code, stderr } = await project.command('run', '--once');
  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(stderr).toContain(`gateway http://127.0.0.1:${proxy.port}`);
  expect(stderr).toContain('407');
  expect(stderr).not.toMatch(/gp-|^\s+at |defect/m);
  expect(project.simulator.requests).toHaveLength(0);
});
