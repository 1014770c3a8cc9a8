/** Runs the unit tests on the other supported versions of Node. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hasOtherVersions, nodeBinary, OTHER_VERSIONS } from './node-versions.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = `${root}/node_modules/vitest/vitest.mjs`;

if (!hasOtherVersions) {
  process.stdout.write('Other versions of Node are only tested on Linux x64.\n');
} else {
  for (const version of OTHER_VERSIONS) {
    process.stdout.write(`\nUnit tests on Node ${version}\n`);
    const { status } = spawnSync(
      nodeBinary(version),
      [vitest, 'run', '--project', 'unit', '--reporter', 'dot'],
      { cwd: root, stdio: 'inherit' },
    );
    if (status !== 0) process.exit(1);
  }
}
