/** A Python with Confluent's client, as an example's users install it. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VENV = fileURLToPath(new URL('../../.dev/python-3', import.meta.url));
const BINARY = `${VENV}/bin/python`;
const REQUIREMENTS = fileURLToPath(new URL('../../examples/python/requirements.txt', import.meta.url));
/** What the tests need beside it. */
const MORE = ['fastavro==1.13.1'];

let making: Promise<string> | null = null;

/** The path of the interpreter; made once. */
export function python(): Promise<string> {
  making ??= make();
  return making;
}

/** Another process may make it at the same time: each makes its own, and the first one stays. */
async function make(): Promise<string> {
  if (existsSync(VENV)) return BINARY;
  const own = `${VENV}-${process.pid}`;
  await run('python3', ['-m', 'venv', own]);
  const quiet = ['--quiet', '--disable-pip-version-check'];
  await run(`${own}/bin/python`, ['-m', 'pip', 'install', ...quiet, '-r', REQUIREMENTS, ...MORE]);
  try {
    await rename(own, VENV);
  } catch (error) {
    if (!existsSync(VENV)) throw error;
    await rm(own, { recursive: true });
  }
  return BINARY;
}
