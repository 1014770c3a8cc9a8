/** Prints the notes of one version: `node dev/release-notes.mjs 1.2.3 [CHANGELOG.md]`. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { notesOf } from './changelog.mjs';

const CHANGELOG = fileURLToPath(new URL('../CHANGELOG.md', import.meta.url));
const [version, file = CHANGELOG] = process.argv.slice(2);

if (version === undefined) {
  process.stderr.write('usage: node dev/release-notes.mjs VERSION [FILE]\n');
  process.exit(2);
}
try {
  process.stdout.write(notesOf(readFileSync(file, 'utf8'), version));
} catch (error) {
  process.stderr.write(`${file}: ${error.message}\n`);
  process.exit(1);
}
