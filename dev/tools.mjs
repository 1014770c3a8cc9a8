/**
 * Checks the tools that this project needs on the machine. Problems name the remedy.
 *
 * Plain JavaScript without dependencies, because it also runs before `node_modules` exists.
 */

import { spawnSync } from 'node:child_process';

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

/** The problem with Java, which runs the local Kafka and registry; null when there is none. */
export function javaProblem() {
  const advice = `install a JDK or JRE ${JAVA_MAJOR} or newer (Debian: apt-get install default-jre-headless, macOS: brew install openjdk)`;
  const text = versionText('java', '-version');
  if (text === null) return `java is not on the PATH: ${advice}`;
  const major = Number(/version "(\d+)/.exec(text)?.[1] ?? 0);
  return major >= JAVA_MAJOR ? null : `java ${JAVA_MAJOR} or newer is needed, this is ${major}: ${advice}`;
}

/** The problem with Maven, which fetches the local Kafka and registry; null when there is none. */
export function mavenProblem() {
  if (versionText('mvn', '--version') !== null) return null;
  return 'mvn is not on the PATH: install Maven 3.6.3 or newer (Debian: apt-get install maven, macOS: brew install maven)';
}
