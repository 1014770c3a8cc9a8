/** The section of one version in a change log. Plain JavaScript: a release runs it before anything is installed. */

const HEADING = /^## +(.+?) *$/;
const FENCE = /^ *(```|~~~)/;

/**
 * The text below the heading of the version, without the heading. `## 1.2.3`, `## [1.2.3]` and `## v1.2.3` are
 * headings of version 1.2.3, with or without a date behind.
 *
 * Throws when the version has no section, several, or an empty one.
 */
export function notesOf(changelog, version) {
  const found = sectionsOf(changelog).filter((section) => versionIn(section.title) === version);
  const [section, second] = found;
  if (section === undefined)
    throw new Error(`no section "## ${version}": give "## Unreleased" this heading before the release`);
  if (second !== undefined)
    throw new Error(`two sections of ${version}, in lines ${section.line} and ${second.line}: join them`);
  const notes = section.lines.join('\n').trim();
  if (notes === '')
    throw new Error(`section ${version} in line ${section.line} is empty: write what changes for users`);
  return `${notes}\n`;
}

/** `1.2.3` of `[v1.2.3] - 2026-11-26`; null when the heading names no version. */
function versionIn(title) {
  return /^\[?v?(\d+\.\d+\.\d+[\w.+-]*)/.exec(title)?.[1] ?? null;
}

/** Headings of the second level with the lines below. A heading within a code block is text. */
function sectionsOf(changelog) {
  const sections = [];
  let fence = null;
  for (const [index, line] of changelog.split(/\r?\n/).entries()) {
    const [, title] = fence === null ? (HEADING.exec(line) ?? []) : [];
    if (title !== undefined) sections.push({ title, line: index + 1, lines: [] });
    else sections.at(-1)?.lines.push(line);
    const [, mark] = FENCE.exec(line) ?? [];
    if (mark !== undefined) fence = fence === null ? mark : fence === mark ? null : fence;
  }
  return sections;
}
