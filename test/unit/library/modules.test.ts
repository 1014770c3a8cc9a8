/** A program that imports the library finds no module of its own changed. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

type Prints = Readonly<Record<string, string>>;

const run = promisify(execFile);
const urlOf = (path: string) => new URL(`../../../${path}`, import.meta.url).href;
const LIBRARY = urlOf('src/index.ts');
/** Clients are made with codecs that kafkajs leaves to its users. */
const CLIENT = urlOf('test/support/open-client.ts');

/** What modules look like in a process that imports these. */
async function printsWith(...imports: string[]): Promise<Prints> {
  const [script, manifest] = ['test/support/module-prints.mjs', 'package.json'].map((path) =>
    fileURLToPath(urlOf(path)),
  );
  const args = ['--import', 'tsx', script ?? '', manifest ?? '', ...imports];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1024 * 1024 });
  return JSON.parse(stdout) as Prints;
}

describe('the modules of a process', () => {
  let alone: Prints = {};
  beforeAll(async () => {
    alone = await printsWith();
    expect(Object.keys(alone).filter((module) => module.includes('kafkajs/src/')).length).toBeGreaterThan(
      300,
    );
  });

  it.each([
    ['imported before kafkajs', [LIBRARY]],
    ['imported behind kafkajs', ['--', LIBRARY]],
    ['used before kafkajs', [LIBRARY, CLIENT]],
    ['used behind kafkajs', ['--', LIBRARY, CLIENT]],
  ])('are the same when the library is %s', async (_, imports) => {
    expect(await printsWith(...imports)).toEqual(alone);
  });
});
