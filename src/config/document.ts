/** Parses the YAML text once, and keeps the position of every key for the messages. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { messageOf } from '../model/errors.js';

import type { Path } from './path.js';

/** A position in the file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SourceDocument {
  /** The parsed file. */
  readonly tree: unknown;
  /**
   * The position of the value at the path (or of its key), or of the nearest mapping or list around it; null
   * when unknown.
   */
  placeOf(path: Path, part: 'key' | 'value'): Place | null;
}

/** A text that is not YAML, or YAML that can't be a configuration. */
export interface SyntaxProblem {
  readonly text: string;
  readonly place: Place | null;
}

/** Parses the text. Problems contain no part of it: there may be secrets in it. */
export function readDocument(source: string): SourceDocument | readonly SyntaxProblem[] {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    lineCounter: lines,
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  // The parser only warns of an unknown tag, but its value would not be what the author expects.
  const problems = [...document.errors, ...document.warnings].map((error): SyntaxProblem => {
    const place = placeAt(error.pos[0]);
    const line = source.split('\n')[place.line - 1] ?? '';
    return { text: `not valid YAML: ${withoutSource(error.message)}${quotingAdvice(line)}`, place };
  });
  if (problems.length > 0) return firstOfEachLine(problems);
  if (document.contents === null) return [{ text: 'the file is empty', place: null }];
  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  try {
    return {
      tree: document.toJS(),
      placeOf: (path, part) => {
        const offset = offsetOf(document.contents, path, part, resolve);
        return offset === null ? null : placeAt(offset);
      },
    };
  } catch (error) {
    return [{ text: `not valid YAML: ${messageOf(error)}`, place: null }];
  }
}

/** Some of the parser's messages end with a part of the text. */
function withoutSource(message: string): string {
  return message.replace(/ in YAML stream: .*$/s, '');
}

/** Further problems on the same line are mostly consequences of the first. */
function firstOfEachLine(problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  const lineOf = (problem: SyntaxProblem): number | undefined => problem.place?.line;
  return problems.filter(
    (problem, index) => problems.findIndex((other) => lineOf(other) === lineOf(problem)) === index,
  );
}

/** `${…}` is not plain text inside `[ ]` and `{ }`. The parser's own message does not explain that. */
function quotingAdvice(line: string): string {
  return line.includes('${') ? `; inside [ ] and { } put quotes around values with \${…}` : '';
}

type Resolve = (node: unknown) => unknown;

/** Follows the path as far as it exists. */
function offsetOf(root: Node | null, path: Path, part: 'key' | 'value', resolve: Resolve): number | null {
  let node: unknown = root;
  let offset = start(node);
  for (const [index, step] of path.entries()) {
    const parent = resolve(node);
    const pair = isMap(parent) ? findPair(parent.items, String(step), resolve) : null;
    const next = isSeq(parent) ? parent.items[Number(step)] : pair?.value;
    if (pair !== null && index === path.length - 1 && part === 'key') return start(pair.key);
    if (next === undefined || next === null) return start(pair?.key) ?? offset;
    node = next;
    offset = start(node) ?? offset;
  }
  return offset;
}

/** The pair with the key. The mapping's own pair comes before a merged one. */
function findPair(pairs: readonly Pair[], key: string, resolve: Resolve): Pair | null {
  const own = pairs.find((pair) => keyText(pair) === key);
  if (own !== undefined) return own;
  for (const pair of pairs) {
    if (keyText(pair) !== '<<') continue;
    const merged = resolve(pair.value);
    for (const source of isSeq(merged) ? merged.items.map(resolve) : [merged]) {
      const found = isMap(source) ? findPair(source.items, key, resolve) : null;
      if (found !== null) return found;
    }
  }
  return null;
}

function keyText(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function start(node: unknown): number | null {
  const range = (node as Node | null | undefined)?.range;
  return range?.[0] ?? null;
}
