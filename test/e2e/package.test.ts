/**
 * The package as somebody else gets it: packed, installed in an empty folder, with its binary, library,
 * types, schemas and status page.
 */

import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Project } from '../support/project.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLES = join(ROOT, 'examples/typescript');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
/** What a careful consumer compiles with; the types of dependencies are checked too. */
const COMPILER = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2024'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    outDir: 'out',
  },
  include: ['*.ts'],
};
const WRONG = `import { readTable, tables } from 'intercom-kafka';
const options = { kafka: { brokers: ['b'] }, schemaRegistry: { url: 'http://r' }, connection: 'acme' };
export const key: 'id' | '_sdc_record_hash' = tables.contacts.key;
for await (const { value } of readTable('contacts', options)) {
  const email: string | null | undefined = value?.email;
  // @ts-expect-error a contact has no such field
  value?.e_mail;
  // @ts-expect-error times are numbers
  const created: string | null | undefined = value?.created_at;
  // @ts-expect-error a record has no fields in the flat form
  value?.location;
  void [email, created];
}
for await (const { value } of readTable('contacts', { ...options, form: 'nested' })) {
  const city: string | null | undefined = value?.location?.city;
  void city;
}
await using reading = readTable('contacts', options);
const disposable: AsyncDisposable = reading;
void disposable;
// @ts-expect-error there is no such table
readTable('contact', options);
`;

let dir: string;
let project: Project;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-package-'));
  // Without its scripts: it would build again what other tests run meanwhile.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', dir], {
    cwd: ROOT,
  });
  await writeFile(join(dir, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const packages = [`./${stdout.trim()}`, `@types/node@${devDependencies['@types/node']}`];
  await run('npm', ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', ...packages], {
    cwd: dir,
  });
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(COMPILER));
  for (const file of await readdir(EXAMPLES))
    if (file.endsWith('.ts')) await copyFile(join(EXAMPLES, file), join(dir, file));
  await writeFile(join(dir, 'types.ts'), WRONG);
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, program = ''] = /^```ts\n([\s\S]*?)^```/m.exec(readme) ?? [];
  expect(program).toContain('readTable');
  await writeFile(join(dir, 'readme.ts'), program);
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 200, companies: 20, conversations: 60, parts: 2 } },
    connection: { deletes: { reconcile: '* * * * * *' } },
    file: { http: { host: '127.0.0.1', port: 0 } },
  });
}, 240_000);
afterAll(async () => {
  await project.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the package', () => {
  it('has types that a strict consumer compiles against, each table with its own fields', async () => {
    const compiled = await run(TSC, ['-p', dir]).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe('');
  });

  it('brings a binary, with the schemas', async () => {
    const binary = join(dir, 'node_modules/.bin/intercom-kafka');
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await run(binary, ['--version'])).stdout.trim()).toBe(version);
    await run(binary, ['schemas', '--config', project.config, '--export', join(dir, 'schemas')]);
    expect(await readdir(join(dir, 'schemas'), { recursive: true })).not.toEqual([]);
  });

  it('serves the status page', async () => {
    const binary = join(dir, 'node_modules/.bin/intercom-kafka');
    const child = spawn(binary, ['run', '--config', project.config, '--log-format', 'json']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      for await (const line of createInterface(child.stderr)) {
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
        if (url === undefined) continue;
        expect(await (await fetch(url)).text()).toContain('<html');
        break;
      }
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  });

  it('changes no module of the program that imports it', async () => {
    const script = join(ROOT, 'test/support/module-prints.mjs');
    const library = pathToFileURL(join(dir, 'node_modules/intercom-kafka/dist/index.js')).href;
    const prints = async (...imports: string[]) =>
      (await run(process.execPath, [script, join(dir, 'package.json'), ...imports])).stdout;
    const alone = await prints();
    expect(alone).toContain('kafkajs/src/cluster');
    expect(await prints(library)).toBe(alone);
    expect(await prints('--', library)).toBe(alone);
  });

  it('publishes from within a program, and reads back what it published', async () => {
    const embedded = await example('embed.js', project.config);
    expect(embedded).toMatch(/^acme\/conversations: \d+ records, 0 deletes$/m);
    const source = [inject('brokers')[0] ?? '', inject('registryUrl'), 'acme', project.prefix];
    const printed = await example('latest.js', ...source);
    const open = [...project.simulator.workspace.rows('conversations')].filter((row) => row.open === true);
    const counted = [...printed.matchAll(/\t(\d+) open/g)].map((match) => Number(match[1]));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(open.length);
  });

  it('follows what is published next, deletions included', async () => {
    const source = [inject('brokers')[0] ?? '', inject('registryUrl'), 'acme', project.prefix];
    const child = spawn(process.execPath, [join(dir, 'out/follow.js'), ...source]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const [row] = project.simulator.workspace.rows('contacts');
    const id = String(row?.id);
    let lines = 0;
    for await (const line of createInterface(child.stdout)) {
      lines += 1;
      if (lines === 200) {
        project.simulator.workspace.remove('contacts', id);
        void project.cycle();
      }
      if (line.includes(` delete ${id}`)) break;
    }
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('says what is wrong in the configuration without a stack', async () => {
    const failed = await run(process.execPath, [join(dir, 'out/embed.js'), '/nowhere.yaml']).catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^config-invalid: \/nowhere.yaml/),
    });
  });
});

async function example(file: string, ...args: string[]): Promise<string> {
  return (await run(process.execPath, [join(dir, 'out', file), ...args])).stdout;
}
