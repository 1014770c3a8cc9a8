import { describe, expect, it } from 'vitest';
import { logProblems } from '../../support/log-verifier.js';

const version = (key: string, updatedAt: number | null, offset: number, partition = 0) => ({
  key,
  value: updatedAt === null ? null : {},
  headers: updatedAt === null ? {} : { updated_at: String(updatedAt), hash: `${key}${updatedAt}` },
  partition,
  offset,
});

describe('logProblems', () => {
  it.each([
    ['a clean log', [version('a', 1, 0), version('b', 1, 1), version('a', 2, 2)], ['a', 'b'], []],
    ['a row that was deleted', [version('a', 1, 0), version('a', null, 1)], [], []],
    [
      'a row that came back newer',
      [version('a', 1, 0), version('a', null, 1), version('a', 2, 2)],
      ['a'],
      [],
    ],
    ['a lost row', [version('a', 1, 0)], ['a', 'b'], ['b: lost']],
    ['a row deleted by mistake', [version('a', 1, 0), version('a', null, 1)], ['a'], ['a: lost']],
    ['a missing tombstone', [version('a', 1, 0)], [], ['a: gone from the workspace, and no tombstone']],
    [
      'a version twice',
      [version('a', 1, 0), version('a', 1, 1)],
      ['a'],
      ['a at 0/1: the same version twice'],
    ],
    [
      'an older version',
      [version('a', 2, 0), version('a', 1, 1)],
      ['a'],
      ['a at 0/1: older behind a newer one'],
    ],
    [
      'a deleted row that comes back as it was',
      [version('a', 2, 0), version('a', null, 1), version('a', 2, 2)],
      ['a'],
      ['a at 0/2: back from the dead'],
    ],
    [
      'a tombstone twice',
      [version('a', 1, 0), version('a', null, 1), version('a', null, 2)],
      [],
      ['a at 0/2: deleted twice'],
    ],
    [
      'a key in two partitions',
      [version('a', 1, 0), version('a', 2, 0, 1)],
      ['a'],
      ['a at 1/0: in another partition than before'],
    ],
  ])('%s', (_, versions, expected, problems) => {
    expect(logProblems(versions, new Set(expected))).toEqual(problems);
  });
});
