/**
 * A real schema registry on this machine: Apicurio with its Confluent-compatible API, stored in one H2 file.
 */

import { join } from 'node:path';
import { fetchStack, registryHome } from './fetch.js';
import { freePort } from './ports.js';
import { LocalServer, serverDir } from './server.js';

const RUNNER = 'apicurio-registry-app-2.6.13.Final-runner.jar';
const CONFLUENT_API = '/apis/ccompat/v7';
const JVM_FLAGS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  // Twenty connections to the database are opened at the start by default.
  '-Dquarkus.datasource.jdbc.initial-size=1',
  '-Dquarkus.datasource.jdbc.min-size=1',
];

/**
 * A running registry. `url` is its Confluent-compatible API, `baseUrl` where Apicurio's own API and page
 * begin.
 */
export type RegistryServer = LocalServer & { readonly url: string; readonly baseUrl: string };

export interface RegistryOptions {
  /** Kept on stop, and started from again; left out: a temporary one, removed on stop. */
  readonly dir?: string;
  readonly port?: number;
}

/** Starts a registry on 127.0.0.1, fetching it first if need be; about 2 seconds and 220 MB of memory. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryServer> {
  await fetchStack();
  const port = options.port ?? (await freePort());
  const dir = await serverDir('registry', options.dir);
  const baseUrl = `http://127.0.0.1:${port}`;
  const url = `${baseUrl}${CONFLUENT_API}`;
  const server = await LocalServer.start({
    name: 'the schema registry',
    port,
    dir,
    args: [...JVM_FLAGS, '-jar', join(registryHome(), RUNNER)],
    env: environment(dir.path, port),
    isReady: () => answers(`${url}/subjects`),
  });
  return Object.assign(server, { url, baseUrl });
}

function environment(dir: string, port: number): Record<string, string> {
  return {
    QUARKUS_HTTP_HOST: '127.0.0.1',
    QUARKUS_HTTP_PORT: String(port),
    // Without WRITE_DELAY=0, a schema that was registered just before a crash is lost and its id given away
    // again.
    REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(dir, 'registry')};WRITE_DELAY=0`,
    // The same schema with other white space is the same version, as in Confluent's registry.
    ENABLE_CCOMPAT_CANONICAL_HASH_MODE: 'true',
  };
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
