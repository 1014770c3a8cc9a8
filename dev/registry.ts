/**
 * A real schema registry on this machine: Apicurio with its Confluent-compatible API, stored in one H2 file.
 */

import { join } from 'node:path';
import { fetchRegistry3, fetchStack, registry3Home, registryHome } from './fetch.js';
import { freePort } from './ports.js';
import { LocalServer, serverDir } from './server.js';
import { java21 } from './tools.mjs';

const CONFLUENT_API = '/apis/ccompat/v7';
const JVM_FLAGS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** How a version of Apicurio is fetched and started. */
interface Edition {
  fetch(): Promise<void>;
  /** The program; throws when there is none. */
  java(): string;
  /** Flags for the JVM, and what it runs. */
  args(): string[];
  /** The settings for a store at this H2 URL. */
  environment(h2: string): Record<string, string>;
}

const EDITIONS: Readonly<Record<RegistryVersion, Edition>> = {
  '2.6': {
    fetch: fetchStack,
    java: () => 'java',
    args: () => [
      '-Xmx256m',
      // Twenty connections to the database are opened at the start by default.
      '-Dquarkus.datasource.jdbc.initial-size=1',
      '-Dquarkus.datasource.jdbc.min-size=1',
      '-jar',
      join(registryHome(), 'apicurio-registry-app-2.6.13.Final-runner.jar'),
    ],
    environment: (h2) => ({
      REGISTRY_DATASOURCE_URL: h2,
      // The same schema with other white space is the same version, as in Confluent's registry.
      ENABLE_CCOMPAT_CANONICAL_HASH_MODE: 'true',
    }),
  },
  '3.3': {
    fetch: fetchRegistry3,
    java: mustGetJava21,
    args: () => ['-Xmx320m', '-jar', join(registry3Home(), 'quarkus-run.jar')],
    environment: (h2) => ({
      APICURIO_DATASOURCE_URL: h2,
      APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '1',
      APICURIO_DATASOURCE_JDBC_MIN_SIZE: '1',
      APICURIO_CCOMPAT_USE_CANONICAL_HASH: 'true',
      // Health and metrics have a port of their own, which is 9000 on every interface by default.
      QUARKUS_MANAGEMENT_HOST: '127.0.0.1',
      QUARKUS_MANAGEMENT_PORT: '0',
    }),
  },
};

/** Apicurio 3 needs Java 21, and is fetched when it is first started. */
export type RegistryVersion = '2.6' | '3.3';

/**
 * A running registry. `url` is its Confluent-compatible API, `baseUrl` where Apicurio's own API and page
 * begin.
 */
export type RegistryServer = LocalServer & { readonly url: string; readonly baseUrl: string };

export interface RegistryOptions {
  /** Left out: 2.6. */
  readonly version?: RegistryVersion;
  /** Kept on stop, and started from again; left out: a temporary one, removed on stop. */
  readonly dir?: string;
  readonly port?: number;
}

/**
 * Starts a registry on 127.0.0.1, fetching it first if need be. Version 2.6 takes about 2 seconds and 220 MB
 * of memory, version 3.3 about 8 seconds and 280 MB.
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryServer> {
  const edition = EDITIONS[options.version ?? '2.6'];
  const program = edition.java();
  await edition.fetch();
  const port = options.port ?? (await freePort());
  const dir = await serverDir('registry', options.dir);
  const baseUrl = `http://127.0.0.1:${port}`;
  const url = `${baseUrl}${CONFLUENT_API}`;
  const server = await LocalServer.start({
    name: 'the schema registry',
    port,
    dir,
    program,
    args: [...JVM_FLAGS, ...edition.args()],
    env: {
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: String(port),
      // Without WRITE_DELAY=0, a schema that was registered just before a crash is lost and its id given
      // away again.
      ...edition.environment(`jdbc:h2:file:${join(dir.path, 'registry')};WRITE_DELAY=0`),
    },
    isReady: () => answers(`${url}/subjects`),
  });
  return Object.assign(server, { url, baseUrl });
}

function mustGetJava21(): string {
  const program = java21();
  if (program === null)
    throw new Error('Apicurio 3 needs Java 21 or newer: set JAVA21_HOME to one (see CONTRIBUTING.md)');
  return program;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
