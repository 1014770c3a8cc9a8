/** The registry's client, against a registry over HTTP that answers as Confluent, Apicurio 2.6 and 3.3 do. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Registry } from '../../../src/avro/registry.js';
import type { RegistryAuth, RegistrySettings } from '../../../src/model/registry.js';
import { Authority } from '../../support/certificates.js';
import { type FakeOptions, FakeRegistry } from '../../support/fake-registry.js';
import { TokenEndpoint } from '../../support/token-endpoint.js';

const SUBJECT = 'intercom.acme.tags-value';
const V1 = record([{ name: 'id', type: 'string' }]);
const V2 = record([
  { name: 'id', type: 'string' },
  { name: 'name', type: ['null', 'string'], default: null },
]);
const INCOMPATIBLE = record([{ name: 'id', type: 'long' }]);

function record(fields: readonly object[]): string {
  return JSON.stringify({ type: 'record', name: 'Tag', namespace: 'intercom', fields });
}

async function start(options: FakeOptions = {}): Promise<FakeRegistry> {
  const fake = await FakeRegistry.start(options);
  onTestFinished(() => fake.close());
  return fake;
}

/** A client, with the warnings that it gave. */
function connect(fake: FakeRegistry, settings: Partial<RegistrySettings> = {}) {
  const warnings: string[] = [];
  const all = { url: fake.url, auth: null, ssl: null, register: 'always', compatibility: 'keep' } as const;
  const registry = new Registry({ ...all, ...settings }, (message) => warnings.push(message));
  return { registry, warnings };
}

const FLAVOURS = ['confluent', 'apicurio', 'apicurio-3'] as const;

describe.each(FLAVOURS)('register: always, at %s', (flavour) => {
  it('registers a schema once, and its versions one after another', async () => {
    const fake = await start({ flavour });
    const { registry, warnings } = connect(fake);
    const first = await registry.ensure(SUBJECT, V1);
    expect(await registry.ensure(SUBJECT, V1)).toBe(first);
    expect(await registry.ensure(SUBJECT, V2)).not.toBe(first);
    expect(fake.versions(SUBJECT)).toEqual([V1, V2]);
    expect(await registry.ensure(SUBJECT, V1)).toBe(first);
    expect(fake.sent('POST').filter((request) => request.endsWith('/versions'))).toHaveLength(2);
    expect(await registry.latest(SUBJECT)).toBe(V2);
    expect(warnings).toEqual([]);
  });

  it('refuses an incompatible schema, with the words of the registry and what to do', async () => {
    const fake = await start({ flavour });
    const { registry } = connect(fake);
    fake.add(SUBJECT, V1);
    fake.levels.set(SUBJECT, 'BACKWARD');
    await expect(registry.ensure(SUBJECT, INCOMPATIBLE)).rejects.toMatchObject({
      code: 'schema-rejected',
      message: expect.stringMatching(
        /registering intercom\.acme\.tags-value failed: .*incompatible with an earlier schema.*\(409\).*use another topics\.prefix/,
      ),
    });
    await expect(registry.verify(SUBJECT, INCOMPATIBLE)).rejects.toMatchObject({ code: 'schema-rejected' });
    await registry.verify(SUBJECT, V2);
    expect(fake.versions(SUBJECT)).toEqual([V1]);
  });

  it('needs no write for what is registered, also when the registry is locked', async () => {
    const fake = await start({ flavour });
    const id = fake.add(SUBJECT, V1);
    fake.levels.set(SUBJECT, 'FULL');
    fake.mode = 'READONLY';
    const { registry, warnings } = connect(fake);
    expect(await registry.ensure(SUBJECT, V1)).toBe(id);
    await registry.verify(SUBJECT, V1);
    expect(warnings).toEqual([]);
  });
});

describe('the level of a subject', () => {
  const LEVELS = [
    'NONE',
    'BACKWARD',
    'BACKWARD_TRANSITIVE',
    'FORWARD',
    'FORWARD_TRANSITIVE',
    'FULL',
    'FULL_TRANSITIVE',
  ] as const;

  it.each(LEVELS)('%s stays when the subject has it', async (level) => {
    const fake = await start();
    fake.levels.set(SUBJECT, level);
    const { registry, warnings } = connect(fake);
    await registry.ensure(SUBJECT, V1);
    await registry.ensure(SUBJECT, V2);
    expect(fake.versions(SUBJECT)).toEqual([V1, V2]);
    expect(fake.levels.get(SUBJECT)).toBe(level);
    expect(fake.sent('PUT')).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it.each<[string, string | undefined]>([
    ['NONE', 'BACKWARD'],
    ['BACKWARD', undefined],
    ['FULL_TRANSITIVE', undefined],
  ])('of a registry with %s: a new subject gets %s', async (globalLevel, own) => {
    const fake = await start();
    fake.globalLevel = globalLevel;
    const { registry } = connect(fake);
    await registry.ensure(SUBJECT, V1);
    await registry.ensure(SUBJECT, V2);
    expect(fake.levels.get(SUBJECT)).toBe(own);
  });

  it.each(['apicurio', 'apicurio-3'] as const)(
    'is BACKWARD for a new subject of %s, and NONE stays',
    async (flavour) => {
      const fake = await start({ flavour });
      const { registry } = connect(fake);
      await registry.ensure(SUBJECT, V1);
      expect(fake.levels.get(SUBJECT)).toBe('BACKWARD');
      fake.levels.set(SUBJECT, 'NONE');
      await connect(fake).registry.ensure(SUBJECT, V2);
      expect(fake.levels.get(SUBJECT)).toBe('NONE');
    },
  );

  it.each(FLAVOURS)(
    'is BACKWARD where the user may not read that of the registry, at %s',
    async (flavour) => {
      const fake = await start({ flavour });
      fake.forbids = (request) => request === 'GET /config' || request.includes('defaultToGlobal');
      const { registry, warnings } = connect(fake);
      for (const subject of [SUBJECT, 'other-value']) {
        await registry.ensure(subject, V1);
        expect(fake.levels.get(subject)).toBe('BACKWARD');
      }
      expect(warnings).toEqual([]);
    },
  );

  it.each(FLAVOURS)('is set to what is configured, at %s', async (flavour) => {
    const fake = await start({ flavour });
    const { registry } = connect(fake, { compatibility: 'FULL' });
    await registry.ensure(SUBJECT, V1);
    expect(fake.levels.get(SUBJECT)).toBe('FULL');
    await registry.ensure(SUBJECT, V2);
    expect(fake.sent('PUT')).toHaveLength(1);
    await connect(fake, { compatibility: 'NONE' }).registry.ensure(SUBJECT, INCOMPATIBLE);
    expect(fake.levels.get(SUBJECT)).toBe('NONE');
    expect(fake.versions(SUBJECT)).toEqual([V1, V2, INCOMPATIBLE]);
  });

  it.each(['confluent', 'apicurio-3'] as const)(
    'is set to NONE where the registry has another one, at %s',
    async (flavour) => {
      const fake = await start({ flavour });
      fake.add(SUBJECT, V1);
      fake.globalLevel = 'FULL';
      const { registry, warnings } = connect(fake, { compatibility: 'NONE' });
      await registry.ensure(SUBJECT, INCOMPATIBLE);
      expect(fake.versions(SUBJECT)).toEqual([V1, INCOMPATIBLE]);
      await registry.ensure(SUBJECT, V1);
      expect(fake.sent('PUT')).toHaveLength(1);
      expect(warnings).toEqual([]);
    },
  );

  it.each<[string, Partial<RegistrySettings>, (request: string) => boolean]>([
    ['may not write it', { compatibility: 'FULL' }, (request) => request.startsWith('PUT /config')],
    ['may not read it either', {}, (request) => request.includes('/config')],
  ])('of a user that %s is one warning for all subjects', async (_, settings, forbids) => {
    const fake = await start();
    fake.globalLevel = 'NONE';
    fake.forbids = forbids;
    const { registry, warnings } = connect(fake, settings);
    for (const subject of [SUBJECT, 'other-value']) await registry.ensure(subject, V1);
    expect(fake.versions('other-value')).toEqual([V1]);
    expect(warnings).toEqual([expect.stringMatching(/intercom\.acme\.tags-value.*403, code 40301/)]);
  });

  it('is not lowered while that of the registry can not be read', async () => {
    const fake = await start();
    fake.globalLevel = 'FULL';
    const isInherited = (request: string) => request === 'GET /config' || request.includes('defaultToGlobal');
    fake.intercept = (request) => (isInherited(request) ? { status: 503, body: {} } : null);
    const { registry } = connect(fake);
    await expect(registry.ensure(SUBJECT, V1)).rejects.toMatchObject({ code: 'registry-unreachable' });
    fake.intercept = () => null;
    await registry.ensure(SUBJECT, V1);
    expect(fake.levels.size).toBe(0);
  });

  it.each([
    ['confluent', '422, code 42205'],
    ['apicurio-3', '409, code 0'],
  ] as const)('of a locked registry is a warning where the schema is there, at %s', async (flavour, code) => {
    const fake = await start({ flavour });
    const id = fake.add(SUBJECT, V1);
    fake.mode = 'READONLY';
    const { registry, warnings } = connect(fake, { compatibility: 'FULL' });
    expect(await registry.ensure(SUBJECT, V1)).toBe(id);
    expect(warnings).toEqual([expect.stringContaining(code)]);
  });

  it('that several instances set at once is set without a warning', async () => {
    const fake = await start({ flavour: 'apicurio-3' });
    const taken = {
      status: 409,
      body: { error_code: 0, message: "A rule named 'COMPATIBILITY' already exists." },
    };
    const { registry, warnings } = connect(fake);
    let left = 3;
    fake.intercept = (request) => (request.startsWith('PUT') && left-- > 0 ? taken : null);
    await registry.ensure(SUBJECT, V1);
    expect(fake.levels.get(SUBJECT)).toBe('BACKWARD');
    expect(warnings).toEqual([]);
  });

  it('is set later when the registry failed in between', async () => {
    const fake = await start({ flavour: 'apicurio' });
    const { registry } = connect(fake);
    const broken = { status: 500, body: { error_code: 50001, message: 'error in the backend data store' } };
    fake.intercept = (request) => (request.startsWith('PUT') ? broken : null);
    await expect(registry.ensure(SUBJECT, V1)).rejects.toMatchObject({ code: 'registry-unreachable' });
    expect(fake.versions(SUBJECT)).toEqual([V1]);
    fake.intercept = () => null;
    await registry.ensure(SUBJECT, V1);
    expect(fake.levels.get(SUBJECT)).toBe('BACKWARD');
  });
});

describe('register: never', () => {
  it('looks schemas up, and changes nothing', async () => {
    const fake = await start();
    fake.globalLevel = 'NONE';
    const id = fake.add(SUBJECT, V1);
    fake.add(SUBJECT, V2);
    const { registry } = connect(fake, { register: 'never', compatibility: 'FULL' });
    expect(await registry.ensure(SUBJECT, V1)).toBe(id);
    await registry.verify(SUBJECT, V2);
    expect(fake.levels.size).toBe(0);
  });

  it.each([
    ['the subject', []],
    ['the version', [V1]],
  ])('fails where %s is missing, with the schema and the command', async (_, versions) => {
    const fake = await start();
    for (const version of versions) fake.add(SUBJECT, version);
    const { registry } = connect(fake, { register: 'never' });
    const expected = { code: 'schema-rejected', message: expect.stringContaining(V2) };
    for (const attempt of [registry.ensure(SUBJECT, V2), registry.verify(SUBJECT, V2)]) {
      await expect(attempt).rejects.toMatchObject(expected);
      await expect(attempt).rejects.toThrow(SUBJECT);
      await expect(attempt).rejects.toThrow('`intercom-kafka schemas --register`');
    }
    expect(fake.versions(SUBJECT)).toEqual(versions);
  });

  it('does not hold for the command that registers', async () => {
    const fake = await start();
    const { registry } = connect(fake, { register: 'never' });
    const id = await registry.register(SUBJECT, V1);
    expect(await registry.ensure(SUBJECT, V1)).toBe(id);
  });

  it.each(FLAVOURS)(
    'does not mistake another address for a registry without the schema, at %s',
    async (flavour) => {
      const fake = await start({ flavour });
      const { registry } = connect(fake, { register: 'never', url: `${fake.url}/wrong` });
      await expect(registry.ensure(SUBJECT, V1)).rejects.toThrow('check schemaRegistry.url');
    },
  );
});

describe('refusals', () => {
  it.each<[string, (fake: FakeRegistry) => void, string, RegExp]>([
    [
      'a locked registry',
      (fake) => {
        fake.mode = 'READONLY';
      },
      'schema-rejected',
      /registering .*read-only mode \(422, code 42205\); the registry is locked.*schemas --register/,
    ],
    [
      'a user without the right to register',
      (fake) => {
        fake.forbids = (request) => request.endsWith('/versions');
      },
      'schema-rejected',
      /registering .*User is denied.*\(403, code 40301\); check schemaRegistry\.auth/,
    ],
    [
      'a user without the right to read',
      (fake) => {
        fake.forbids = () => true;
      },
      'schema-rejected',
      /looking up .*\(403, code 40301\); check schemaRegistry\.auth/,
    ],
    [
      'wrong credentials',
      (fake) => {
        fake.accepts = () => false;
      },
      'registry-unreachable',
      /refused the credentials: Unauthorized \(401, code 40101\); check schemaRegistry\.auth/,
    ],
    [
      'an invalid schema',
      (fake) => {
        fake.intercept = () => ({ status: 422, body: { error_code: 42201, message: 'Invalid schema' } });
      },
      'schema-rejected',
      /Invalid schema \(422, code 42201\)/,
    ],
    [
      'a page of another server',
      (fake) => {
        fake.intercept = () => ({ status: 404, body: 'nginx' });
      },
      'registry-unreachable',
      /status 404 \(404\) at http.*check schemaRegistry\.url/,
    ],
  ])('%s', async (_, arrange, code, message) => {
    const fake = await start();
    arrange(fake);
    const failed = connect(fake).registry.ensure(SUBJECT, V1);
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('by a locked Apicurio 3 are not taken for an incompatible schema', async () => {
    const fake = await start({ flavour: 'apicurio-3' });
    fake.mode = 'READONLY';
    await expect(connect(fake).registry.ensure(SUBJECT, V1)).rejects.toMatchObject({
      code: 'schema-rejected',
      message: expect.stringMatching(/registering .* is in mode READONLY .*the registry is locked/),
    });
  });

  it('by a conflict that lasts do not advise to delete anything', async () => {
    const fake = await start({ flavour: 'apicurio-3' });
    const conflict = { status: 409, body: { error_code: 0, message: 'already exists' } };
    fake.intercept = (request) => (request.endsWith('/versions') ? conflict : null);
    await expect(connect(fake).registry.ensure(SUBJECT, V1)).rejects.toMatchObject({
      code: 'schema-rejected',
      message: expect.stringMatching(
        /already exists \(409, code 0\); .*another client changes the subject.*try again$/,
      ),
    });
  });

  it.each(FLAVOURS)(
    'are found by check before: a locked registry, without a change, at %s',
    async (flavour) => {
      const fake = await start({ flavour });
      fake.mode = 'READONLY';
      const failed = connect(fake).registry.verify(SUBJECT, V1);
      await expect(failed).rejects.toMatchObject({
        code: 'schema-rejected',
        message: expect.stringContaining('mode READONLY'),
      });
      expect([...fake.sent('PUT'), ...fake.sent('POST')]).toEqual([`POST /subjects/${SUBJECT}`]);
    },
  );

  it('of an ID that no schema has name the ID', async () => {
    const { registry } = connect(await start());
    await expect(registry.typeOf(17)).rejects.toMatchObject({
      code: 'registry-unreachable',
      message: expect.stringMatching(/reading schema 17 failed.*check that schemaRegistry\.url/),
    });
  });

  it('of a subject that this user must not see still are an answer', async () => {
    const fake = await start();
    fake.forbids = () => true;
    await connect(fake).registry.ping();
  });

  it.each([
    [40401, 'Subject not found.'],
    [40402, 'Version not found.'],
  ])('with the code %s: there is no newest schema', async (code, message) => {
    const fake = await start();
    fake.intercept = () => ({ status: 404, body: { error_code: code, message } });
    expect(await connect(fake).registry.latest(SUBJECT)).toBeNull();
  });

  it('of a long text are cut', async () => {
    const fake = await start();
    fake.intercept = () => ({ status: 409, body: { error_code: 409, message: 'x'.repeat(5_000) } });
    const failed = connect(fake).registry.ensure(SUBJECT, V1);
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/^.{100,1000}$/) });
  });

  it('that come with a 5xx are retried', async () => {
    const fake = await start();
    const faults = [503, 500];
    fake.intercept = () => {
      const status = faults.shift();
      return status === undefined ? null : { status, body: {} };
    };
    await connect(fake).registry.ensure(SUBJECT, V1);
    expect(fake.versions(SUBJECT)).toEqual([V1]);
  });

  it('of concurrent first registrations are retried', async () => {
    const fake = await start();
    const already = { status: 409, body: { error_code: 409, message: 'already exists' } };
    const { registry } = connect(fake);
    let left = 3;
    fake.intercept = (request) => (request.endsWith('/versions') && left-- > 0 ? already : null);
    expect(await registry.ensure(SUBJECT, V1)).toBe(1);
  });
});

describe('authentication', () => {
  const client = { clientId: 'publisher', clientSecret: 's3cr3t/+', scope: 'registry' };

  it.each<[string, RegistryAuth, string]>([
    [
      'basic',
      { username: 'intercom', password: 'p:w' },
      `Basic ${Buffer.from('intercom:p:w').toString('base64')}`,
    ],
    ['a bearer token', { token: 'eyJ.t' }, 'Bearer eyJ.t'],
  ])('%s goes with every request', async (_, auth, header) => {
    const fake = await start();
    fake.accepts = (given) => given === header;
    const { registry } = connect(fake, { auth });
    const id = await registry.ensure(SUBJECT, V1);
    const type = await registry.typeOf(id);
    expect(type.fromBuffer(Buffer.from([4, 0x68, 0x69]))).toMatchObject({ id: 'hi' });
    await expect(connect(fake).registry.typeOf(id)).rejects.toThrow('check schemaRegistry.auth');
  });

  async function oauth() {
    const endpoint = await TokenEndpoint.start(client);
    onTestFinished(() => endpoint.close());
    const fake = await start();
    fake.accepts = (given = '') => given.startsWith('Bearer ey') && endpoint.granted.length > 0;
    return { endpoint, fake, auth: { tokenEndpoint: endpoint.url, ...client } };
  }

  it('OAuth client credentials: one token for all requests, with the scope', async () => {
    const { endpoint, fake, auth } = await oauth();
    const { registry } = connect(fake, { auth });
    const ids = await Promise.all(['a', 'b', 'c'].map((subject) => registry.ensure(subject, V1)));
    await registry.typeOf(ids[0] ?? 0);
    expect(endpoint.granted.map((form) => form.get('scope'))).toEqual(['registry']);
  });

  it('OAuth client credentials: a token that the registry refuses is replaced once', async () => {
    const { endpoint, fake, auth } = await oauth();
    const { registry } = connect(fake, { auth });
    const id = await registry.ensure(SUBJECT, V1);
    fake.accepts = () => endpoint.granted.length >= 2;
    expect(await registry.ensure(SUBJECT, V1)).toBe(id);
    fake.accepts = () => endpoint.granted.length >= 3;
    await registry.typeOf(id);
    fake.accepts = () => false;
    await expect(registry.ping()).rejects.toThrow('refused the credentials');
    expect(endpoint.granted).toHaveLength(4);
  });

  it('OAuth client credentials: an endpoint that refuses is named, and no secret', async () => {
    const { endpoint, fake, auth } = await oauth();
    const { registry } = connect(fake, { auth: { ...auth, clientSecret: 'hush' } });
    for (const attempt of [registry.ping(), registry.typeOf(1)]) {
      await expect(attempt).rejects.toMatchObject({
        code: 'registry-unreachable',
        message: expect.stringMatching(/^schemaRegistry\.auth: .*answered 401 without an access_token/),
      });
      await expect(attempt).rejects.not.toThrow('hush');
    }
    expect(endpoint.granted).toEqual([]);
  });

  it('TLS with an own authority and a client certificate', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-registry-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const authority = await Authority.create(dir, 'authority');
    const [server, own] = await Promise.all([authority.issue('registry'), authority.issue('publisher')]);
    const ca = authority.certificate.cert;
    const fake = await start({ tls: { server, clientCa: ca } });
    const { registry } = connect(fake, { ssl: { ca, cert: own.cert, key: own.key } });
    const id = await registry.ensure(SUBJECT, V1);
    await registry.typeOf(id);
    const anonymous = connect(fake, { ssl: { ca, cert: null, key: null } }).registry;
    await expect(anonymous.ping()).rejects.toMatchObject({ code: 'registry-unreachable' });
    await expect(connect(fake).registry.ping()).rejects.toThrow('schemaRegistry.ssl.ca');
    const absent = { ca: join(dir, 'absent.pem'), cert: null, key: null };
    expect(() => connect(fake, { ssl: absent })).toThrow(/schemaRegistry\.ssl\.ca: can't read .*absent\.pem/);
  });
});
