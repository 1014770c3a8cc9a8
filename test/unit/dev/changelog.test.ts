/** The notes of a release: the section of its version alone. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { notesOf } from '../../../dev/changelog.mjs';

const CHANGELOG = `# Changes

What users notice.

## Unreleased

- Not yet.

## 1.10.0 (2026-11-26)

- Ten.

### Fixed

- This too.

\`\`\`md
## 9.9.9
\`\`\`

## [1.1.0] - 2026-10-01

- One.

## v1.1.0-rc.1

- A candidate.

## 1.0.0

`;

describe('notesOf', () => {
  it.each([
    ['1.10.0', '- Ten.\n\n### Fixed\n\n- This too.\n\n```md\n## 9.9.9\n```\n'],
    ['1.1.0', '- One.\n'],
    ['1.1.0-rc.1', '- A candidate.\n'],
  ])('returns the section of %s', (version, notes) => {
    expect(notesOf(CHANGELOG, version)).toBe(notes);
    expect(notesOf(CHANGELOG.replaceAll('\n', '\r\n'), version)).toBe(notes);
  });

  it.each([
    ['1.1', 'no section "## 1.1": give "## Unreleased" this heading before the release'],
    ['1.1.', 'no section "## 1.1.": give "## Unreleased" this heading before the release'],
    ['9.9.9', 'no section "## 9.9.9": give "## Unreleased" this heading before the release'],
    ['Unreleased', 'no section "## Unreleased": give "## Unreleased" this heading before the release'],
    ['1.0.0', 'section 1.0.0 in line 29 is empty: write what changes for users'],
  ])('rejects %s', (version, message) => {
    expect(() => notesOf(CHANGELOG, version)).toThrow(message);
  });

  it('rejects a version with two sections', () => {
    expect(() => notesOf(`${CHANGELOG}\n## 1.1.0\n\n- Again.\n`, '1.1.0')).toThrow(
      'two sections of 1.1.0, in lines 21 and 32: join them',
    );
  });

  it('finds the section of every version, whatever the others contain', () => {
    const version = fc
      .tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.constantFrom('', '-rc.1', '-rc.11'))
      .map(([major, minor, patch, suffix]) => `${major}.${minor}.${patch}${suffix}`);
    const versions = fc.uniqueArray(version, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(versions, (all) => {
        const text = ['# Changes', ...all.map((each) => `## ${each}\n\n- Of ${each}.`)].join('\n\n');
        for (const each of all) expect(notesOf(text, each)).toBe(`- Of ${each}.\n`);
      }),
    );
  });
});

describe('the command', () => {
  const dir = mkdtempSync(join(tmpdir(), 'intercom-kafka-test-notes-'));
  const file = join(dir, 'CHANGELOG.md');
  writeFileSync(file, CHANGELOG);
  afterAll(() => rmSync(dir, { recursive: true }));
  const script = fileURLToPath(new URL('../../../dev/release-notes.mjs', import.meta.url));
  const call = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

  it('prints the notes alone', () => {
    expect(call('1.1.0', file)).toMatchObject({ status: 0, stdout: '- One.\n', stderr: '' });
  });

  it('fails where there are none, and names file and remedy', () => {
    const stderr = `${file}: no section "## 3.0.0": give "## Unreleased" this heading before the release\n`;
    expect(call('3.0.0', file)).toMatchObject({ status: 1, stdout: '', stderr });
    expect(call('3.0.0', join(dir, 'none.md'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('none.md'),
    });
    expect(call()).toMatchObject({
      status: 2,
      stderr: 'usage: node dev/release-notes.mjs VERSION [FILE]\n',
    });
  });
});
