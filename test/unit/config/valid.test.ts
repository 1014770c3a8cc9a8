/** What a right file becomes. */

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { TABLE_NAMES } from '../../../src/model/table-names.js';
import { CONTRACT_YAML } from './contract.js';
import { parse, parseConnection } from './parse.js';

const MINIMAL = 'connections: [{name: acme, credentials: {accessToken: token}}]';

describe('the file of the contract', () => {
  const config = parse(CONTRACT_YAML, { ACME_INTERCOM_TOKEN: 'dG9rOjE=' });

  it('is read as it is written', () => {
    expect(config.kafka).toEqual({
      brokers: ['localhost:9092'],
      clientId: 'intercom-kafka',
      ssl: false,
      sasl: null,
      compression: 'zstd',
    });
    expect(config.schemaRegistry).toEqual({
      url: 'http://localhost:8081',
      auth: null,
      ssl: null,
      register: 'always',
      compatibility: 'keep',
    });
    expect(config.topics).toEqual({
      prefix: 'intercom',
      partitions: 3,
      replicationFactor: -1,
      config: {},
      create: true,
      onPartitionsAdded: 'refuse',
    });
    expect(config.connections).toEqual([
      {
        name: 'acme',
        region: 'us',
        baseUrl: 'https://api.intercom.io',
        apiVersion: '2.16',
        credentials: { accessToken: 'dG9rOjE=' },
        gateway: null,
        startDate: 1_704_067_200,
        schedule: '*/5 * * * *',
        lookback: 900,
        rateLimit: 1,
        retry: { attempts: 6, timeout: 30 },
        hashKey: null,
        deletes: { reconcile: '0 3 * * *', webhooks: true },
        values: 'flat',
        customAttributes: 'columns',
        tables: [
          { name: 'companies', schedule: '0 * * * *', exclude: [], hash: [] },
          { name: 'contacts', schedule: '*/5 * * * *', exclude: [], hash: [] },
          { name: 'conversation_parts', schedule: '*/5 * * * *', exclude: ['body'], hash: ['author.email'] },
        ],
      },
    ]);
  });

  it('shows the defaults: a file without them says the same, but for start date and tables', () => {
    const minimal = parse(MINIMAL);
    const [shown] = config.connections;
    expect(minimal).toEqual({
      ...config,
      connections: [
        {
          ...shown,
          credentials: { accessToken: 'token' },
          startDate: 0,
          tables: TABLE_NAMES.map((name) => ({ name, schedule: '*/5 * * * *', exclude: [], hash: [] })),
        },
      ],
    });
  });
});

it('the starter file is right', async () => {
  const text = await readFile('intercom-kafka.example.yaml', 'utf8');
  expect(parse(text, { ACME_INTERCOM_TOKEN: 'token' }).connections).toHaveLength(1);
});

it.each([
  ['{username: u, password: p}', { username: 'u', password: 'p' }],
  ['{token: t}', { token: 't' }],
  [
    '{tokenEndpoint: "http://t/", clientId: c, clientSecret: s}',
    { tokenEndpoint: 'http://t', clientId: 'c', clientSecret: 's', scope: null },
  ],
  [
    '{tokenEndpoint: http://t, clientId: c, clientSecret: s, scope: r}',
    { tokenEndpoint: 'http://t', clientId: 'c', clientSecret: 's', scope: 'r' },
  ],
])('schemaRegistry.auth: %s', (yaml, expected) => {
  expect(parse(`schemaRegistry: {auth: ${yaml}}\n${MINIMAL}`).schemaRegistry.auth).toEqual(expected);
});

it('paths start at the folder of the file', () => {
  const config = parse(`
kafka: {ssl: {ca: certs/ca.pem, cert: /abs/cert.pem, key: ./key.pem}}
schemaRegistry: {ssl: {ca: certs/ca.pem}}
connections: [{name: acme, credentials: {clientId: i, clientSecret: s, tokenFile: .intercom-kafka/acme.token}}]`);
  expect(config.kafka.ssl).toEqual({
    ca: '/etc/publisher/certs/ca.pem',
    cert: '/abs/cert.pem',
    key: '/etc/publisher/key.pem',
  });
  expect(config.schemaRegistry.ssl).toEqual({ ca: '/etc/publisher/certs/ca.pem', cert: null, key: null });
  expect(config.connections[0]?.credentials).toEqual({
    clientId: 'i',
    clientSecret: 's',
    tokenFile: '/etc/publisher/.intercom-kafka/acme.token',
  });
});

describe('values', () => {
  it.each([
    ['region: eu', { region: 'eu', baseUrl: 'https://api.eu.intercom.io' }],
    ['region: au', { region: 'au', baseUrl: 'https://api.au.intercom.io' }],
    ['baseUrl: http://127.0.0.1:4010//', { region: null, baseUrl: 'http://127.0.0.1:4010' }],
    ['gateway: http://user:pass@proxy:3128/', { gateway: 'http://user:pass@proxy:3128' }],
    ['apiVersion: "2.10"', { apiVersion: '2.10' }],
    ['startDate: 2024-02-29', { startDate: 1_709_164_800 }],
    ['startDate: "2024-01-01T02:00:00+02:00"', { startDate: 1_704_067_200 }],
    ['startDate: 2024-01-01 00:00:00', { startDate: 1_704_067_200 }],
    ['startDate: 2024-01-01T00:00:00.999-0530', { startDate: 1_704_087_000 }],
    ['startDate: 1969-12-31', { startDate: -86_400 }],
    ['lookback: 90s', { lookback: 90 }],
    ['lookback: 1h', { lookback: 3_600 }],
    ['lookback: 2d', { lookback: 172_800 }],
    ['lookback: 45', { lookback: 45 }],
    ['schedule: null', { schedule: null }],
    ['schedule: "*/10 * * * * *"', { schedule: '*/10 * * * * *' }],
    ['rateLimit: 0.25', { rateLimit: 0.25 }],
    ['retry: {timeout: 2m}', { retry: { attempts: 6, timeout: 120 } }],
    ['deletes: {reconcile: null}', { deletes: { reconcile: null, webhooks: true } }],
  ])('%s', (yaml, expected) => {
    expect(parseConnection(yaml)).toMatchObject(expected);
  });

  it('takes topic settings as texts, and the policy that is the only one', () => {
    const config = parse(
      `topics: {config: {cleanup.policy: compact, retention.ms: 5, preallocate: true}}\n${MINIMAL}`,
    );
    expect(config.topics.config).toEqual({
      'cleanup.policy': 'compact',
      'retention.ms': '5',
      preallocate: 'true',
    });
  });

  it.each([
    ['{mechanism: plain, username: u, password: p}', { mechanism: 'plain', username: 'u', password: 'p' }],
    [
      '{mechanism: oauthbearer, tokenEndpoint: https://idp/token, clientId: i, clientSecret: s}',
      {
        mechanism: 'oauthbearer',
        tokenEndpoint: 'https://idp/token',
        clientId: 'i',
        clientSecret: 's',
        scope: null,
      },
    ],
  ])('sasl %s', (yaml, expected) => {
    expect(parse(`kafka: {sasl: ${yaml}}\n${MINIMAL}`).kafka.sasl).toEqual(expected);
  });

  it('turns HTTP off by null', () => {
    expect(parse(`http: null\n${MINIMAL}`).http).toBeNull();
  });
});

describe('tables', () => {
  it('without settings are those of the connection', () => {
    const { tables } = parseConnection('schedule: "0 * * * *"\ntables:\n  tags:\n  admins: {schedule: null}');
    expect(tables).toEqual([
      { name: 'admins', schedule: null, exclude: [], hash: [] },
      { name: 'tags', schedule: '0 * * * *', exclude: [], hash: [] },
    ]);
  });

  it.each(['tables: {}', 'tables:', 'rateLimit: 1'])('%s: all eleven', (yaml) => {
    expect(parseConnection(yaml).tables.map(({ name }) => name)).toEqual(TABLE_NAMES);
  });
});

describe('defaults', () => {
  const shared = `
defaults:
  region: eu
  credentials: {clientId: i, clientSecret: s, tokenFile: /t}
  deletes: {reconcile: null, webhooks: false}
  retry: {timeout: 5s, attempts: 2}
  tables: {tags: {}}
connections:
  - name: plain
  - name: own
    baseUrl: http://localhost:1
    credentials: {accessToken: token}
    deletes: {webhooks: true}
    retry: {attempts: 9}
    tables: {teams: {}}
  - {name: every, tables: {}}`;

  it('serve a connection that says nothing', () => {
    expect(parse(shared).connections[0]).toMatchObject({
      baseUrl: 'https://api.eu.intercom.io',
      credentials: { clientId: 'i', clientSecret: 's', tokenFile: '/t' },
      deletes: { reconcile: null, webhooks: false },
      tables: [{ name: 'tags' }],
    });
  });

  it('give way to what a connection says; only deletes and retry are merged key by key', () => {
    expect(parse(shared).connections[1]).toMatchObject({
      region: null,
      baseUrl: 'http://localhost:1',
      deletes: { reconcile: null, webhooks: true },
      retry: { attempts: 9, timeout: 5 },
      tables: [{ name: 'teams' }],
    });
    expect(parse(shared).connections[1]?.credentials).toEqual({ accessToken: 'token' });
    expect(parse(shared).connections[2]?.tables).toHaveLength(11);
  });

  it('may be written with anchors and merge keys too', () => {
    const yaml = `
connections:
  - &first {name: a, region: au, credentials: &c {accessToken: token}}
  - {<<: *first, name: b}
  - {name: c, credentials: *c}`;
    expect(parse(yaml).connections.map(({ name, region }) => [name, region])).toEqual([
      ['a', 'au'],
      ['b', 'au'],
      ['c', 'us'],
    ]);
  });
});
