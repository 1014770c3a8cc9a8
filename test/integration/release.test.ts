/** The workflows, and the parts of a release that can be made here. */

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { goProgram, hasGo } from '../support/go.js';
import { complaints, linters, ROOT, read, schema, yaml } from '../support/linters.js';

const run = promisify(execFile);
const WORKFLOWS = ['.github/workflows/ci.yml', '.github/workflows/release.yml'];

beforeAll(async () => {
  await linters();
}, 180_000);

const namesIn = async (dir: string) => (await readdir(join(ROOT, dir))).map((file) => `${dir}/${file}`);

describe('GitHub', () => {
  it('accepts workflows, issue forms and Renovate’s settings', async () => {
    expect((await namesIn('.github/workflows')).toSorted()).toEqual(WORKFLOWS);
    expect(await schema('github-workflows', ...WORKFLOWS)).toBe('');
    const forms = (await namesIn('.github/ISSUE_TEMPLATE')).filter((file) => !file.endsWith('config.yml'));
    expect(await schema('github-issue-forms', ...forms)).toBe('');
    expect(await schema('github-issue-config', '.github/ISSUE_TEMPLATE/config.yml')).toBe('');
    expect(await schema('renovate', 'renovate.json')).toBe('');
  });

  // Expressions, outputs, contexts and permissions, which a schema can't check. Shell scripts are checked where shellcheck is.
  it.skipIf(!hasGo)(
    'has workflows that actionlint accepts (needs Go 1.21 or newer)',
    async () => {
      const actionlint = await goProgram('github.com/rhysd/actionlint/cmd/actionlint', 'v1.7.12');
      expect(await complaints(actionlint, WORKFLOWS)).toBe('');
    },
    600_000,
  );

  it.each(WORKFLOWS)('%s uses actions by their commit only', (file) => {
    const uses = [...read(file).matchAll(/uses: (.+)$/gm)].map((match) => match[1]);
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((each) => !/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(each ?? ''))).toEqual([]);
  });

  it('uses each action in one version', () => {
    const uses = WORKFLOWS.flatMap((file) => [...read(file).matchAll(/uses: (.+?)@(.+)$/gm)]);
    const versions = new Map<string, Set<string>>();
    for (const [, action = '', version = ''] of uses)
      versions.set(action, (versions.get(action) ?? new Set()).add(version));
    expect([...versions].filter(([, found]) => found.size > 1)).toEqual([]);
  });
});

interface Job {
  readonly permissions?: Record<string, string>;
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

describe('the release', () => {
  const jobs: Record<string, Job> = yaml('.github/workflows/release.yml').jobs;
  const mayWrite = (job: Job) => Object.values(job.permissions ?? {}).includes('write');

  it('gives each job only its own permissions', () => {
    expect(yaml('.github/workflows/release.yml').permissions).toEqual({});
    const written = Object.entries(jobs).map(([name, { permissions = {} }]) => [
      name,
      Object.keys(permissions).filter((each) => permissions[each] === 'write'),
    ]);
    expect(Object.fromEntries(written)).toEqual({
      test: [],
      package: [],
      attest: ['id-token', 'attestations'],
      npm: ['id-token'],
      image: ['packages', 'id-token', 'attestations'],
      chart: ['packages', 'id-token'],
      release: ['contents'],
    });
  });

  it('installs no package where a job may write', () => {
    const writing = Object.values(jobs).filter(mayWrite);
    const commands = writing.flatMap(({ steps }) => steps.map((step) => step.run ?? ''));
    expect(commands.filter((command) => /npm (ci|install|run|test)|npx/.test(command))).toEqual([]);
  });

  it('has a bill of materials with everything that an installation contains, and no tool', async () => {
    const { stdout } = await run(process.execPath, ['dev/sbom.mjs'], {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
    });
    const { bomFormat, metadata, components } = JSON.parse(stdout) as Bom;
    const { version, dependencies } = JSON.parse(read('package.json'));
    expect(bomFormat).toBe('CycloneDX');
    expect(metadata.component).toMatchObject({ name: 'intercom-kafka', version });
    const found = components.map((each) => `${each.name}@${each.version}`);
    expect(found).toEqual(expect.arrayContaining(installed()));
    expect(installed()).toEqual(expect.arrayContaining([`commander@${dependencies.commander}`]));
    expect(found.filter((each) => /^(vitest|typescript|@biomejs\/biome|tsx)@/.test(each))).toEqual([]);
  });
});

interface Bom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

/** What the lock file installs for a user, on any platform. */
function installed(): string[] {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version: string; dev?: boolean; devOptional?: boolean; peer?: boolean }>;
  };
  return Object.entries(packages).flatMap(([path, { version, dev, devOptional }]) =>
    path === '' || dev === true || devOptional === true
      ? []
      : [`${path.split('node_modules/').at(-1)}@${version}`],
  );
}
