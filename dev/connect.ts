/**
 * A real Kafka Connect worker on this machine, with the configuration of an example and the addresses of this
 * run.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectJars, connectPlugins, fetchConnect } from './fetch.js';
import { freePort } from './ports.js';
import { LocalServer, serverDir } from './server.js';

const JVM_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** A running worker; `url` is its REST API. */
export type ConnectServer = LocalServer & { readonly url: string };

export interface ConnectOptions {
  /** The worker's properties, as a user would write them. */
  readonly properties: string;
  /** Texts in the properties that are replaced here. */
  readonly replace: Readonly<Record<string, string>>;
}

/** Starts a worker, fetching it first if need be; about 10 seconds and 600 MB of memory. */
export async function startConnect({ properties, replace }: ConnectOptions): Promise<ConnectServer> {
  await fetchConnect();
  const port = await freePort();
  const dir = await serverDir('connect', undefined);
  const file = join(dir.path, 'worker.properties');
  const url = `http://127.0.0.1:${port}`;
  const own = { 'plugin.path': connectPlugins(), listeners: url, 'rest.advertised.listener': 'http' };
  const text = filledIn(await readFile(properties, 'utf8'), replace);
  const server = await LocalServer.start({
    name: 'Kafka Connect',
    port,
    dir,
    args: [
      ...JVM_FLAGS,
      '-cp',
      join(connectJars(), '*'),
      'org.apache.kafka.connect.cli.ConnectDistributed',
      file,
    ],
    // The worker writes times without a zone in its local zone.
    env: { TZ: 'UTC' },
    prepare: () => writeFile(file, withProperties(text, own)),
    isReady: () => answers(url),
  });
  return Object.assign(server, { url });
}

/**
 * The text with all occurrences of these replaced. Throws when one does not occur: the test would then run
 * something else than the example.
 */
export function filledIn(text: string, replace: Readonly<Record<string, string>>): string {
  return Object.entries(replace).reduce((filled, [from, to]) => {
    if (!filled.includes(from)) throw new Error(`"${from}" is not in the example`);
    return filled.replaceAll(from, to);
  }, text);
}

function withProperties(text: string, own: Readonly<Record<string, string>>): string {
  const others = text
    .split('\n')
    .filter((line) => !Object.keys(own).some((key) => line.startsWith(`${key}=`)));
  return [...others, ...Object.entries(own).map(([key, value]) => `${key}=${value}`), ''].join('\n');
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/connectors`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
