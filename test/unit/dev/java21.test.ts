/** Which Java runs Apicurio 3. */

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { java21 } from '../../../dev/tools.mjs';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-java-'));
  vi.stubEnv('PATH', `${dir}/path/bin:/usr/bin:/bin`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

/** A home whose `java` prints this version, as a JVM does. */
async function install(name: string, version: string): Promise<string> {
  const home = join(dir, name);
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(join(home, 'bin/java'), `#!/bin/sh\necho 'openjdk version "${version}" 2025-07-15' >&2\n`);
  await chmod(join(home, 'bin/java'), 0o755);
  return home;
}

describe('java21', () => {
  it.each([
    ['17.0.15', null],
    ['1.8.0_402', null],
    ['21', 'java'],
    ['25.0.1', 'java'],
  ])('with %s on the PATH is %s', async (version, expected) => {
    await install('path', version);
    vi.stubEnv('JAVA21_HOME', '');
    expect(java21()).toBe(expected);
  });

  it('is that of JAVA21_HOME, where it is recent and can be run', async () => {
    await install('path', '17.0.15');
    vi.stubEnv('JAVA21_HOME', await install('newer', '21.0.8'));
    expect(java21()).toBe(join(dir, 'newer/bin/java'));
    vi.stubEnv('JAVA21_HOME', await install('older', '17.0.15'));
    expect(java21()).toBeNull();
    vi.stubEnv('JAVA21_HOME', join(dir, 'absent'));
    expect(java21()).toBeNull();
    await install('path', '25');
    expect(java21()).toBe('java');
  });
});
