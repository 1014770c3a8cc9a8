/**
 * Checks the tools that this project needs on the machine. Problems name the remedy.
 *
 * Plain JavaScript without dependencies, because it also runs before `node_modules` exists.
 */

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const NODE = { major: 20, minor: 19 };
const JAVA_MAJOR = 17;

/**
 * The version output of a tool, or null when it can't be run (macOS has a stub of `java` that only fails).
 */
function versionText(command, flag) {
  const { status, stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' });
  return status === 0 ? `${stdout}${stderr}` : null;
}

/** The problem with this Node, as a sentence with what to do; null when there is none. */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NODE.major || (major === NODE.major && minor >= NODE.minor)) return null;
  return `Node ${NODE.major}.${NODE.minor} or newer is needed, this is ${version}: see https://nodejs.org/en/download`;
}

/** The major version of a `java`, or null when it can't be run. */
function javaMajor(program) {
  const text = versionText(program, '-version');
  return text === null ? null : Number(/version "(\d+)/.exec(text)?.[1] ?? 0);
}

/** The problem with Java, which runs the local Kafka and registry; null when there is none. */
export function javaProblem() {
  const advice = `install a JDK or JRE ${JAVA_MAJOR} or newer (Debian: apt-get install default-jre-headless, macOS: brew install openjdk)`;
  const major = javaMajor('java');
  if (major === null) return `java is not on the PATH: ${advice}`;
  return major >= JAVA_MAJOR ? null : `java ${JAVA_MAJOR} or newer is needed, this is ${major}: ${advice}`;
}

/** A `java` 21 or newer, of `JAVA21_HOME` or the PATH, which Apicurio 3 needs; null where there is none. */
export function java21() {
  const { JAVA21_HOME: home } = process.env;
  const programs = home ? [resolve(home, 'bin/java'), 'java'] : ['java'];
  return programs.find((program) => (javaMajor(program) ?? 0) >= 21) ?? null;
}

/** The problem with Maven, which fetches the local Kafka and registry; null when there is none. */
export function mavenProblem() {
  if (versionText('mvn', '--version') !== null) return null;
  return 'mvn is not on the PATH: install Maven 3.6.3 or newer (Debian: apt-get install maven, macOS: brew install maven)';
}
