/** Short ways for the tests to parse a file and to see its problems. */

import type { Config, ConnectionConfig } from '../../../src/config/config.js';
import { parseConfig } from '../../../src/config/load.js';
import { PublisherError } from '../../../src/model/errors.js';

export const FILE = '/etc/publisher/intercom-kafka.yaml';

type Env = Readonly<Record<string, string>>;

export function parse(yaml: string, env: Env = {}): Config {
  return parseConfig(yaml, FILE, env);
}

/** The file with one connection, whose keys are given as indented YAML. */
export function connectionYaml(keys: string): string {
  const lines = ['name: acme', 'credentials: {accessToken: token}', ...keys.split('\n')];
  return `connections:\n  - ${lines.map((line) => line.trimEnd()).join('\n    ')}\n`;
}

export function parseConnection(keys: string, env: Env = {}): ConnectionConfig {
  const [connection] = parse(connectionYaml(keys), env).connections;
  if (connection === undefined) throw new Error('no connection was parsed');
  return connection;
}

/** Everything that is wrong with the file, a line each. */
export function problems(yaml: string, env: Env = {}): string[] {
  const [, ...lines] = message(yaml, env).split('\n');
  return lines.map((line) => line.trim());
}

/** The whole message. */
export function message(yaml: string, env: Env = {}): string {
  try {
    parse(yaml, env);
  } catch (error) {
    if (error instanceof PublisherError && error.code === 'config-invalid') return error.message;
    throw error;
  }
  return 'no problem';
}
