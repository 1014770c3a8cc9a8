/** The AsyncAPI document of `catalog --asyncapi`, by AsyncAPI's own parser. */

import { AvroSchemaParser } from '@asyncapi/avro-schema-parser';
import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from 'vitest';
import { keySchemaText, valueSchema } from '../../../src/avro/codec.js';
import { definitionsIn, planColumns } from '../../../src/avro/custom-attributes.js';
import { publishedText } from '../../../src/avro/published.js';
import { asyncApiDocument, type DescribedTable } from '../../../src/cli/asyncapi.js';
import type { Config } from '../../../src/config/config.js';
import { ALL_TABLE_NAMES } from '../../../src/model/table-names.js';
import { publishedTables } from '../../../src/publisher/published-table.js';
import { connectionYaml, parse } from '../config/parse.js';

const TIMEOUT = 120_000;
const parser = new Parser({ schemaParsers: [AvroSchemaParser()] });
const COLUMNS = planColumns(
  [],
  definitionsIn([
    { name: 'plan tier', full_name: 'custom_attributes.plan tier', data_type: 'string', custom: true },
    { name: 'renewal', full_name: 'custom_attributes.renewal', data_type: 'date', custom: true },
  ]),
);

function tablesOf(config: Config): DescribedTable[] {
  return config.connections.flatMap((connection) =>
    publishedTables(config, connection).map((published) => {
      const { table, rules, hasColumns } = published;
      const columns = hasColumns ? COLUMNS : [];
      return { published, schema: valueSchema(table.name, connection.values, { rules, columns }) };
    }),
  );
}

interface Document {
  readonly servers: Record<string, { host: string; protocol: string; security?: unknown; bindings: unknown }>;
  readonly channels: Record<string, { address: string; bindings: { kafka: Record<string, unknown> } }>;
  readonly operations: Record<string, { action: string }>;
  readonly components: {
    readonly schemas: Record<string, { schemaFormat: string; schema: unknown }>;
    readonly messages: Record<
      string,
      { payload: Record<string, unknown>; bindings: { kafka: Record<string, unknown> } }
    >;
    readonly securitySchemes: Record<string, unknown>;
  };
}

/** The document as a reader gets it. */
function documentOf(yaml: string): Document {
  const config = parse(yaml);
  return JSON.parse(JSON.stringify(asyncApiDocument(config, tablesOf(config), '1.2.3')));
}

/**
 * Errors and warnings; AsyncAPI's newer versions are only a piece of advice. Its parser converts Avro without a
 * check, so that each schema is checked by itself.
 */
async function complaints(document: Document): Promise<string[]> {
  const { diagnostics } = await parser.parse(JSON.stringify(document));
  const wrong = diagnostics
    .filter(({ severity }) => severity < 2)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  return [...wrong, ...(await Promise.all(avroIn(document).map(avroComplaints))).flat()];
}

/** The schemas of values and keys. */
function avroIn({ components: { schemas, messages } }: Document): unknown[] {
  const values = Object.values(schemas).flatMap(({ schemaFormat, schema }) =>
    schemaFormat === undefined ? [] : schema,
  );
  return [...values, ...Object.values(messages).map(({ bindings }) => bindings.kafka.key)];
}

async function avroComplaints(data: unknown): Promise<string[]> {
  const input = { data, path: [], asyncapi: {}, fileFormat: 'json', schemaFormat: 'avro', meta: {} };
  const found = await AvroSchemaParser().validate(input as never);
  return (found ?? []).map(({ message }) => message);
}

const FEW = 'tables: {contacts: {}, tags: {}, company_attributes: {}}';
const FEW_TABLES = connectionYaml(FEW);
const ONE_TABLE = connectionYaml('tables: {tags: {}}');

describe('AsyncAPI’s parser accepts', () => {
  it.each([
    ['every table', connectionYaml(`tables: {${ALL_TABLE_NAMES.map((name) => `${name}: {}`).join(', ')}}`)],
    [
      'nested values with field rules',
      connectionYaml(
        'values: nested\nhashKey: k\ntables: {contacts: {exclude: [phone], hash: [email]}, conversations: {}}',
      ),
    ],
    [
      'connections in different forms',
      `${FEW_TABLES}  - name: other-1\n    credentials: {accessToken: t}\n    values: nested\n    ${FEW}\n`,
    ],
    [
      'TLS, a certificate, SASL and own topic settings',
      `kafka: {ssl: {ca: a, cert: b, key: c}, sasl: {mechanism: scram-sha-512, username: u, password: p}}
topics: {replicationFactor: 3, config: {retention.ms: -1}}
${ONE_TABLE}`,
    ],
    [
      'tokens',
      `kafka: {ssl: true, sasl: {mechanism: oauthbearer, tokenEndpoint: "https://id.example/token", clientId: c, clientSecret: s, scope: "a b"}}\n${ONE_TABLE}`,
    ],
  ])('%s', async (_, yaml) => expect(await complaints(documentOf(yaml))).toEqual([]), TIMEOUT);
});

describe('AsyncAPI’s parser refuses', () => {
  it.each<[string, (document: Document) => void]>([
    [
      'a value that is no Avro',
      ({ components: { schemas } }) => {
        Object.assign(schemas.tags as object, {
          schema: { type: 'record', name: 'Tag', fields: [{ name: 'id', type: 'text' }] },
        });
      },
    ],
    [
      'a key that is no schema',
      ({ components: { messages } }) => {
        Object.assign(messages['acme.tags']?.bindings.kafka as object, { key: { type: 'recording' } });
      },
    ],
    [
      'a topic without partitions',
      ({ channels }) => {
        Object.assign(channels['acme.tags']?.bindings.kafka as object, { partitions: 0 });
      },
    ],
    [
      'a message of no schema',
      ({ components: { messages } }) => {
        Object.assign(messages['acme.tags'] as object, { payload: { $ref: '#/components/schemas/none' } });
      },
    ],
  ])(
    '%s',
    async (_, spoil) => {
      const document = documentOf(ONE_TABLE);
      spoil(document);
      expect(await complaints(document)).not.toEqual([]);
    },
    TIMEOUT,
  );
});

it('has a channel for each table, with its topic, its schemas and what the publisher does', () => {
  const document = documentOf(
    `topics: {prefix: crm, partitions: 6, replicationFactor: 3, config: {retention.ms: -1, segment.ms: 1000}}\n${FEW_TABLES}`,
  );
  expect(Object.keys(document.channels)).toEqual(['acme.company_attributes', 'acme.contacts', 'acme.tags']);
  expect(document.channels['acme.contacts']).toMatchObject({
    address: 'crm.acme.contacts',
    messages: {
      row: { $ref: '#/components/messages/acme.contacts' },
      tombstone: { $ref: '#/components/messages/acme.contacts.tombstone' },
    },
  });
  expect(document.channels['acme.contacts']?.bindings.kafka).toEqual({
    topic: 'crm.acme.contacts',
    partitions: 6,
    replicas: 3,
    topicConfiguration: {
      'cleanup.policy': ['compact'],
      'retention.ms': -1,
      'max.message.bytes': 10 * 1024 * 1024,
    },
    bindingVersion: '0.4.0',
  });
  const { messages, schemas } = document.components;
  expect(messages['acme.contacts']?.payload).toEqual({ $ref: '#/components/schemas/contacts' });
  expect(messages['acme.contacts.tombstone']?.payload).toEqual({ type: 'null' });
  const adapted = tablesOf(parse(FEW_TABLES)).find(({ published }) => published.table.name === 'contacts');
  expect(schemas.contacts).toEqual({
    schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0',
    schema: JSON.parse(publishedText(adapted?.schema ?? valueSchema('contacts', 'flat'))),
  });
  expect(JSON.stringify(schemas.contacts)).toContain('custom_attributes_plan_tier');
  for (const message of ['acme.company_attributes', 'acme.company_attributes.tombstone'])
    expect(messages[message]?.bindings.kafka).toMatchObject({
      key: JSON.parse(keySchemaText('company_attributes', '_sdc_record_hash')),
      schemaIdLocation: 'payload',
    });
  expect(Object.values(document.operations).map(({ action }) => action)).toEqual(['send', 'send', 'send']);
});

it('leaves out the replicas where the broker decides on them', () => {
  expect(documentOf(FEW_TABLES).channels['acme.tags']?.bindings.kafka).not.toHaveProperty('replicas');
});

it('has one schema for tables that are published in the same form', () => {
  const other = (values: string) =>
    `${FEW_TABLES}  - name: beta\n    credentials: {accessToken: t}\n    values: ${values}\n    ${FEW}\n`;
  const avro = (document: Document) =>
    Object.entries(document.components.schemas).flatMap(([name, { schemaFormat }]) =>
      schemaFormat === undefined ? [] : name,
    );
  expect(avro(documentOf(other('flat')))).toEqual(['company_attributes', 'contacts', 'tags']);
  const nested = documentOf(other('nested'));
  expect(avro(nested)).toEqual(expect.arrayContaining(['contacts', 'contacts-2']));
  expect(nested.components.messages['beta.contacts']?.payload).toEqual({
    $ref: '#/components/schemas/contacts-2',
  });
});

it.each([
  ['no TLS', '', 'kafka', {}],
  ['TLS', 'ssl: true', 'kafka-secure', {}],
  ['a certificate', 'ssl: {cert: a, key: b}', 'kafka-secure', { certificate: { type: 'X509' } }],
  ['a password', 'sasl: {mechanism: plain, username: u, password: p}', 'kafka', { sasl: { type: 'plain' } }],
  [
    'SCRAM',
    'ssl: true, sasl: {mechanism: scram-sha-256, username: u, password: p}',
    'kafka-secure',
    { sasl: { type: 'scramSha256' } },
  ],
])('says of %s which protocol and security the brokers have', (_, kafka, protocol, security) => {
  const document = documentOf(`kafka: {brokers: ["a:1", "b:2"]${kafka && `, ${kafka}`}}\n${FEW_TABLES}`);
  expect(Object.values(document.servers).map(({ host }) => host)).toEqual(['a:1', 'b:2']);
  for (const server of Object.values(document.servers)) {
    expect(server.protocol).toBe(protocol);
    expect(server.security ?? []).toEqual(
      Object.keys(security).map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
    );
  }
  expect(document.components.securitySchemes).toEqual(security);
});

it('contains no secret', () => {
  const document = documentOf(
    `kafka: {sasl: {mechanism: oauthbearer, tokenEndpoint: "https://id.example/token", clientId: hush-2, clientSecret: hush-3}}
schemaRegistry: {url: "https://registry.example/api", auth: {username: hush-5, password: hush-6}}
http: {auth: {username: hush-7, password: hush-8}}
${connectionYaml(`hashKey: hush-9\ngateway: "http://u:hush-10@proxy.example"\n${FEW}`).replace('accessToken: token', 'accessToken: hush-11')}`,
  );
  const text = JSON.stringify(document);
  expect(text).toContain('https://registry.example/api"');
  expect(text).toContain('https://id.example/token"');
  expect(text.match(/hush-\d+/g)).toBeNull();
});
