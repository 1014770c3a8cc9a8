import { expect, it } from 'vitest';
import type { TopicRecord } from '../../../src/kafka/reader.js';
import { isRestored, PUBLISHED_AT } from '../../../src/publisher/restore.js';

const record = (headers: Record<string, string>): TopicRecord => ({
  topic: 'rows',
  partition: 0,
  offset: 7,
  timestamp: 9_000,
  key: Buffer.from('a'),
  value: Buffer.from('{}'),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

it.each([
  ['published once', {}, 5_000, true],
  ['published once more, and first before', { [PUBLISHED_AT]: '4999' }, 5_000, false],
  ['published once more, and first since then', { [PUBLISHED_AT]: '5000' }, 5_000, true],
  ['published once more, where all is restored', { [PUBLISHED_AT]: '1' }, 'earliest', true],
] as const)('memory is restored from a version that was %s', (_, headers, from, expected) => {
  expect(isRestored(record(headers), from)).toBe(expected);
});
