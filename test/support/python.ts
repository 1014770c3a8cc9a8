/** Python with packages of its own, as its users install them: each set made once. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REQUIREMENTS = fileURLToPath(new URL('../../examples/python/requirements.txt', import.meta.url));

/** The interpreter with Confluent's client, as the example asks for it, and what the tests need beside it. */
export async function python(): Promise<string> {
  return `${await environment('python-3', ['-r', REQUIREMENTS, 'fastavro==1.13.1'])}/python`;
}

const making = new Map<string, Promise<string>>();

/** The folder of the programs of an environment with these packages. */
export function environment(name: string, packages: readonly string[]): Promise<string> {
  const made = making.get(name) ?? make(name, packages);
  making.set(name, made);
  return made;
}

/** Another process may make it at the same time: each makes its own, and the first one stays. */
async function make(name: string, packages: readonly string[]): Promise<string> {
  const dir = fileURLToPath(new URL(`../../.dev/${name}`, import.meta.url));
  if (!existsSync(dir)) {
    const own = `${dir}-${process.pid}`;
    await run('python3', ['-m', 'venv', own]);
    const quiet = ['--quiet', '--disable-pip-version-check'];
    await run(`${own}/bin/python`, ['-m', 'pip', 'install', ...quiet, ...packages]);
    try {
      await rename(own, dir);
    } catch (error) {
      if (!existsSync(dir)) throw error;
      await rm(own, { recursive: true });
    }
  }
  return `${dir}/bin`;
}
