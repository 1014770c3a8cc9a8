import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/simulator/collection.js';
import { checkLog, type FinishedCycle, type LoggedRecord } from '../../support/log-checker.js';
import { SeenVersions } from '../../support/seen.js';

/** A row at an epoch second; null: without a time. */
const row = (second: number | null, name = 'Ada', id = 'a'): Row =>
  second === null ? { id, name } : { id, updated_at: second, name };

interface Placed {
  readonly at?: number;
  readonly partition?: number;
  readonly key?: string;
}

/** A record of a row whose reply arrived at `at`. */
function record(of: Row | null, { at = 1_000, partition = 0, key = 'a' }: Placed = {}): LoggedRecord {
  const headers: Record<string, string> = { fetched_at: String(at) };
  if (of === null) return { key, value: null, headers, partition, offset: 0 };
  const updatedAt = of.updated_at === undefined ? null : Number(of.updated_at) * 1000;
  headers.hash = JSON.stringify(of);
  if (updatedAt !== null) headers.updated_at = String(updatedAt);
  return { key, value: { ...of, updated_at: updatedAt }, headers, partition, offset: 0 };
}

type Reply = readonly [at: number, row: Row, how?: 'poll' | 'by ID' | 'lagging'];

interface Case {
  readonly replies: readonly Reply[];
  readonly log: readonly LoggedRecord[];
  /** The workspace in the end. */
  readonly rows: readonly Row[];
  readonly cycles?: readonly FinishedCycle[];
  readonly unnoticed?: boolean;
}

function kindsIn({ replies, log, rows, cycles = [], unnoticed = false }: Case): string[] {
  const seen = new SeenVersions();
  for (const [at, each, how = 'poll'] of replies)
    seen.note({ table: 'contacts', rows: [each], isPoll: how !== 'by ID', isCurrent: how !== 'lagging' }, at);
  const { problems } = checkLog(
    log.map((each, offset) => ({ ...each, offset })),
    {
      seen: seen.of('contacts'),
      cycles,
      rows: new Map(rows.map((each) => [String(each.id), each])),
      expectsTombstones: !unnoticed,
    },
  );
  return problems.map(({ kind, text }) => `${kind}: ${text.split(':')[0]}`);
}

const [one, two, three] = [row(1, 'one'), row(2, 'two'), row(3, 'three')];
const [first, second] = [row(5, 'first'), row(5, 'second')];
const [early, late] = [row(null, 'early'), row(null, 'late')];

describe('checkLog accepts', () => {
  it.each<[string, Case]>([
    [
      'each version once, in order',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(one), record(two)],
        rows: [two],
      },
    ],
    [
      'a version that only a fetch by ID showed',
      { replies: [[1, one, 'by ID']], log: [record(one)], rows: [one] },
    ],
    [
      'a version that was skipped',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(two)],
        rows: [two],
      },
    ],
    [
      'a row that is gone, with its tombstone',
      { replies: [[1, one]], log: [record(one), record(null)], rows: [] },
    ],
    ['a tombstone of a row that was never published', { replies: [], log: [record(null)], rows: [] }],
    ['a row that is gone unnoticed', { replies: [[1, one]], log: [record(one)], rows: [], unnoticed: true }],
    [
      'a tombstone before a search that lags showed the row',
      {
        replies: [
          [1, one],
          [1_500, one, 'lagging'],
        ],
        log: [record(one), record(null)],
        rows: [],
      },
    ],
    [
      'two versions of one second, in either order',
      {
        replies: [
          [1, first],
          [2, second],
        ],
        log: [record(second), record(first)],
        rows: [first],
      },
    ],
    [
      'a version of one second that returns as it was shown again',
      {
        replies: [
          [1, first],
          [2, second],
          [3, first],
          [4, second],
        ],
        log: [record(second), record(first), record(second)],
        rows: [second],
      },
    ],
    [
      'a row without a time that returns to what it was',
      {
        replies: [
          [1, early],
          [2, late],
          [3, early],
        ],
        log: [record(early), record(late), record(early)],
        rows: [early],
      },
    ],
    [
      'a row without a time that is back from the dead',
      {
        replies: [
          [1, early],
          [2_000, early],
        ],
        log: [record(early), record(null), record(early, { at: 2_000 })],
        rows: [early],
      },
    ],
    [
      'a version shown before a cycle that was cut short',
      {
        replies: [
          [10, one],
          [40, one],
          [50, two],
        ],
        log: [record(two)],
        rows: [two],
        cycles: [
          { startedAt: 5, finishedAt: 30 },
          { startedAt: 20, finishedAt: 45 },
        ],
      },
    ],
    [
      'a version that fetches by ID alone showed before a cycle',
      {
        replies: [
          [10, one, 'by ID'],
          [40, one],
          [50, two],
        ],
        log: [record(two)],
        rows: [two],
        cycles: [{ startedAt: 20, finishedAt: 30 }],
      },
    ],
  ])('%s', (_, each) => {
    expect(kindsIn(each)).toEqual([]);
  });
});

describe('checkLog finds', () => {
  it.each<[string, Case, string[]]>([
    ['a row that was never published', { replies: [[1, one]], log: [], rows: [one] }, ['lost: a']],
    [
      'a row that no reply ever showed, and that is missing',
      { replies: [], log: [], rows: [one] },
      ['lost: a'],
    ],
    [
      'a version twice, next to each other',
      {
        replies: [
          [1, one],
          [2, one],
        ],
        log: [record(one), record(one)],
        rows: [one],
      },
      ['doubled: a at 0/1'],
    ],
    [
      'a version twice, with a newer one between',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(one), record(two), record(one)],
        rows: [two],
      },
      ['out of order: a at 0/2', 'stale: a at 0/2'],
    ],
    [
      'a batch twice',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(one), record(two), record(one), record(two)],
        rows: [two],
      },
      ['out of order: a at 0/2', 'doubled: a at 0/3'],
    ],
    [
      'a batch of one second twice',
      {
        replies: [
          [1, first],
          [2, second],
        ],
        log: [record(first), record(second), record(first), record(second)],
        rows: [second],
      },
      ['doubled: a at 0/2', 'doubled: a at 0/3'],
    ],
    [
      'a row without a time twice',
      {
        replies: [
          [1, early],
          [2, early],
        ],
        log: [record(early), record(early)],
        rows: [early],
      },
      ['doubled: a at 0/1'],
    ],
    [
      'an older version behind a newer one',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(two), record(one)],
        rows: [one],
      },
      ['out of order: a at 0/1'],
    ],
    [
      'an older version of a row without a time',
      {
        replies: [
          [1, early],
          [2, late],
        ],
        log: [record(late), record(early)],
        rows: [late],
      },
      ['out of order: a at 0/1', 'stale: a at 0/1'],
    ],
    [
      'a log that ends with an older version',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(one)],
        rows: [two],
      },
      ['stale: a at 0/0'],
    ],
    [
      'a version that no reply showed',
      { replies: [[1, one]], log: [record(one), record(two)], rows: [two] },
      ['never shown: a at 0/1'],
    ],
    [
      'a version before a reply showed it',
      {
        replies: [
          [1, one],
          [1_500, two],
        ],
        log: [record(one), record(two)],
        rows: [two],
      },
      ['never shown: a at 0/1'],
    ],
    [
      'a content that no reply showed',
      { replies: [[1, one]], log: [record(row(1, 'other'))], rows: [row(1, 'other')] },
      ['never shown: a at 0/0'],
    ],
    [
      'more than a reply showed',
      { replies: [[1, { ...one, phone: null }]], log: [record({ ...one, phone: '1' })], rows: [one] },
      ['never shown: a at 0/0'],
    ],
    [
      'a row that no reply ever showed',
      { replies: [], log: [record(one)], rows: [one] },
      ['never shown: a at 0/0'],
    ],
    [
      'a tombstone of a row that exists',
      { replies: [[1, one]], log: [record(one), record(null)], rows: [one] },
      ['wrong tombstone: a at 0/1'],
    ],
    [
      'a tombstone of a row without a time that exists',
      { replies: [[1, early]], log: [record(early), record(null)], rows: [early] },
      ['wrong tombstone: a at 0/1'],
    ],
    [
      'a tombstone before a reply that still showed the row',
      {
        replies: [
          [1, one],
          [1_500, one],
        ],
        log: [record(one), record(null)],
        rows: [],
      },
      ['wrong tombstone: a at 0/1'],
    ],
    [
      'a tombstone of a row that came back, since no ID is used again',
      {
        replies: [
          [1, one],
          [2_000, two],
        ],
        log: [record(one), record(null), record(two, { at: 2_000 })],
        rows: [two],
      },
      ['wrong tombstone: a at 0/1'],
    ],
    [
      'two tombstones',
      { replies: [[1, one]], log: [record(one), record(null), record(null)], rows: [] },
      ['doubled: a at 0/2'],
    ],
    [
      'a missing tombstone',
      { replies: [[1, one]], log: [record(one)], rows: [] },
      ['no tombstone: a at 0/0'],
    ],
    [
      'a deleted row that comes back as it was',
      {
        replies: [
          [1, one],
          [2, one],
        ],
        log: [record(one), record(null), record(one)],
        rows: [],
      },
      ['wrong tombstone: a at 0/2', 'no tombstone: a at 0/2'],
    ],
    [
      'a deleted row without a time that comes back though no reply showed it',
      { replies: [[1, early]], log: [record(early), record(null), record(early)], rows: [early] },
      ['doubled: a at 0/2'],
    ],
    [
      'a key in two partitions',
      {
        replies: [
          [1, one],
          [2, two],
        ],
        log: [record(one), record(two, { partition: 1 })],
        rows: [two],
      },
      ['wrong partition: a at 1/1'],
    ],
    [
      'a version that a whole cycle read, and that is missing',
      {
        replies: [
          [10, one],
          [40, one],
          [50, two],
        ],
        log: [record(two)],
        rows: [two],
        cycles: [{ startedAt: 20, finishedAt: 30 }],
      },
      ['lost: a'],
    ],
    [
      'the same of a row that is gone',
      {
        replies: [
          [10, one],
          [40, one],
        ],
        log: [record(null)],
        rows: [],
        cycles: [{ startedAt: 20, finishedAt: 30 }],
      },
      ['lost: a'],
    ],
  ])('%s', (_, each, kinds) => {
    expect(kindsIn(each)).toEqual(kinds);
  });

  it('a version that was current when the log was found complete, and is missing now', () => {
    const seen = new SeenVersions();
    const note = (each: Row) =>
      seen.note({ table: 'contacts', rows: [each], isPoll: true, isCurrent: true }, 1);
    const check = (log: LoggedRecord[], last: Row) =>
      checkLog(log, {
        seen: seen.of('contacts'),
        cycles: [],
        rows: new Map([['a', last]]),
        expectsTombstones: true,
      });
    note(one);
    const { problems, current } = check([record(one)], one);
    expect(problems).toEqual([]);
    for (const version of current) version.isConfirmed = true;
    for (const each of [two, three]) note(each);
    expect(check([record(one), record(three)], three).problems).toEqual([]);
    expect(check([record(three)], three).problems.map(({ kind }) => kind)).toEqual(['lost']);
  });
});
