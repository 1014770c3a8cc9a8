import { describe, expect, it } from 'vitest';
import { CompactVersions } from '../../../src/sync/compact-versions.js';

/** More than a few chunks hold. */
const MANY = 20_000;

const keyOf = (row: number) =>
  row % 7 === 0 ? `a-key-that-is-longer-than-most-of-them-are-${row}` : `k${row}`;
const versionOf = (row: number) => ({
  hash: row.toString(16).padStart(32, '0'),
  updatedAt: row % 3 === 0 ? null : row * 1000,
  versionTime: row % 5 === 0 ? null : row,
  publishedAfter: row + 0.5,
});

function filled(): CompactVersions {
  const versions = new CompactVersions();
  for (let row = 0; row < MANY; row += 1) versions.set(keyOf(row), versionOf(row));
  return versions;
}

const wrongOf = (versions: CompactVersions, isThere: (row: number) => boolean) =>
  Array.from({ length: MANY }, (_, row) => row).filter((row) => {
    const found = versions.get(keyOf(row));
    return JSON.stringify(found) !== JSON.stringify(isThere(row) ? versionOf(row) : undefined);
  });

describe('CompactVersions, over many chunks', () => {
  it('gives back what was set', () => {
    const versions = filled();
    expect(versions.size).toBe(MANY);
    expect(wrongOf(versions, () => true)).toEqual([]);
  });

  it('closes the gaps of what is deleted, and finds the rest', () => {
    const versions = filled();
    const isThere = (row: number) => row % 10 === 0 || row % 7 === 0;
    for (let row = 0; row < MANY; row += 1) if (!isThere(row)) versions.delete(keyOf(row));
    expect(wrongOf(versions, isThere)).toEqual([]);
    for (let row = 0; row < MANY; row += 1) versions.set(keyOf(row), versionOf(row));
    expect(wrongOf(versions, () => true)).toEqual([]);
  });

  it('keeps what it is told to, with its marks', () => {
    const versions = filled();
    const marked = (row: number) => row % 4 === 1;
    for (let row = 0; row < MANY; row += 1) if (marked(row)) versions.mark(keyOf(row));
    versions.retain((versionTime, publishedAfter) => versionTime !== null && publishedAfter < MANY / 2);
    const isThere = (row: number) => row % 5 !== 0 && row + 0.5 < MANY / 2;
    expect(wrongOf(versions, isThere)).toEqual([]);
    const unmarked = Array.from({ length: MANY }, (_, row) => row).filter(
      (row) => isThere(row) && !marked(row),
    );
    expect([...versions.unmarked()]).toEqual(unmarked.map(keyOf));
    versions.unmarkAll();
    expect([...versions.unmarked()]).toHaveLength(versions.size);
  });
});
