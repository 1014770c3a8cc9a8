import { describe, expect, it } from 'vitest';
import { deletionsFrom, newDeletions } from '../../../src/sync/deletions.js';

describe('newDeletions', () => {
  it.each([
    [
      'begins at the start of the first cycle',
      null,
      [
        ['a', 99],
        ['b', 100],
        ['c', 101],
      ],
      ['b', 'c'],
      { at: 101, ids: ['c'] },
    ],
    [
      'takes what is newer than the mark',
      { at: 100, ids: ['a'] },
      [
        ['b', 105],
        ['a', 100],
      ],
      ['b'],
      { at: 105, ids: ['b'] },
    ],
    [
      'takes more of the same second',
      { at: 100, ids: ['a'] },
      [
        ['b', 100],
        ['a', 100],
      ],
      ['b'],
      { at: 100, ids: ['a', 'b'] },
    ],
    ['takes nothing twice', { at: 100, ids: ['a'] }, [['a', 100]], [], { at: 100, ids: ['a'] }],
    [
      'takes one that two pages held once',
      { at: 100, ids: [] },
      [
        ['b', 105],
        ['b', 105],
      ],
      ['b'],
      { at: 105, ids: ['b'] },
    ],
    ['stays where it is when nothing is listed', { at: 100, ids: ['a'] }, [], [], { at: 100, ids: ['a'] }],
  ] as const)('%s', (_, mark, listed, ids, next) => {
    const deletions = listed.map(([id, at]) => ({ id, at }));
    expect(newDeletions(mark, 100, deletions)).toEqual({ ids, mark: next });
  });

  it('asks for the list from the mark on', () => {
    expect(deletionsFrom(null, 70)).toBe(70);
    expect(deletionsFrom({ at: 100, ids: [] }, 70)).toBe(100);
  });
});
