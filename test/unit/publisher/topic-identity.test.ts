import { describe, expect, it } from 'vitest';
import { emptyState, type TableState, type TopicMark } from '../../../src/model/state.js';
import { stateAfterReset } from '../../../src/publisher/reset.js';
import {
  arePartitionsAdded,
  differencesOf,
  letterDifferencesOf,
  stateForTopic,
} from '../../../src/publisher/topic-identity.js';

const NAME = 'p.acme.contacts';
const mark = (changes: Partial<TopicMark> = {}): TopicMark => ({
  name: NAME,
  id: 'first',
  partitions: 2,
  ends: [10, 20],
  starts: [0, 0],
  ...changes,
});
const state = (changes: Partial<TableState> = {}): TableState => ({
  ...emptyState(),
  topic: mark(),
  ...changes,
});

describe('differencesOf', () => {
  it.each<[string, TableState, TopicMark | null, string[]]>([
    ['the same topic', state(), mark(), []],
    ['a longer one', state(), mark({ ends: [11, 20] }), []],
    ['brokers that tell no ID', state(), mark({ id: null }), []],
    ['a state written without an ID', state({ topic: mark({ id: null }) }), mark(), []],
    ['added partitions', state(), mark({ partitions: 3, ends: [10, 20, 0], starts: [0, 0, 0] }), []],
    [
      'another name',
      state({ topic: mark({ name: 'old.acme.contacts' }) }),
      mark(),
      ['was written for topic old.acme.contacts'],
    ],
    ['a deleted topic', state(), null, ['was deleted']],
    ['a topic created again', state(), mark({ id: 'second' }), ['deleted and created again']],
    [
      'a truncated partition',
      state(),
      mark({ ends: [10, 19] }),
      ['partition 1 of topic p.acme.contacts ends at offset 19'],
    ],
    [
      'records deleted at the front',
      state(),
      mark({ starts: [3, 0] }),
      ['partition 0 of topic p.acme.contacts begins at offset 3'],
    ],
    ['a state of 0.1.0 with rows', state({ topic: null, records: 5 }), mark(), []],
    [
      'a state of 0.1.0 whose topic is empty',
      state({ topic: null, records: 5 }),
      mark({ ends: [0, 0] }),
      ['counts 5 rows'],
    ],
    [
      'a state of 0.1.0 whose topic was emptied',
      state({ topic: null, records: 5 }),
      mark({ starts: [10, 20] }),
      ['counts 5 rows'],
    ],
    ['a state of 0.1.0 without rows', state({ topic: null }), mark({ ends: [0, 0] }), []],
    ['no topic and a state without rows', state({ topic: null }), null, []],
  ])('%s', (_, known, now, expected) => {
    const differences = differencesOf(known, now, NAME);
    expect(differences).toEqual(expected.map((each) => expect.stringContaining(each)));
  });
});

describe('letterDifferencesOf', () => {
  const letters = mark({ name: 'p.acme.dead_letters' });
  it.each<[string, Partial<TableState>, TopicMark | null, number]>([
    ['no letter', { deadLetterTopic: letters }, null, 0],
    ['letters that are there', { deadLetters: 2, deadLetterTopic: letters }, letters, 0],
    ['letters whose topic is gone', { deadLetters: 2, deadLetterTopic: letters }, null, 1],
    [
      'letters whose topic was made again',
      { deadLetters: 2, deadLetterTopic: letters },
      { ...letters, id: 'x' },
      1,
    ],
    ['letters of 0.1.0 in an empty topic', { deadLetters: 2 }, { ...letters, ends: [0, 0] }, 1],
    ['letters of 0.1.0', { deadLetters: 2 }, letters, 0],
  ])('%s', (_, changes, now, count) => {
    expect(letterDifferencesOf(state(changes), now, letters.name)).toHaveLength(count);
  });
});

it('tells added partitions from another topic', () => {
  const grown = mark({ partitions: 4, ends: [10, 20, 0, 0], starts: [0, 0, 0, 0] });
  expect(arePartitionsAdded(mark(), grown)).toBe(true);
  expect(arePartitionsAdded(mark(), mark())).toBe(false);
  expect(arePartitionsAdded(null, grown)).toBe(false);
  expect(arePartitionsAdded(mark(), { ...grown, id: 'second' })).toBe(false);
});

it('begins anew with nothing skipped: no bookmark, deletions since the oldest row, a walk that is due', () => {
  const before = state({
    bookmark: 99,
    windows: [{ from: 1, to: 2 }],
    hintedAt: 5,
    resetAt: 7,
    deletions: { at: 98, ids: ['a'] },
    reconcile: { dueAt: '2099-01-01T00:00:00.000Z', walk: { reached: 50 } },
  });
  const anew = stateForTopic(before, 12_345);
  expect(anew).toMatchObject({
    bookmark: null,
    windows: [],
    hintedAt: null,
    resetAt: 7,
    restoreFrom: 12_345,
  });
  expect(anew.deletions).toEqual({ at: 12, ids: [] });
  expect(anew.reconcile).toEqual({ dueAt: '1970-01-01T00:00:00.000Z', walk: null });
  expect(stateForTopic(before, null).deletions).toBeNull();
});

it('begins anew as paused as it was, and with what was answered to operators', () => {
  const answered = {
    paused: true,
    controlRevision: 7,
    syncRevision: 6,
    syncResult: { cycle: null, error: null },
  };
  expect(stateForTopic(state({ ...answered, bookmark: 99 }), 12_345)).toMatchObject({
    ...answered,
    bookmark: null,
  });
  expect(stateAfterReset(state({ ...answered, bookmark: 99, records: 5 }), 100, 7)).toMatchObject({
    ...answered,
    bookmark: 100,
    records: 0,
    resetAt: 7,
  });
});
