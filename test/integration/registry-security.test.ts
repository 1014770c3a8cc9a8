/**
 * The registry behind TLS and basic auth, with a private authority that is trusted through
 * NODE_EXTRA_CA_CERTS.
 */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';
import { type CommandResult, runCommand } from '../support/command.js';
import { type Front, startTlsFront } from '../support/fronts.js';
import { Project } from '../support/project.js';

const login = { username: 'intercom', password: `rp-${randomUUID()}=/+%:` };

let dir: string;
let authority: Authority;
let front: Front;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-tls-'));
  authority = await Authority.create(dir, 'authority');
  const target = new URL(inject('registryUrl')).origin;
  front = await startTlsFront(target, await authority.issue('registry'), login);
});
afterAll(async () => {
  await front.close();
  await rm(dir, { recursive: true, force: true });
});

async function openProject(auth: object | null): Promise<Project> {
  const registryUrl = inject('registryUrl');
  const url = `https://127.0.0.1:${front.port}${new URL(registryUrl).pathname}`;
  const project = await Project.open({
    brokers: inject('brokers'),
    registryUrl,
    simulator: { counts: { contacts: 5, companies: 3, conversations: 2, parts: 2 } },
    connection: { tables: { contacts: {}, tags: {} } },
    file: { schemaRegistry: { url, auth } },
  });
  onTestFinished(() => project.close());
  return project;
}

function trusting(project: Project, ...args: string[]): Promise<CommandResult> {
  const env = { NODE_EXTRA_CA_CERTS: authority.certificate.cert };
  return runCommand([...args, '--config', project.config], env);
}

it('registers and reads schemas through it, and check sees it', async () => {
  const project = await openProject(login);
  const checked = await trusting(project, 'check');
  expect(checked.code, checked.stdout).toBe(0);
  const ran = await trusting(project, 'run', '--once');
  expect(ran.code, ran.stderr).toBe(0);
  expect((await project.latest('contacts')).size).toBe(5);
  expect(front.passed.length).toBeGreaterThan(4);
});

it.each([
  ['a wrong password', { ...login, password: 'rp-not-the-password' }],
  ['no password', null],
])('says that %s was refused', async (_, auth) => {
  const { code, stderr } = await trusting(await openProject(auth), 'run', '--once');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('schemaRegistry.auth') });
  expect(stderr).not.toMatch(/rp-|^\s+at |defect/m);
});

it('says that the certificate is not trusted, and how it would be', async () => {
  const { code, stderr } = await (await openProject(login)).command('run', '--once');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
  expect(stderr).toContain('schemaRegistry');
  expect(stderr).not.toMatch(/rp-|^\s+at |defect/m);
});
