/**
 * A copy of a CommonJS package for this program alone, in which modules can be replaced.
 *
 * Node has one instance of each module in a process. A program that embeds the publisher may use the same
 * package, and must not find functions replaced in it. This loader evaluates the package's files a second
 * time. Modules that they require from their own package come from the copy, all others from Node.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { compileFunction } from 'node:vm';

/** Returns the replacement of a module's exports. */
export type Replacement = (original: never) => unknown;

const fromHere = createRequire(import.meta.url);
const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];

export class PackageCopy {
  readonly #name: string;
  /** The package's folder, with a separator at its end. */
  readonly #root: string;
  readonly #replacements: ReadonlyMap<string, Replacement>;
  readonly #modules = new Map<string, { exports: unknown }>();

  /** `replacements` by the module's path in the package, such as `src/cluster`. */
  constructor(name: string, replacements: Readonly<Record<string, Replacement>>) {
    this.#name = name;
    this.#root = join(dirname(fromHere.resolve(`${name}/package.json`)), sep);
    this.#replacements = new Map(
      Object.entries(replacements).map(([path, replace]) => [fromHere.resolve(`${name}/${path}`), replace]),
    );
  }

  /** What the package exports. */
  get main(): unknown {
    return this.#exportsOf(fromHere.resolve(this.#name));
  }

  /** What a module exports; `path` as in `replacements`. */
  load(path: string): unknown {
    return this.#exportsOf(fromHere.resolve(`${this.#name}/${path}`));
  }

  #exportsOf(file: string): unknown {
    const known = this.#modules.get(file);
    if (known !== undefined) return known.exports;
    // Known before it is evaluated, like Node's: modules may require each other in a circle.
    const module = { exports: {} };
    this.#modules.set(file, module);
    this.#evaluate(file, module);
    const replace = this.#replacements.get(file);
    if (replace !== undefined) module.exports = replace(module.exports as never) as object;
    return module.exports;
  }

  #evaluate(file: string, module: { exports: object }): void {
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.json')) {
      module.exports = JSON.parse(text);
      return;
    }
    const run = compileFunction(text, PARAMETERS, { filename: file });
    run.call(module.exports, module.exports, this.#requireFrom(file), module, file, dirname(file));
  }

  #requireFrom(file: string): (id: string) => unknown {
    const ofNode = createRequire(file);
    return (id) => {
      const target = ofNode.resolve(id);
      return target.startsWith(this.#root) ? this.#exportsOf(target) : ofNode(id);
    };
  }
}
