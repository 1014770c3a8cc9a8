/** The unit of `examples/systemd`: verified by systemd, and compared with the publisher that it runs. */

import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit.js';
import { createProgram } from '../../src/cli/program.js';
import { parseConfig } from '../../src/config/load.js';
import { ROOT, read, yaml } from '../support/linters.js';

const UNIT = 'examples/systemd/intercom-kafka.service';
const CONFIG = 'examples/systemd/intercom-kafka.yaml';
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
/** What a unit refers to by itself, and by its own lines. */
const TARGETS = ['sysinit', 'basic', 'shutdown', 'network-online', 'multi-user'];

let root: string;

/** A file system in which the unit is installed as its page says. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-systemd-'));
  for (const target of TARGETS)
    await install(`etc/systemd/system/${target}.target`, '[Unit]\nDescription=A target\n');
  for (const program of ['usr/local/bin/intercom-kafka', 'bin/kill']) {
    await install(program, '#!/bin/sh\n');
    await chmod(join(root, program), 0o755);
  }
});
afterAll(() => rm(root, { recursive: true }));

async function install(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

/** What systemd reports about a unit, without the path of the file. */
async function verify(text: string): Promise<string> {
  await install('etc/systemd/system/intercom-kafka.service', text);
  const args = ['verify', '--man=no', `--root=${root}`, 'intercom-kafka.service'];
  const { stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return `${stdout}${stderr}`.replaceAll(root, '');
}

/** The values of a setting, in order. */
function valuesOf(setting: string): string[] {
  return [...read(UNIT).matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');
}

describe.skipIf(!hasSystemd)('systemd (needs systemd-analyze)', () => {
  it('accepts the unit', async () => {
    expect(await verify(read(UNIT))).toBe('');
  });

  it('would report a wrong setting, a wrong value and a missing program', async () => {
    const wrong = read(UNIT)
      .replace('DynamicUser=', 'DynamicUsers=')
      .replace('TimeoutStopSec=30', 'TimeoutStopSec=soon')
      .replace('/usr/local/bin/intercom-kafka run', '/usr/local/bin/intercom-kafka-2 run');
    const report = await verify(wrong);
    expect(report).toContain("Unknown key 'DynamicUsers'");
    expect(report).toContain('soon');
    expect(report).toContain('/usr/local/bin/intercom-kafka-2 is not executable');
  });

  it('rates the unit as restricted', () => {
    // 0 to 100; systemd calls everything below 20 "OK", and a unit without restrictions has 96.
    const args = ['security', '--no-pager', '--offline=yes', '--threshold=20', UNIT];
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { cwd: ROOT, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status, stdout).toBe(0);
  });
});

describe('the unit', () => {
  it('calls a command with options that it has', () => {
    const [, name, ...args] = valuesOf('ExecStart')[0]?.split(' ') ?? [];
    const command = createProgram('0.0.0', () => {}).commands.find((each) => each.name() === name);
    const options = command?.options.map(({ long }) => long);
    expect(options).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith('--'))));
  });

  it('knows the exit codes', () => {
    expect(valuesOf('SuccessExitStatus')).toEqual([`${EXIT.interrupted} ${EXIT.terminated}`]);
    expect(valuesOf('RestartPreventExitStatus')).toEqual([`${EXIT.usage} ${EXIT.credentials}`]);
  });

  it('gives a stop as much time as Kubernetes does', () => {
    const { spec } = yaml('examples/kubernetes/deployment.yaml').spec.template;
    expect(valuesOf('TimeoutStopSec')).toEqual([String(spec.terminationGracePeriodSeconds)]);
  });

  it('has the settings that the deployment page names', () => {
    const [, section = ''] = read('docs/deployment.md').split('## A process\n');
    const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (`.+`) \| `([^`]+)`/gm)];
    const settings = rows.flatMap(([, names = '', first = '']) =>
      [...names.matchAll(/`(\w+)`/g)].slice(0, 1).map((match) => [match[1] ?? '', first] as const),
    );
    expect(settings.length).toBeGreaterThan(5);
    for (const [name, value] of settings) expect(valuesOf(name), name).toEqual([value]);
  });

  it('loads each secret that the configuration reads, from where systemd puts it', async () => {
    const folder = `/run/credentials/${basename(UNIT)}`;
    const secrets = valuesOf('LoadCredential').map((each) => each.split(':')[0] ?? '');
    const named = [...read(CONFIG).matchAll(/\$\{file:(.+?)\}/g)].map((match) => match[1] ?? '');
    expect(named).toEqual(secrets.map((name) => `${folder}/${name}`));

    for (const name of secrets) await install(`credentials/${name}`, `token of ${name}\n`);
    const text = read(CONFIG).replaceAll(folder, join(root, 'credentials'));
    const [connection] = parseConfig(text, CONFIG, {}).connections;
    expect(connection?.credentials).toMatchObject({ accessToken: 'token of acme-token' });
  });
});
