/**
 * The settings table: every key of the file, with its check, its default and its description, declared once.
 */

import { z } from 'zod';

import { connectionSettings } from './connection-settings.js';
import { saslSettings } from './sasl-settings.js';
import { secretSetting, setting } from './setting.js';
import { hostAndPort, httpUrl, text, topicName } from './values.js';

const tlsFiles = z
  .strictObject({
    ca: setting(text.optional(), 'the path of a PEM file', 'Certificate authorities to trust.'),
    cert: setting(text.optional(), 'the path of a PEM file', 'Client certificate; comes with `key`.'),
    key: setting(text.optional(), 'the path of a PEM file', 'Key of the client certificate.'),
  })
  .superRefine((files, context) => {
    if ((files.cert === undefined) === (files.key === undefined)) return;
    const missing = files.cert === undefined ? 'cert' : 'key';
    context.addIssue({ code: 'custom', path: [missing], message: 'cert and key together' });
  });

const kafka = z.strictObject({
  brokers: setting(
    z
      .array(setting(hostAndPort, 'host:port', 'A broker.'))
      .min(1)
      .prefault(['localhost:9092']),
    'a list of host:port',
    'Brokers to start from.',
  ),
  clientId: setting(
    text.prefault('intercom-kafka'),
    'text',
    'Name under which the brokers see the publisher.',
  ),
  ssl: setting(
    z.union([z.boolean(), tlsFiles]).prefault(false),
    'true, false, or a mapping with ca, cert and key',
    'TLS to the brokers. `true`: with the authorities that Node.js trusts. Paths are relative to the file.',
  ),
  sasl: setting(
    saslSettings.nullable().prefault(null),
    'null or a mapping with mechanism',
    'Authentication at the brokers; `null`: none.',
  ),
  compression: setting(
    z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).prefault('zstd'),
    'one of none, gzip, snappy, lz4, zstd',
    'How batches are compressed.',
  ),
});

const basicAuth = (meaning: string) =>
  setting(
    z
      .strictObject({
        username: setting(text, 'text', 'User name.'),
        password: secretSetting(text, 'text', 'Password.'),
      })
      .nullable()
      .prefault(null),
    'null or a mapping with username and password',
    meaning,
  );

const schemaRegistry = z.strictObject({
  url: setting(
    httpUrl.prefault('http://localhost:8081'),
    'an http(s) URL without user name',
    'Where its REST API is.',
  ),
  auth: basicAuth('Basic authentication at the registry; `null`: none.'),
});

const topicConfig = z
  .record(
    z.string(),
    setting(
      z.union([z.string(), z.number(), z.boolean()]).transform(String),
      'text, a number, true or false',
      '',
    ),
  )
  .superRefine((config, context) => {
    const policy = config['cleanup.policy'];
    if (policy === undefined || policy === 'compact') return;
    const message = 'compact, because the topics are always compacted';
    context.addIssue({ code: 'custom', path: ['cleanup.policy'], message });
  });

const topics = z.strictObject({
  prefix: setting(
    z
      .string()
      .regex(/^[a-zA-Z0-9._-]+$/)
      .prefault('intercom'),
    'letters, digits, dots, underscores and hyphens',
    'A topic is called `{prefix}.{connection}.{table}`.',
  ),
  partitions: setting(
    z.int().min(1).prefault(3),
    'a whole number of at least 1',
    'Partitions of a topic that is created.',
  ),
  replicationFactor: setting(
    z
      .int()
      .refine((factor) => factor === -1 || (factor >= 1 && factor <= 32_767))
      .prefault(-1),
    '-1 or a whole number of at least 1',
    "Replicas of a topic that is created; `-1`: the broker's default.",
  ),
  config: setting(
    topicConfig.prefault({}),
    'a mapping of topic settings',
    'Extra settings of a topic that is created, by their Kafka names. They win over those that keep the state topic small (docs/scaling.md). `cleanup.policy` is always `compact`.',
  ),
  create: setting(
    z.boolean().prefault(true),
    'true or false',
    'Create missing topics; `false`: refuse to start when one is missing.',
  ),
  onPartitionsAdded: setting(
    z.enum(['refuse', 'move']).prefault('refuse'),
    'refuse or move',
    "What to do with a table's topic whose partitions were added to, so that keys belong to other partitions than their older versions. `refuse`: " +
      'its connection is not served. `move`: keys are published in their new partitions and end with a tombstone in the old ones, once.',
  ),
});

const state = z.strictObject({
  topic: setting(
    topicName.prefault('intercom.state'),
    'a topic name (letters, digits, dots, underscores, hyphens; at most 249)',
    'The compacted topic that holds the bookmarks.',
  ),
  partitions: setting(
    z.int().min(1).prefault(16),
    'a whole number of at least 1',
    'Upper bound of instances that share the connections.',
  ),
  group: setting(text.prefault('intercom-kafka'), 'text', 'The consumer group that shares the connections.'),
});

const http = z
  .strictObject({
    host: setting(text.prefault('127.0.0.1'), 'a host name or address', 'Address to listen on.'),
    port: setting(
      z.int().min(0).max(65_535).prefault(9464),
      'a port from 0 to 65535',
      'Port to listen on; `0`: any free one.',
    ),
    auth: basicAuth(
      'Basic authentication for the status page, its JSON and the metrics; `null`: none. Health checks take none.',
    ),
  })
  .nullable();

/** The whole file, after `defaults` went under each connection. */
export const fileSettings = setting(
  z.strictObject({
    kafka: setting(kafka.prefault({}), 'a mapping', 'The Kafka cluster that is published to.'),
    schemaRegistry: setting(
      schemaRegistry.prefault({}),
      'a mapping',
      'The schema registry (Confluent-compatible REST API).',
    ),
    topics: setting(topics.prefault({}), 'a mapping', 'The topics that the tables are published to.'),
    state: setting(state.prefault({}), 'a mapping', 'Where the publisher remembers how far it is.'),
    http: setting(
      http.prefault({}),
      'a mapping or null',
      'Health, metrics, status page and webhooks; `null` turns them off.',
    ),
    defaults: setting(
      connectionSettings.omit({ name: true }).partial().prefault({}),
      'a mapping of connection settings',
      'Any key of a connection but its name, for all connections. A key of the connection itself wins. `deletes` is ' +
        'merged key by key, everything else is taken whole: credentials are never put together from both.',
    ),
    connections: setting(
      z.array(setting(connectionSettings, 'a mapping', '')).min(1),
      'a list with at least one connection',
      'The Intercom workspaces to replicate.',
    ),
  }),
  'a mapping with kafka, topics, connections …',
  '',
);

/** What the file says once it was found to be right. */
export type FileSettings = z.output<typeof fileSettings>;
