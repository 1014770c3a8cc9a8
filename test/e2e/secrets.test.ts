/** Every secret that a configuration can hold, and every place where text comes out: none may hold one. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';
import { type CommandResult, startCommand } from '../support/command.js';
import { type Front, startForwardProxy, startTlsFront } from '../support/fronts.js';
import { type Reply, startRewritingProxy } from '../support/hostile-servers.js';
import { addressOf } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';
import { type SecureKafka, startSecureKafka } from '../support/secure-kafka.js';
import { readRecords } from '../support/topics.js';

/** Each begins alike, so that a part of one is found too. */
const secret = (what: string) => `hush-${what}-${randomUUID()}`;
const HUSH = /hush-/;

const SECRETS = {
  token: secret('token'),
  kafka: secret('kafka'),
  registry: secret('registry'),
  gateway: secret('gateway'),
  hashKey: secret('hash'),
  client: secret('client'),
  status: secret('status'),
};

let dir: string;
let authority: Authority;
let kafka: SecureKafka;
let registry: Front;
let gateway: Front;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-tls-'));
  authority = await Authority.create(dir, 'authority');
  kafka = await startSecureKafka(authority, {
    user: { username: 'intercom', password: SECRETS.kafka },
  });
  registry = await startTlsFront(new URL(inject('registryUrl')).origin, await authority.issue('registry'), {
    username: 'intercom',
    password: SECRETS.registry,
  });
  gateway = await startForwardProxy({ username: 'intercom', password: SECRETS.gateway });
}, 90_000);
afterAll(async () => {
  await Promise.all([gateway.close(), registry.close()]);
  await kafka.server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** An API that answers a request for tags with an error that repeats the token it was sent. */
const indiscreet =
  (token: string) =>
  (reply: Reply, { path }: { readonly path: string }): Reply => {
    if (!path.startsWith('/tags')) return reply;
    const errors = [{ code: 'server_error', message: `the header was Bearer ${token}` }];
    return { ...reply, status: 500, text: JSON.stringify({ type: 'error.list', request_id: token, errors }) };
  };

async function openProject(wrong: Partial<typeof SECRETS> = {}): Promise<Project> {
  const used = { ...SECRETS, ...wrong };
  const registryUrl = inject('registryUrl');
  const project = await Project.open({
    brokers: [kafka.addresses.plaintext],
    registryUrl,
    simulator: {
      counts: { contacts: 5, companies: 3, conversations: 2, parts: 2 },
      accessToken: SECRETS.token,
    },
  });
  onTestFinished(() => project.close());
  const api = await startRewritingProxy(project.simulator.url, indiscreet(used.token));
  await project.write({
    brokers: [],
    registryUrl,
    connection: {
      baseUrl: api,
      gateway: `http://intercom:${used.gateway}@127.0.0.1:${gateway.port}`,
      credentials: { accessToken: used.token, clientSecret: used.client },
      hashKey: used.hashKey,
      retry: { attempts: 2 },
      tables: { contacts: { hash: ['email'] }, tags: {}, admins: {} },
    },
    file: {
      kafka: {
        brokers: [kafka.addresses.sasl_ssl],
        ssl: { ca: authority.certificate.cert },
        sasl: { mechanism: 'scram-sha-256', username: 'intercom', password: used.kafka },
      },
      schemaRegistry: {
        url: `https://127.0.0.1:${registry.port}${new URL(registryUrl).pathname}`,
        auth: { username: 'intercom', password: used.registry },
      },
      http: { port: 0, auth: { username: 'ops', password: used.status } },
    },
  });
  return project;
}

/** Runs a command that says all it can, and whose arguments are looked at while it runs. */
async function saying(
  project: Project,
  args: readonly string[],
  ended?: (running: ReturnType<typeof startCommand>) => Promise<void>,
): Promise<CommandResult> {
  const env = { NODE_EXTRA_CA_CERTS: authority.certificate.cert };
  const command = [...args, '--config', project.config, '--log-level', 'trace'];
  const running = startCommand(command, env);
  expect(await readFile(`/proc/${running.process.pid}/cmdline`, 'utf8')).not.toMatch(HUSH);
  await ended?.(running);
  const result = await running.finished;
  expect(result.stdout + result.stderr, args.join(' ')).not.toMatch(HUSH);
  return result;
}

const COMMANDS = [
  ['check'],
  ['check', '--json'],
  ['catalog', '--json'],
  ['catalog', '--asyncapi'],
  ['preview', 'acme', 'contacts'],
  ['preview', 'acme', 'tags'],
  ['schemas'],
  ['run', '--once', '--log-format', 'json'],
  ['run', '--once', '--log-format', 'pretty'],
  ['status'],
  ['status', '--json'],
  ['replay', 'acme', 'contacts'],
  ['reset', 'acme', 'contacts', '--yes'],
];

describe('no secret shows', () => {
  it('when all is right but the API repeats the token in its errors', async () => {
    const project = await openProject();
    const codes = new Map<string, number | null>();
    const said: string[] = [];
    for (const args of COMMANDS) {
      const { code, stdout, stderr } = await saying(project, args);
      codes.set(args.join(' '), code);
      said.push(stdout + stderr);
    }
    // The commands did their work, and the indiscreet answer came through to where it is shown.
    expect(Object.fromEntries(codes)).toMatchObject({
      'catalog --json': 0,
      'catalog --asyncapi': 0,
      'preview acme contacts': 0,
      'preview acme tags': 1,
      status: 0,
      'replay acme contacts': 0,
      'reset acme contacts --yes': 0,
    });
    expect(said.join('\n')).toContain('the header was Bearer …');
    for (const topic of [`${project.prefix}.state`, project.topic('contacts'), project.topic('admins')]) {
      const records = await readRecords(project.kafka, topic);
      expect(records.length).toBeGreaterThan(0);
      for (const { key, value, headers } of records)
        expect(`${key}${value}${Object.values(headers ?? {})}`).not.toMatch(HUSH);
    }
  }, 120_000);

  it('while it runs, and when it is told to reload', async () => {
    const project = await openProject();
    await saying(project, ['run', '--log-format', 'json'], async (running) => {
      await running.until('the header was Bearer …');
      const url = await addressOf(running);
      const id = String([...project.simulator.workspace.rows('contacts')][0]?.id);
      const content = notification('contact.user.updated', { type: 'contact', id, name: secret('content') });
      expect((await notify(url, SECRETS.client, content)).status).toBe(200);
      expect((await notify(url, 'wrong', content)).status).toBe(401);
      await running.until('notifications processed');
      const authorization = `Basic ${Buffer.from(`ops:${SECRETS.status}`).toString('base64')}`;
      for (const path of ['/', '/api/status', '/metrics', '/readyz', '/healthz']) {
        const response = await fetch(url + path, { headers: { authorization } });
        expect(response.status, path).toBe(200);
        expect((await response.text()) + JSON.stringify([...response.headers]), path).not.toMatch(HUSH);
      }
      expect((await fetch(`${url}/metrics`)).status).toBe(401);
      for (const { value } of await readRecords(project.kafka, `${project.prefix}.hints`))
        expect(String(value)).not.toMatch(HUSH);
      const file = await readFile(project.config, 'utf8');
      await writeFile(project.config, file.replace('password:', 'pasword:'));
      running.process.kill('SIGHUP');
      await running.until('pasword');
      running.process.kill('SIGTERM');
    });
  }, 60_000);

  it.each(['token', 'kafka', 'registry', 'gateway'] as const)(
    'when the secret of %s is wrong',
    async (which) => {
      const project = await openProject({ [which]: secret('wrong') });
      for (const args of [['check'], ['run', '--once'], ['preview', 'acme', 'contacts']]) {
        const { code, stderr, stdout } = await saying(project, args);
        if (args[0] === 'run') expect(code, stdout + stderr).toBeGreaterThan(0);
      }
    },
    120_000,
  );

  it.each([
    ['a secret that is a list', (file: string) => file.replace(/accessToken: (\S+)/, 'accessToken: [$1]')],
    ['a key with a slip', (file: string) => file.replace('password:', 'pasword:')],
    ['a value that is not closed', (file: string) => file.replace(/password: (\S+)/, 'password: "$1')],
    ['a gateway that is no URL', (file: string) => file.replace('gateway: http://', 'gateway: ftp://')],
    [
      'a registry with a user name in its URL',
      (file: string) => file.replace('url: https://', 'url: https://me:hush-x@'),
    ],
    [
      'a token with a line break',
      (file: string) => file.replace(/accessToken: (\S+)/, 'accessToken: "$1\\n$1"'),
    ],
    ['a reference that is not closed', (file: string) => file.replace(/password: (\S+)/, 'password: ${$1')],
  ])('in what is said of %s', async (_, spoilt) => {
    const project = await openProject();
    const file = await readFile(project.config, 'utf8');
    await writeFile(project.config, spoilt(file));
    expect(await readFile(project.config, 'utf8')).not.toBe(file);
    const { code } = await saying(project, ['check']);
    expect(code).toBeGreaterThan(0);
  });
});
