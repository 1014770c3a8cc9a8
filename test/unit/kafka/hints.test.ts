/**
 * What stands in the topic of notifications, whichever version wrote it: old and new instances run side by
 * side during a rollout.
 */

import { expect, it } from 'vitest';
import { parseHint } from '../../../src/kafka/hints.js';

const none = { contact: [], conversation: [], company: [], ticket: [] };
const record = (value: string | null, key: string | null = 'acme') => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  timestamp: 5,
});

it.each([
  [
    'of this version',
    '{"contact":["c"],"conversation":["7"],"company":["o"],"ticket":["9"]}',
    { contact: ['c'], conversation: ['7'], company: ['o'], ticket: ['9'] },
  ],
  [
    'of a version that knows fewer entities',
    '{"contact":["c"],"conversation":[],"company":[]}',
    { contact: ['c'] },
  ],
  ['of a version that knows more', '{"contact":["c"],"article":["a"]}', { contact: ['c'] }],
  [
    'of one with fields of another kind',
    '{"contact":{"id":"c"},"conversation":[7,"8",null]}',
    { conversation: ['8'] },
  ],
])('reads a hint %s', (_, text, hint) => {
  expect(parseHint(record(text))).toEqual([{ connection: 'acme', hint: { ...none, ...hint }, at: 5 }]);
});

it.each([
  ['null', record(null)],
  ['no JSON', record('hello')],
  ['JSON that is no object', record('null')],
  ['without a connection', record('{}', null)],
])('leaves out what is %s', (_, each) => expect(parseHint(each)).toEqual([]));
