/** What a time of the API means, value by value. */

import { describe, expect, it } from 'vitest';
import { readTime } from '../../../src/model/time.js';

const at = (text: string) => Date.parse(text);

describe('numbers, also as text', () => {
  it.each<[string, number, string]>([
    ['the epoch', 0, '1970-01-01T00:00:00.000Z'],
    ['seconds', 1_700_000_000, '2023-11-14T22:13:20.000Z'],
    ['seconds with milliseconds', 1_700_000_000.125, '2023-11-14T22:13:20.125Z'],
    ['seconds before 1970', -1, '1969-12-31T23:59:59.000Z'],
    ['the year 1', -62_135_596_800, '0001-01-01T00:00:00.000Z'],
    ['the year 5138', 99_999_999_999, '5138-11-16T09:46:39.000Z'],
    ['what was the border once', 100_000_000_000, '5138-11-16T09:46:40.000Z'],
    ['the day before the last one', 253_402_214_400, '9999-12-31T00:00:00.000Z'],
    ['the last second of the year 9999', 253_402_300_799, '9999-12-31T23:59:59.000Z'],
    ['the first milliseconds', 253_402_300_800, '1978-01-11T21:31:40.800Z'],
    ['milliseconds', 1_700_000_000_123, '2023-11-14T22:13:20.123Z'],
    ['milliseconds before 1970', -253_402_300_800, '1961-12-21T02:28:19.200Z'],
  ])('%s', (_, value, text) => {
    expect(readTime(value)).toEqual({ ms: at(text), isExact: true });
    expect(readTime(String(value))).toEqual({ ms: at(text), isExact: true });
    expect(readTime(` ${value} `)).toEqual({ ms: at(text), isExact: true });
  });

  it.each<[unknown, number]>([
    [1_700_000_000.1234, 1_700_000_000_123],
    ['1700000000.1234', 1_700_000_000_123],
    ['1700000000.12300000000000000000001', 1_700_000_000_123],
    [1_700_000_000_123.5, 1_700_000_000_124],
    ['1700000000123.00000000000000000001', 1_700_000_000_123],
    [1e-9, 0],
  ])('%j is finer than a millisecond', (value, ms) => {
    expect(readTime(value)).toEqual({ ms, isExact: false });
  });

  it.each([
    8.64e15 + 1,
    -8.64e15 - 1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n,
    true,
    null,
    undefined,
    {},
    [],
  ])('%s is no time', (value) => {
    expect(readTime(value)).toBeNull();
  });
});

describe('ISO 8601 text', () => {
  it.each([
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2024-02-29T10:20', '2024-02-29T10:20:00.000Z'],
    ['2024-02-29 10:20:30', '2024-02-29T10:20:30.000Z'],
    ['2024-02-29T10:20:30.5Z', '2024-02-29T10:20:30.500Z'],
    ['2024-02-29T10:20:30.120000Z', '2024-02-29T10:20:30.120Z'],
    ['2024-02-29T10:20:30 UTC', '2024-02-29T10:20:30.000Z'],
    ['2024-02-29T10:20:30+05:30', '2024-02-29T04:50:30.000Z'],
    ['2024-02-29T10:20:30-0930', '2024-02-29T19:50:30.000Z'],
    ['0000-02-29', '0000-02-29T00:00:00.000Z'],
    ['0099-12-31', '0099-12-31T00:00:00.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
    ['+010000-01-01', '+010000-01-01T00:00:00.000Z'],
    ['-000001-12-31', '-000001-12-31T00:00:00.000Z'],
  ])('%s', (text, same) => {
    expect(readTime(text)).toEqual({ ms: at(same), isExact: true });
  });

  it('is finer than a millisecond with microseconds', () => {
    expect(readTime('2024-02-29T10:20:30.123456Z')).toEqual({
      ms: at('2024-02-29T10:20:30.123Z'),
      isExact: false,
    });
  });

  it.each([
    '2024-02-30',
    '2023-02-29',
    '1900-02-29',
    '2024-02-31T00:00:00Z',
    '2024-04-31T10:00:00+02:00',
    '2024-06-31 10:00',
    '2024-00-10',
    '2024-13-01',
    '2024-01-00',
    '2024-01-32',
    '2024-01-01T24:00:00Z',
    '2024-01-01T23:60:00Z',
    '2024-12-31T23:59:60Z',
    '2024-01-01T10:00:00+24:00',
    '2024-01-01T10:00:00+10:60',
    '-000000-01-01',
    '+275760-09-14',
    '2024-1-1',
    '2024-01-01T10',
    'tomorrow',
    '',
  ])('%j does not exist, or is no such text', (text) => {
    expect(readTime(text)).toBeNull();
  });
});
