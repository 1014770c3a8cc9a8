/**
 * Prints the bill of materials of the package, as CycloneDX: every package that an installation may contain, on any
 * platform, in the versions of the lock file.
 *
 * `npm sbom --omit dev` also leaves out packages that tools use as well (npm 10 and 11). So npm reads a manifest
 * without tools.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const {
  devDependencies: _,
  scripts: __,
  ...manifest
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const dir = mkdtempSync(join(tmpdir(), 'intercom-kafka-sbom-'));
// npm names the component after its folder.
const cwd = join(dir, manifest.name);

function npm(...args) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

try {
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
  copyFileSync(join(root, 'package-lock.json'), join(cwd, 'package-lock.json'));
  npm(
    'install',
    '--package-lock-only',
    '--ignore-scripts',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--silent',
  );
  process.stdout.write(
    npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'),
  );
} finally {
  rmSync(dir, { recursive: true });
}
