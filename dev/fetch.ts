/**
 * Fetches the parts of the local stack with Maven, once for each version of their pom.xml.
 *
 * Maven works in a directory of its own that is renamed when it has finished: a directory with the final name
 * is complete, an interrupted fetch leaves none, and concurrent fetches do no harm.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { javaProblem, mavenProblem } from './tools.mjs';

const run = promisify(execFile);

/** A download: its pom.xml, the Maven runs that it needs, and the message to print meanwhile. */
interface Fetch {
  readonly name: string;
  readonly pom: string;
  readonly profiles: readonly string[];
  readonly notice: string;
  /** The version of Kafka instead of the one in the pom.xml; empty: the one in the pom.xml. */
  readonly kafka: string;
}

const STACK: Fetch = {
  name: 'stack',
  pom: fileURLToPath(new URL('pom.xml', import.meta.url)),
  profiles: [],
  notice: 'Kafka and the schema registry with Maven (190 MB, once)',
  kafka: process.env.KAFKA_VERSION ?? '',
};
const REGISTRY_3: Fetch = {
  name: 'registry-3',
  pom: fileURLToPath(new URL('registry-3-pom.xml', import.meta.url)),
  profiles: [],
  notice: 'Apicurio 3 with Maven (160 MB, once)',
  kafka: '',
};
const CONNECT: Fetch = {
  name: 'connect',
  pom: fileURLToPath(new URL('connect-pom.xml', import.meta.url)),
  // The converter's jars must be separate from the worker's, which have other versions.
  profiles: ['worker', 'converter'],
  notice: 'Kafka Connect with its plugins with Maven (105 MB, once)',
  // The worker and tools are clients and may be newer than the broker. Version 3.7 has the console consumer
  // under another name.
  kafka: '',
};
const CACHE = fileURLToPath(new URL('../.dev/', import.meta.url));
const FETCH_DEADLINE_MS = 15 * 60_000;

function dirOf({ name, pom, kafka }: Fetch): string {
  const version = createHash('sha256').update(readFileSync(pom)).update(kafka).digest('hex').slice(0, 12);
  return join(CACHE, `${name}-${version}`);
}

/** The directory of jars that make up the Kafka broker. */
export function kafkaJars(): string {
  return join(dirOf(STACK), 'kafka');
}

/** The directory of the unpacked registry distribution. */
export function registryHome(): string {
  return join(dirOf(STACK), 'registry');
}

/** The directory of the unpacked distribution of Apicurio 3. */
export function registry3Home(): string {
  return join(dirOf(REGISTRY_3), 'registry');
}

/** The directory of jars that make up a Kafka Connect worker. */
export function connectJars(): string {
  return join(dirOf(CONNECT), 'connect');
}

/** The directory of Kafka Connect's plugins. */
export function connectPlugins(): string {
  return join(dirOf(CONNECT), 'plugins');
}

/**
 * Makes sure that Java can be run and that broker and registry are on the disk. Needs the network the first
 * time only.
 *
 * @throws when Java or Maven is missing or a download fails, with what to do.
 */
export function fetchStack(): Promise<void> {
  return fetchOnce(STACK);
}

/** The same for Apicurio 3. */
export function fetchRegistry3(): Promise<void> {
  return fetchOnce(REGISTRY_3);
}

/** The same for Kafka Connect. */
export function fetchConnect(): Promise<void> {
  return fetchOnce(CONNECT);
}

/** Kafka and the registry start concurrently, and both request it. */
const fetching = new Map<Fetch, Promise<void>>();

function fetchOnce(what: Fetch): Promise<void> {
  const under = fetching.get(what) ?? fetch(what).finally(() => fetching.delete(what));
  fetching.set(what, under);
  return under;
}

async function fetch(what: Fetch): Promise<void> {
  refuse(javaProblem());
  if (existsSync(dirOf(what))) return;
  refuse(mavenProblem());
  process.stderr.write(`Fetching ${what.notice}\n`);
  await mkdir(CACHE, { recursive: true });
  const workDir = await mkdtemp(join(CACHE, 'fetching-'));
  try {
    for (const profile of what.profiles.length === 0 ? [null] : what.profiles)
      await runMaven(what, profile, workDir);
    await publish(what, workDir);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Error(`the local stack can't start: ${problem}`);
}

async function runMaven({ pom, kafka }: Fetch, profile: string | null, dir: string): Promise<void> {
  const options = ['--batch-mode', '--quiet', '--no-transfer-progress', '--file', pom, `-Dstack.dir=${dir}`];
  if (profile !== null) options.push(`-P${profile}`);
  if (kafka !== '') options.push(`-Dkafka.version=${kafka}`);
  try {
    await run('mvn', [...options, 'generate-resources'], { timeout: FETCH_DEADLINE_MS });
  } catch (cause) {
    const output = (cause as { stdout?: string }).stdout ?? '';
    const advice =
      'check that Maven Central, or the mirror in ~/.m2/settings.xml, can be reached, and try again';
    throw new Error(`Maven could not fetch the local stack: ${advice}\n${output.slice(0, 2_000)}`, { cause });
  }
}

/** Another process may have finished the same fetch first: its result is as good. */
async function publish(what: Fetch, workDir: string): Promise<void> {
  try {
    await rename(workDir, dirOf(what));
  } catch (error) {
    if (!existsSync(dirOf(what))) throw error;
  }
}
