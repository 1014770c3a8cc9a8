/** The configuration file from its path to `Config`: read, replace, merge, check, resolve. */

import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { PublisherError } from '../model/errors.js';
import { contradictions } from './checks.js';
import type { Config } from './config.js';
import { isInherited, withDefaults } from './defaults.js';
import { readDocument } from './document.js';
import { type Environment, substitute } from './environment.js';
import { problemsOf } from './issues.js';
import { formatPath } from './path.js';
import { configError, type Problem, syntaxError } from './problem.js';
import { resolveConfig } from './resolve.js';
import { fileSettings } from './settings.js';

/** Checks of other modules for the tree of a file (with `defaults` merged). */
export type FurtherCheck = (tree: unknown) => Problem[];

/**
 * Reads the configuration file. Throws `config-invalid` when it can't be read, or with all of its problems.
 */
export async function loadConfig(path: string, env: Environment, check?: FurtherCheck): Promise<Config> {
  return (await loadSource(path, env, check)).config;
}

/**
 * A configuration that can be resolved again from the same text: its references may have new values by then.
 */
export interface Source {
  readonly config: Config;
  /** Throws `config-invalid`. */
  readonly again: () => Config;
}

/** As `loadConfig`, for callers that read referenced files again later. */
export async function loadSource(path: string, env: Environment, check?: FurtherCheck): Promise<Source> {
  const text = await readText(path);
  const again = () => parseConfig(text, path, env, check);
  return { config: again(), again };
}

/**
 * The configuration in a text. `file` is its name in messages, and its directory is the start of relative
 * paths.
 */
export function parseConfig(
  text: string,
  file: string,
  env: Environment,
  check: FurtherCheck = () => [],
): Config {
  const source = readDocument(text);
  if (!('tree' in source)) throw syntaxError(file, source);
  const {
    tree: own,
    origins,
    problems: unset,
  } = substitute(source.tree, { env, folder: dirname(file) }, fileSettings);
  const tree = withDefaults(own);
  const checked = fileSettings.safeParse(tree);
  const issues = checked.success ? [] : checked.error.issues;
  const found = [
    ...problemsOf(issues, { tree, schema: fileSettings, origins }),
    ...contradictions(tree),
    ...check(tree),
  ];
  const problems = [
    ...unset,
    ...found.filter(({ path }) => !isInherited(path, own, tree) && !isAt(path, unset)),
  ];
  if (!checked.success || problems.length > 0) throw configError(file, problems, source);
  return resolveConfig(checked.data, file);
}

/** Whether the path has a problem already: a value with an unresolved reference causes further problems. */
function isAt(path: Problem['path'], problems: readonly Problem[]): boolean {
  const written = formatPath(path);
  return problems.some((problem) => formatPath(problem.path) === written);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PublisherError('config-invalid', `${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

function whyUnreadable(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return 'there is no such file. Copy intercom-kafka.example.yaml and change it, or name another file with --config.';
  if (code === 'EISDIR') return 'is a folder, not a file. Name the file in it with --config.';
  if (code === 'EACCES' || code === 'EPERM')
    return 'this user may not read it. Change its permissions or its owner.';
  return `can't be read (${message}).`;
}
