/**
 * The settings table: every key of the file, with its check, its default and its description, declared once.
 */

import { z } from 'zod';

import { connectionSettings } from './connection-settings.js';
import { registrySettings } from './registry-settings.js';
import { saslSettings } from './sasl-settings.js';
import { secretSetting, setting } from './setting.js';
import { tlsFiles } from './tls-settings.js';
import { hostAndPort, text, topicName } from './values.js';

const kafka = z.strictObject({
  brokers: setting(
    z
      .array(setting(hostAndPort, 'host:port', 'A broker.'))
      .min(1)
      .prefault(['localhost:9092']),
    'a list of host:port',
    'Brokers for the first connection to the cluster.',
  ),
  clientId: setting(text.prefault('intercom-kafka'), 'text', 'Client ID that the brokers see.'),
  ssl: setting(
    z.union([z.boolean(), tlsFiles]).prefault(false),
    'true, false, or a mapping with ca, cert and key',
    'TLS to the brokers. `true`: trust the authorities that Node.js trusts. Paths are relative to the file.',
  ),
  sasl: setting(
    saslSettings.nullable().prefault(null),
    'null or a mapping with mechanism',
    'SASL authentication at the brokers; `null`: none.',
  ),
  compression: setting(
    z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).prefault('zstd'),
    'one of none, gzip, snappy, lz4, zstd',
    'Compression of record batches.',
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
    'Partitions of a new topic.',
  ),
  replicationFactor: setting(
    z
      .int()
      .refine((factor) => factor === -1 || (factor >= 1 && factor <= 32_767))
      .prefault(-1),
    '-1 or a whole number of at least 1',
    "Replicas of a new topic; `-1`: the broker's default.",
  ),
  config: setting(
    topicConfig.prefault({}),
    'a mapping of topic settings',
    'Extra settings of new topics, by their Kafka names. They override the settings that keep the state topic small (docs/scaling.md). `cleanup.policy` is always `compact`.',
  ),
  create: setting(
    z.boolean().prefault(true),
    'true or false',
    'Create missing topics; `false`: refuse to start when one is missing.',
  ),
  onPartitionsAdded: setting(
    z.enum(['refuse', 'move']).prefault('refuse'),
    'refuse or move',
    "What to do when partitions were added to a table's topic, so that a key maps to another partition than its older versions. `refuse`: " +
      'do not serve the connection. `move`: publish each such key in its new partition and a tombstone in the old one, once.',
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
    'Maximum number of instances that share the connections.',
  ),
  group: setting(text.prefault('intercom-kafka'), 'text', 'The consumer group that shares the connections.'),
});

const http = z
  .strictObject({
    host: setting(text.prefault('127.0.0.1'), 'a host name or address', 'Address to listen on.'),
    port: setting(
      z.int().min(0).max(65_535).prefault(9464),
      'a port from 0 to 65535',
      'Port to listen on; `0`: any free port.',
    ),
    auth: basicAuth(
      'Basic authentication for the status page, its JSON and the metrics; `null`: none. Health checks require no password.',
    ),
  })
  .nullable();

/** The whole file, after `defaults` are merged under each connection. */
export const fileSettings = setting(
  z.strictObject({
    kafka: setting(kafka.prefault({}), 'a mapping', 'The Kafka cluster.'),
    schemaRegistry: setting(
      registrySettings.prefault({}),
      'a mapping',
      'The schema registry (Confluent-compatible REST API).',
    ),
    topics: setting(topics.prefault({}), 'a mapping', 'The topics of the tables.'),
    state: setting(state.prefault({}), 'a mapping', 'Where the publisher stores its bookmarks.'),
    http: setting(
      http.prefault({}),
      'a mapping or null',
      'Health, metrics, status page and webhooks; `null` turns them off.',
    ),
    defaults: setting(
      connectionSettings.omit({ name: true }).partial().prefault({}),
      'a mapping of connection settings',
      'Defaults for all connections: any key of a connection except its name. A key of the connection overrides the default. `deletes` is ' +
        'merged key by key. All other keys are replaced as a whole, so credentials are never mixed.',
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

/** The type of the checked file. */
export type FileSettings = z.output<typeof fileSettings>;

type ConnectionInput = z.input<typeof connectionSettings>;

/**
 * The type of the file's contents. Everything but the names of the connections has a default, or may come
 * from `defaults`.
 */
export type ConfigInput = Omit<z.input<typeof fileSettings>, 'connections'> & {
  connections: (Partial<ConnectionInput> & Pick<ConnectionInput, 'name'>)[];
};
