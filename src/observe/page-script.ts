/**
 * The script of the status page: the modules in `browser/`, as one text that can stand in the document.
 *
 * They are plain JavaScript with types in comments, so that the same files run in the browser, in tests and from
 * the built package.
 */

import { readFileSync } from 'node:fs';

/** Each one behind those that it imports. */
const MODULES = [
  'format',
  'last-hour',
  'answers',
  'summary',
  'elements',
  'chart',
  'hover',
  'notes',
  'table-rows',
  'card',
  'page',
];

/** The comments stay out, as do imports and exports: all modules share one block. */
export function pageScript(): string {
  const texts = MODULES.map((name) => readFileSync(new URL(`./browser/${name}.js`, import.meta.url), 'utf8'));
  return `'use strict';\n{\n${texts.map(withoutModule).join('\n')}\n}\n`;
}

function withoutModule(text: string): string {
  return text
    .replaceAll(/^\/\*\*[\s\S]*?\*\/\n/gm, '')
    .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replaceAll(/^import [^;]+;\n/gm, '')
    .replaceAll(/^export (?!\{)/gm, '');
}
