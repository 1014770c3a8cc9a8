/**
 * The registry behind TLS and authentication, with a private authority that is trusted through
 * NODE_EXTRA_CA_CERTS or `schemaRegistry.ssl`.
 */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';
import { type CommandResult, runCommand } from '../support/command.js';
import { type Admits, type Front, startTlsFront } from '../support/fronts.js';
import { Project } from '../support/project.js';
import { TokenEndpoint } from '../support/token-endpoint.js';

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

async function openProject(auth: object | null, more: object = {}, port = front.port): Promise<Project> {
  const registryUrl = inject('registryUrl');
  const url = `https://127.0.0.1:${port}${new URL(registryUrl).pathname}`;
  const project = await Project.open({
    brokers: inject('brokers'),
    registryUrl,
    simulator: { counts: { contacts: 5, companies: 3, conversations: 2, parts: 2 } },
    connection: { tables: { contacts: {}, tags: {} } },
    file: { schemaRegistry: { url, auth, ...more } },
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

/** A front that admits one bearer token, and clients with a certificate of our authority. */
async function openBearerFront(admits: Admits): Promise<Front> {
  const target = new URL(inject('registryUrl')).origin;
  const certificate = await authority.issue('bearer');
  const opened = await startTlsFront(target, certificate, admits, authority.certificate.cert);
  onTestFinished(() => opened.close());
  return opened;
}

it('is reached with a bearer token, an own authority and a client certificate', async () => {
  const token = `rp-${randomUUID()}`;
  const { port } = await openBearerFront((header) => header === `Bearer ${token}`);
  const { cert, key } = await authority.issue('publisher');
  const ssl = { ca: authority.certificate.cert, cert, key };
  const project = await openProject({ token }, { ssl }, port);
  for (const command of [['check'], ['run', '--once'], ['replay', 'acme', 'contacts']]) {
    const { code, stdout, stderr } = await project.command(...command);
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  }
  expect((await project.latest('contacts')).size).toBe(5);
  const anonymous = await openProject({ token }, { ssl: { ca: ssl.ca } }, port);
  const { code, stderr } = await anonymous.command('run', '--once');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('schemaRegistry.url') });
});

it('is reached with a token of OAuth client credentials', async () => {
  const client = { clientId: 'publisher', clientSecret: `rp-${randomUUID()}` };
  const endpoint = await TokenEndpoint.start(client);
  onTestFinished(() => endpoint.close());
  const { port } = await openBearerFront((header = '') => /^Bearer ey/.test(header));
  const { cert, key } = await authority.issue('publisher');
  const ssl = { ca: authority.certificate.cert, cert, key };
  const auth = { tokenEndpoint: endpoint.url, ...client, scope: 'registry' };
  const project = await openProject(auth, { ssl }, port);
  const ran = await project.command('run', '--once');
  expect(ran.code, ran.stderr).toBe(0);
  expect((await project.latest('contacts')).size).toBe(5);
  expect(endpoint.granted.map((form) => form.get('scope'))).toEqual(['registry']);
  const wrong = await openProject({ ...auth, clientSecret: 'rp-wrong' }, { ssl }, port);
  const { code, stderr } = await wrong.command('run', '--once');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('schemaRegistry.auth') });
  expect(stderr).not.toMatch(/rp-|^\s+at |defect/m);
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
