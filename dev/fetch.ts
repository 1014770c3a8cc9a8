/**
 * Fetches the parts of the local stack with Maven, once for each version of pom.xml.
 *
 * Maven works in a directory of its own that is renamed when it has finished: a directory with the final name is
 * complete, an interrupted fetch leaves none, and two fetches at once do no harm.
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

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const CACHE = fileURLToPath(new URL('../.dev/', import.meta.url));
const FETCH_DEADLINE_MS = 15 * 60_000;

function stackDir(): string {
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  return join(CACHE, `stack-${version}`);
}

/** The directory of jars that make up the Kafka broker. */
export function kafkaJars(): string {
  return join(stackDir(), 'kafka');
}

/** The directory of the unpacked registry distribution. */
export function registryHome(): string {
  return join(stackDir(), 'registry');
}

/**
 * Makes sure that Java can be run and that broker and registry are on the disk. Needs the network the first time only.
 *
 * @throws when Java or Maven is missing or a download fails, with what to do.
 */
export function fetchStack(): Promise<void> {
  fetching ??= fetchOnce().finally(() => {
    fetching = null;
  });
  return fetching;
}

/** Kafka and the registry start side by side, and both ask for it. */
let fetching: Promise<void> | null = null;

async function fetchOnce(): Promise<void> {
  refuse(javaProblem());
  if (existsSync(stackDir())) return;
  refuse(mavenProblem());
  process.stderr.write('Fetching Kafka and the schema registry with Maven (190 MB, once)\n');
  await mkdir(CACHE, { recursive: true });
  const workDir = await mkdtemp(join(CACHE, 'fetching-'));
  try {
    await runMaven(workDir);
    await publish(workDir);
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Error(`the local stack can't start: ${problem}`);
}

async function runMaven(dir: string): Promise<void> {
  const options = ['--batch-mode', '--quiet', '--no-transfer-progress', '--file', POM, `-Dstack.dir=${dir}`];
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
async function publish(workDir: string): Promise<void> {
  try {
    await rename(workDir, stackDir());
  } catch (error) {
    if (!existsSync(stackDir())) throw error;
  }
}
