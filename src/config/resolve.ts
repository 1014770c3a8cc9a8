/** Converts the parsed file to the configuration: hosts for regions, absolute paths, the list of tables. */

import { dirname, resolve as resolvePath } from 'node:path';

import type { z } from 'zod';
import type { KafkaConfig, SaslConfig, TlsFiles } from '../model/kafka.js';
import { ALL_TABLE_NAMES, TABLE_NAMES } from '../model/table-names.js';
import type { Config, ConnectionConfig, Credentials, TableConfig } from './config.js';
import { BASE_URLS } from './regions.js';
import type { FileSettings } from './settings.js';
import type { tlsFiles } from './tls-settings.js';

type ConnectionSettings = FileSettings['connections'][number];

/** The configuration. Relative paths in it start from the file's directory. */
export function resolveConfig(settings: FileSettings, file: string): Config {
  const { kafka, schemaRegistry, topics, state, http } = settings;
  const absolute = (path: string): string => resolvePath(dirname(file), path);
  return {
    kafka: { ...kafka, ssl: resolveTls(kafka.ssl, absolute), sasl: resolveSasl(kafka.sasl) },
    schemaRegistry: {
      ...schemaRegistry,
      ssl: schemaRegistry.ssl && resolveTlsFiles(schemaRegistry.ssl, absolute),
    },
    topics,
    state,
    http,
    connections: settings.connections.map((connection) => resolveConnection(connection, absolute)),
  };
}

type Absolute = (path: string) => string;

function resolveTls(ssl: FileSettings['kafka']['ssl'], absolute: Absolute): KafkaConfig['ssl'] {
  return typeof ssl === 'boolean' ? ssl : resolveTlsFiles(ssl, absolute);
}

function resolveTlsFiles(files: z.output<typeof tlsFiles>, absolute: Absolute): TlsFiles {
  const path = (given: string | undefined): string | null => (given === undefined ? null : absolute(given));
  return { ca: path(files.ca), cert: path(files.cert), key: path(files.key) };
}

function resolveSasl(sasl: FileSettings['kafka']['sasl']): SaslConfig | null {
  return sasl?.mechanism === 'oauthbearer' ? { ...sasl, scope: sasl.scope ?? null } : sasl;
}

function resolveConnection(settings: ConnectionSettings, absolute: Absolute): ConnectionConfig {
  const { region, baseUrl, credentials, tables, ...rest } = settings;
  return {
    ...rest,
    region: baseUrl === undefined ? region : null,
    baseUrl: baseUrl ?? BASE_URLS[region],
    credentials: resolveCredentials(credentials, absolute),
    tables: resolveTables(tables ?? {}, settings.schedule),
  };
}

function resolveCredentials(credentials: Credentials, absolute: Absolute): Credentials {
  if ('accessToken' in credentials) return credentials;
  return { ...credentials, tokenFile: absolute(credentials.tokenFile) };
}

function resolveTables(
  named: NonNullable<ConnectionSettings['tables']>,
  connectionSchedule: string | null,
): TableConfig[] {
  const chosen = ALL_TABLE_NAMES.filter((name) => name in named);
  return (chosen.length > 0 ? chosen : TABLE_NAMES).map((name) => {
    const own = named[name];
    const schedule = own?.schedule === undefined ? connectionSchedule : own.schedule;
    return { name, schedule, exclude: own?.exclude ?? [], hash: own?.hash ?? [] };
  });
}
