/**
 * Prepares a fresh checkout: checks the tools, and installs the packages when they are missing or outdated.
 *
 * Runs before the npm scripts that need more than Node, so that `git clone` and `npm test` are enough. Plain
 * JavaScript without dependencies, because `node_modules` may not exist yet.
 */

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { javaProblem, mavenProblem, nodeProblem } from './tools.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Milliseconds since the epoch; 0 for a file that does not exist. */
function modifiedAt(path) {
  return statSync(`${root}/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** npm writes its own copy of the lock file last, so that an interrupted installation counts as none. */
function packagesAreCurrent() {
  return modifiedAt('node_modules/.package-lock.json') >= modifiedAt('package-lock.json');
}

function installPackages() {
  process.stderr.write('Installing the packages (npm ci)\n');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const { status, error } = spawnSync(command, [...before, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined)
    return `npm can't be run (${error.message}): it comes with Node, see https://nodejs.org/en/download`;
  return status === 0 ? null : 'npm ci failed: its output above says why';
}

/** Tests against another cluster need neither Java nor Maven. */
function stackProblems() {
  const { INTERCOM_KAFKA_TEST_BROKERS: brokers, INTERCOM_KAFKA_TEST_REGISTRY: registry } = process.env;
  return brokers && registry ? [] : [javaProblem(), mavenProblem()];
}

function problems() {
  const found = [nodeProblem(), ...stackProblems()].filter((problem) => problem !== null);
  if (found.length > 0 || packagesAreCurrent()) return found;
  return [installPackages()].filter((problem) => problem !== null);
}

for (const problem of problems()) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
