/**
 * Prints what packages look like in a process of its own: by module, a digest of everything that can be
 * reached from its exports, property descriptors and prototypes included.
 *
 * Arguments: the manifest of the package that the modules are resolved from, then the URLs to import first, then
 * `--` and the URLs to import once the modules are loaded.
 */

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Packages whose functions would be worth replacing. */
const PACKAGES = ['kafkajs', 'avsc', '@kafkajs/confluent-schema-registry', 'undici', 'snappy', 'lz4-napi'];
/** What the language and Node share with every module. */
const SHARED = [Object, Function, Array, Buffer, Map, Set, Promise, Error, JSON, Math, Date, String, Number];

const [manifest, ...imports] = process.argv.slice(2);
const turn = imports.indexOf('--');
const require = createRequire(manifest);

/** The files of kafkajs and avsc one by one, and what the other packages export. */
function modulesOf(name) {
  if (name !== 'kafkajs' && name !== 'avsc') return [name];
  const root = dirname(require.resolve(`${name}/package.json`));
  const folder = name === 'kafkajs' ? 'src' : 'lib';
  return readdirSync(join(root, folder), { recursive: true })
    .filter((file) => file.endsWith('.js') && !file.includes('browser') && !/\.spec|__tests__/.test(file))
    .map((file) => join(root, folder, file))
    .sort();
}

function printOf(root) {
  const hash = createHash('sha256');
  const ids = new Map();
  const queue = [];
  const name = (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
      return `${typeof value} ${String(value)}`;
    if (!ids.has(value)) {
      ids.set(value, ids.size);
      queue.push(value);
    }
    return `#${ids.get(value)}`;
  };
  hash.update(name(root));
  for (let value = queue.shift(); value !== undefined; value = queue.shift()) {
    hash.update(typeof value === 'function' ? Function.prototype.toString.call(value) : typeof value);
    hash.update(`< ${name(Object.getPrototypeOf(value))}`);
    for (const key of Reflect.ownKeys(value)) {
      // A buffer's bytes are no code.
      if (ArrayBuffer.isView(value)) break;
      const { value: own, get, set, ...flags } = Object.getOwnPropertyDescriptor(value, key);
      hash.update(`${String(key)} ${JSON.stringify(flags)} ${name(own)} ${name(get)} ${name(set)}`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

const before = turn === -1 ? imports : imports.slice(0, turn);
const after = turn === -1 ? [] : imports.slice(turn + 1);
for (const url of before) await import(url);
const modules = PACKAGES.flatMap(modulesOf);
for (const module of modules) require(module);
for (const url of after) await import(url);
const prints = modules.map((module) => [module, printOf(require(module))]);
for (const shared of SHARED) prints.push([`global ${shared.name ?? String(shared)}`, printOf(shared)]);
process.stdout.write(JSON.stringify(Object.fromEntries(prints)), () => process.exit(0));
