/** What the documents name exists: files, folders, links and their anchors, commands with their options. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { ERROR_CODES, REACH } from '../../src/model/errors.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const documents = [
  'README.md',
  'CHANGELOG.md',
  ...['CONTRIBUTING.md'].filter((file) => existsSync(join(ROOT, file))),
  ...markdownIn('docs'),
  ...markdownIn('examples'),
  ...markdownIn('charts'),
];

function markdownIn(dir: string): string[] {
  return readdirSync(join(ROOT, dir), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => join(dir, file));
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');

const FENCED = /^ *```[\s\S]*?^ *```/gm;
const CODE = /`[^`\n]+`/g;

/** The targets of a document's links; what code shows is none. */
function linksIn(document: string): string[] {
  const text = read(document).replace(FENCED, '').replace(CODE, '');
  return [...all(text, /\]\(([^)\s]*)\)/g), ...all(text, /<([a-z]+:[^>\s]+)>/g)];
}

const isExternal = (link: string) => /^[a-z]+:/.test(link);

/** Where a link within the repository leads, below the root. */
const fileOf = (document: string, link: string) => {
  const [file = ''] = link.split('#');
  return file === '' ? document : join(dirname(document), file);
};

/** The anchors that GitHub gives the headings of a document. */
function anchorsIn(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const heading of all(read(document).replace(FENCED, ''), /^#{1,6} (.*)$/gm)) {
    const text = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const slug = text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

function hasAnchor(document: string, link: string): boolean {
  const [, anchor] = link.split('#');
  return anchor === undefined || anchorsIn(fileOf(document, link)).has(anchor);
}

/** Whether it is an https URL, or one of this machine. */
function isWellFormed(link: string): boolean {
  if (!URL.canParse(link)) return false;
  const { protocol, hostname } = new URL(link);
  return protocol === 'https:' ? hostname.includes('.') : /^(localhost|127\.0\.0\.1)$/.test(hostname);
}

/** The words of each command in the document's `sh` blocks, without comments. */
function commandsIn(document: string): string[][] {
  return all(read(document), /^ *```sh\n([\s\S]*?)^ *```/gm)
    .flatMap((block) => block.replace(/\\\n/g, ' ').split('\n'))
    .map((line) => line.replace(/(^|\s)#.*$/, ''))
    .flatMap((line) => line.split(/&&|\|\||[|;]/))
    .map((command) => command.trim().split(/\s+/))
    .filter(([first]) => first !== '');
}

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
/** What npm has by itself. */
const NPM = ['ci', 'install', 'pack', 'audit', 'version', 'publish'];

function unknownScript([npm, verb = '', name = '']: string[]): string[] {
  if (npm !== 'npm' || NPM.includes(verb)) return [];
  const script = verb === 'run' ? name : verb;
  return script in scripts ? [] : [script];
}

const program = createProgram('', () => undefined);

/** What of a command line the program does not know; nothing where it is another program's. */
function unknownWords(words: string[]): string[] {
  const called = words.findIndex((word) => word === 'intercom-kafka' || word === 'dist/cli/main.js');
  if (called < 0 || !['node', 'npx', 'intercom-kafka'].includes(words[0] ?? '')) return [];
  const [name = '', ...rest] = words.slice(called + 1);
  if (['--help', '--version'].includes(name)) return [];
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined) return [name];
  const known = ['--help', ...command.options.flatMap(({ long, short }) => [long, short])];
  return rest.filter((word) => /^--?[a-z]/.test(word) && !known.includes(word.split('=')[0]));
}

const folders = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['dist', 'node_modules'].includes(entry.name))
  .map(({ name }) => name);

/**
 * The files of a command that are the repository's: below one of its folders, or beside an example's page.
 */
function missingFiles(document: string, words: string[]): string[] {
  const isExample = document.startsWith('examples');
  return words
    .map((word) => word.replace(/^@/, ''))
    .filter((word) =>
      folders.includes(word.split('/')[0] ?? '') && word.includes('/')
        ? !existsSync(join(ROOT, word))
        : isExample &&
          /^[\w-]+\.(ts|py|json|txt)$/.test(word) &&
          !existsSync(join(ROOT, dirname(document), word)),
    );
}

describe.each(documents)('%s', (document) => {
  const local = linksIn(document).filter((link) => !isExternal(link));
  const commands = commandsIn(document);

  it('links to what there is', () => {
    expect(local.filter((link) => !existsSync(join(ROOT, fileOf(document, link))))).toEqual([]);
  });

  it('links to headings that there are', () => {
    const existing = local.filter((link) => existsSync(join(ROOT, fileOf(document, link))));
    expect(existing.filter((link) => !hasAnchor(document, link))).toEqual([]);
  });

  it('links to the outside by well-formed addresses', () => {
    expect(linksIn(document).filter((link) => isExternal(link) && !isWellFormed(link))).toEqual([]);
  });

  it('names tests that there are', () => {
    const named = all(read(document), /`(test\/[\w./-]+\.ts)`/g);
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('shows scripts that package.json has', () => {
    expect(commands.flatMap(unknownScript)).toEqual([]);
  });

  it('shows commands and options that the program has', () => {
    expect(commands.flatMap(unknownWords)).toEqual([]);
  });

  it('shows files that there are', () => {
    expect(commands.flatMap((words) => missingFiles(document, words))).toEqual([]);
  });
});

describe('docs/adding-a-table.md', () => {
  /** Without the casts of names that no table has, and regardless of line breaks. */
  const normalized = (text: string) => text.replace(/ as TableName|,(?=\s*[})])|\s+/g, '');

  it.each([
    ['articles', 'src/tables/lists.ts'],
    ['tickets', 'src/tables/tickets.ts'],
    ['notes', 'test/unit/tables/children.test.ts'],
    ['calls', 'test/unit/tables/newest-first.test.ts'],
  ])('declares %s as %s does', (table, file) => {
    const shown = all(read('docs/adding-a-table.md'), /^```ts\n([\s\S]*?)^```/gm);
    const example = shown.find((code) => code.includes(`const ${table} =`)) ?? '';
    const declaration = normalized(example.slice(example.indexOf(`const ${table} =`)));
    const isDeclared = declaration !== '' && normalized(read(file)).includes(declaration);
    expect(isDeclared, `the example of ${table} differs from ${file}`).toBe(true);
  });
});

it('every page can be found from the README', () => {
  const linked = (from: string) => linksIn(from).map((link) => fileOf(from, link));
  const first = linked('README.md');
  const second = first.filter((file) => file.endsWith('.md') && existsSync(join(ROOT, file))).flatMap(linked);
  const reached = new Set([...first, ...second]);
  expect(markdownIn('docs').filter((page) => !reached.has(page))).toEqual([]);
});

it('operations has every error code, and how far each failure reaches', () => {
  const [, section = ''] = read('docs/operations.md').split('## When something fails');
  const [table = ''] = section.split('\n## ');
  const rows = [...table.matchAll(/^\| (`[^|]+`) \| (\w+)/gm)];
  const told = rows.flatMap(([, codes = '', reach]) =>
    all(codes, /`([a-z-]+)`/g).map((code) => [code, reach]),
  );
  expect(Object.fromEntries(told)).toEqual(REACH);
  expect(told).toHaveLength(ERROR_CODES.length);
});
