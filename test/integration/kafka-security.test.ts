import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { Authority, type Certificate } from '../support/certificates.js';
import { type CommandResult, startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { granted, permissionsIn } from '../support/permissions.js';
import { Project } from '../support/project.js';
import { type Listener, type SecureKafka, startSecureKafka } from '../support/secure-kafka.js';
import { TokenEndpoint } from '../support/token-endpoint.js';

/** Long enough for somebody who waits at a terminal. */
const PROMPT_MS = 15_000;

/** With letters that SCRAM and the Basic scheme have to escape. */
const user = { username: 'intercom', password: `pw-${randomUUID()}=/+:,%` };
const restricted = { username: 'restricted', password: `pw-${randomUUID()}` };
const client = { clientId: 'intercom kafka', clientSecret: `cs-${randomUUID()}:%/+&` };

const { AclResourceTypes } = kafkajs;

let dir: string;
let authority: Authority;
let stranger: Authority;
let own: Certificate;
let kafka: SecureKafka;
let tokens: TokenEndpoint;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-tls-'));
  [authority, stranger] = await Promise.all([
    Authority.create(dir, 'authority'),
    Authority.create(dir, 'stranger'),
  ]);
  own = await authority.issue('publisher');
  kafka = await startSecureKafka(authority, {
    user,
    restricted,
    others: ['CN=publisher', client.clientId],
  });
  tokens = await TokenEndpoint.start(client);
}, 90_000);
afterAll(async () => {
  await tokens.close();
  await kafka.server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A small workspace that is published through a listener. */
async function throughListener(listener: Listener, settings: object): Promise<Project> {
  const registryUrl = inject('registryUrl');
  const project = await Project.open({
    // The test looks at the topics in the plain.
    brokers: [kafka.addresses.plaintext],
    registryUrl,
    simulator: { counts: { contacts: 5, companies: 3, conversations: 2, parts: 2 } },
  });
  onTestFinished(() => project.close());
  await project.write({
    brokers: [],
    registryUrl,
    connection: { tables: { contacts: {}, tags: {} } },
    file: { kafka: { brokers: [kafka.addresses[listener]], ...settings } },
  });
  return project;
}

const trusting = () => ({ ca: authority.certificate.cert });
const oauth = () => ({ mechanism: 'oauthbearer', tokenEndpoint: tokens.url, ...client, scope: 'kafka' });

async function expectPublished(listener: Listener, settings: object): Promise<void> {
  const project = await throughListener(listener, settings);
  await project.cycle();
  expect((await project.latest('contacts')).size).toBe(5);
}

async function failure(listener: Listener, settings: object): Promise<CommandResult> {
  const project = await throughListener(listener, settings);
  const startedAt = Date.now();
  const result = await project.command('run', '--once');
  expect(Date.now() - startedAt, result.stderr).toBeLessThan(PROMPT_MS);
  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(result.stderr).not.toMatch(/^\s+at |defect|unexpected error/m);
  for (const secret of [user.password, client.clientSecret]) expect(result.stderr).not.toContain(secret);
  return result;
}

describe('TLS', () => {
  it('publishes to a broker whose certificate a private authority signed', () =>
    expectPublished('ssl', { ssl: trusting() }));

  it('shows a certificate of its own to a broker that asks for one', () =>
    expectPublished('mutual', { ssl: { ...trusting(), cert: own.cert, key: own.key } }));
});

describe.each(['sasl', 'sasl_ssl'] as const)('SASL over %s', (listener) => {
  const ssl = () => (listener === 'sasl_ssl' ? { ssl: trusting() } : {});

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('publishes with %s', (mechanism) =>
    expectPublished(listener, { ...ssl(), sasl: { mechanism, ...user } }),
  );

  it('publishes with oauthbearer', async () => {
    const before = tokens.granted.length;
    await expectPublished(listener, { ...ssl(), sasl: oauth() });
    expect(tokens.granted.length).toBeGreaterThan(before);
    expect(tokens.granted.at(-1)?.get('scope')).toBe('kafka');
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('says that %s was refused', async (mechanism) => {
    const sasl = { mechanism, ...user, password: 'not the password' };
    const { stderr } = await failure(listener, { ...ssl(), sasl });
    expect(stderr).toContain('kafka.sasl');
    expect(stderr).not.toContain('not the password');
  });
});

describe('what is wrong is said', () => {
  it('a token endpoint that refuses the client', async () => {
    const { stderr } = await failure('sasl', { sasl: { ...oauth(), clientSecret: 'not the secret' } });
    expect(stderr).toMatch(/kafka\.sasl: .*token answered 401/);
    expect(stderr).not.toContain('not the secret');
  });

  it('a token endpoint that is not there', async () => {
    const tokenEndpoint = 'http://127.0.0.1:1/token';
    const { stderr } = await failure('sasl', { sasl: { ...oauth(), tokenEndpoint } });
    expect(stderr).toContain(`kafka.sasl`);
    expect(stderr).toContain(tokenEndpoint);
  });

  it('a token that the broker refuses', async () => {
    tokens.instead = { status: 200, body: JSON.stringify({ access_token: 'secret-but-no-token' }) };
    onTestFinished(() => {
      tokens.instead = null;
    });
    const { stderr } = await failure('sasl', { sasl: oauth() });
    expect(stderr).toContain('kafka.sasl');
    expect(stderr).not.toContain('secret-but-no-token');
  });

  it('a certificate of an authority that is not trusted', async () => {
    const { stderr } = await failure('ssl', { ssl: { ca: stranger.certificate.cert } });
    expect(stderr).toContain('kafka.ssl');
  });

  it('a certificate of a private authority where none is named', async () => {
    const { stderr } = await failure('ssl', { ssl: true });
    expect(stderr).toContain('kafka.ssl');
  });

  it('no certificate for a broker that asks for one', async () => {
    const { stderr } = await failure('mutual', { ssl: trusting() });
    expect(stderr).toContain('kafka.ssl');
  });

  it('no TLS where the broker wants it', async () => {
    const { stderr } = await failure('ssl', {});
    expect(stderr).toContain('kafka.ssl');
  });

  it('TLS where the broker has none', async () => {
    const { stderr } = await failure('plaintext', { ssl: trusting() });
    expect(stderr).toContain('kafka.ssl');
  });

  it('no SASL where the broker wants it', async () => {
    const { stderr } = await failure('sasl', {});
    expect(stderr).toContain('kafka.sasl');
  });

  it('SASL where the broker has none', async () => {
    const { stderr } = await failure('plaintext', { sasl: { mechanism: 'plain', ...user } });
    expect(stderr).toContain('kafka.sasl');
  });
});

describe('permissions', () => {
  const kafkaSettings = () => ({
    brokers: [kafka.addresses.sasl],
    sasl: { mechanism: 'plain', ...restricted },
  });
  const through = async () => {
    const project = await throughListener('sasl', kafkaSettings());
    const admin = project.kafka.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    const documented = permissionsIn(await readFile('docs/security.md', 'utf8'), project.prefix);
    return { project, admin, documented };
  };

  it('that docs/security.md lists are enough for everything that is done', async () => {
    const { project, admin, documented } = await through();
    await admin.createAcls({ acl: documented.map((each) => granted(each, restricted.username)) });
    expect(await project.command('check')).toMatchObject({ code: 0 });
    await project.cycle();
    const { accessToken } = project.simulator.options;
    await project.write({
      brokers: [],
      registryUrl: inject('registryUrl'),
      connection: { tables: { contacts: {} }, credentials: { accessToken, clientSecret: 'hush' } },
      file: { kafka: kafkaSettings(), http: { port: 0 } },
    });
    const running = startCommand(['run', '--config', project.config, '--log-level', 'debug']);
    const url = await addressOf(running);
    await running.until('cycle finished');
    const update = notification('contact.user.updated', { type: 'contact', id: 'nobody' });
    await expect.poll(async () => (await notify(url, 'hush', update)).status, { timeout: 10_000 }).toBe(200);
    await expect
      .poll(() => project.simulator.requests.some(({ path }) => path.includes('/contacts/nobody')), {
        timeout: 10_000,
      })
      .toBe(true);
    running.process.kill('SIGTERM');
    expect((await running.finished).code).toBe(143);
    for (const command of [['status'], ['replay', 'acme', 'contacts'], ['reset', 'acme', '--yes']])
      expect(await project.command(...command)).toMatchObject({ code: 0 });
    await project.cycle();
    // Five rows, and once more after the reset.
    const rows = (await project.versions('contacts')).filter(({ value }) => value !== null);
    expect(rows).toHaveLength(10);
  });

  it('that are missing are told of, without a stack', async () => {
    const { project, admin, documented } = await through();
    const some = documented.filter(({ resourceType }) => resourceType === AclResourceTypes.TOPIC);
    for (const acl of [[], some]) {
      if (acl.length > 0)
        await admin.createAcls({ acl: acl.map((each) => granted(each, restricted.username)) });
      const { code, stderr } = await project.command('run', '--once');
      expect(code).toBe(1);
      expect(stderr).toMatch(/Kafka: .*permissions that docs\/security\.md lists/);
      expect(stderr).not.toMatch(/^\s+at |defect|unexpected error/m);
    }
  });
});
