/** Programs of Go modules, built once into `.dev`. */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DEV = fileURLToPath(new URL('../../.dev', import.meta.url));

/** Go 1.21 and later fetch the toolchain that a module asks for. */
export const hasGo = isRecent(spawnSync('go', ['version'], { encoding: 'utf8' }).stdout);

function isRecent(version: string | null): boolean {
  const [, major = '0', minor = '0'] = /go(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 21);
}

/** The path of a command, such as `goProgram('github.com/rhysd/actionlint/cmd/actionlint', 'v1.7.12')`. */
export async function goProgram(command: string, version: string): Promise<string> {
  const name = basename(command);
  const dir = join(DEV, `${name}-${version}`);
  if (!existsSync(dir)) {
    // Another process may build it at the same time: the first one stays.
    const own = `${dir}-${process.pid}`;
    await run('go', ['install', `${command}@${version}`], {
      env: { ...process.env, GOBIN: own, GOFLAGS: '' },
    });
    await rename(own, dir).catch(async (error: unknown) => {
      if (!existsSync(dir)) throw error;
      await rm(own, { recursive: true });
    });
  }
  return join(dir, name);
}
