/** Contacts that were merged into others: which of them are asked for, and when. */

import { expect, it } from 'vitest';
import { mergedInto } from '../../../src/intercom/merge-history.js';
import { ReplacedIds } from '../../../src/sync/replaced.js';

const merged = (...entries: unknown[]) => ({ id: 'a', merge_history: entries });
const entry = (source_contact_id: unknown, merged_at: unknown) => ({
  type: 'merge_history',
  source_contact_id,
  merged_at,
});

it.each([
  ['as recorded', merged(entry('b', 1_700_000_000)), [{ id: 'b', at: 1_700_000_000 }]],
  ['with an ID that is a number', merged(entry(7, 5)), [{ id: '7', at: 5 }]],
  ['without a time', merged(entry('b', undefined)), [{ id: 'b', at: null }]],
  ['of broken entries', merged(null, 'b', {}, entry('', 5), entry({}, 5), entry(null, 5), entry(1.5, 5)), []],
  ['that is null', { id: 'a', merge_history: null }, []],
  ['that is no list', { id: 'a', merge_history: { data: [entry('b', 5)] } }, []],
  ['that is missing', { id: 'a' }, []],
])('reads a merge history %s', (_, row, expected) => expect(mergedInto(row)).toEqual(expected));

it('asks for each ID once it is answered for, and for none that was merged before the floor', () => {
  const ids = new ReplacedIds(mergedInto);
  const rows = [
    merged(entry('old', 9), entry('edge', 10), entry('timeless', null)),
    merged(entry('new', 99)),
  ];
  expect(ids.due(rows, 10)).toEqual(['edge', 'timeless', 'new']);
  ids.add(['edge', 'timeless']);
  expect(ids.due(rows, 10)).toEqual(['new']);
  expect(ids.due(rows, 9)).toEqual(['old', 'new']);
});

it('remembers so many and no more', () => {
  const ids = new ReplacedIds(mergedInto);
  ids.add(Array.from({ length: 10_001 }, (_, index) => String(index)));
  expect(ids.due([merged(entry('0', null), entry('1', null), entry('10000', null))], 0)).toEqual(['0']);
});
