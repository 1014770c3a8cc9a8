/** Policies of a broker, compiled from `test/fixtures/policies`. */

import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchStack, kafkaJars } from '../../dev/fetch.js';

const run = promisify(execFile);

/**
 * Compiles a policy against the broker's jars. Returns the directory of its class, for the broker's class
 * path.
 */
export async function compilePolicy(name: string): Promise<string> {
  await fetchStack();
  const dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-policy-'));
  const source = fileURLToPath(new URL(`../fixtures/policies/${name}.java`, import.meta.url));
  await run('javac', ['-cp', join(kafkaJars(), '*'), '-d', dir, source]);
  return dir;
}
