import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawRow } from '../../../src/model/row.js';
import { DetailsRead } from '../../../src/tables/details-read.js';
import { runs } from '../../support/runs.js';

const SECONDS = 1_000;
const row = (updated_at: unknown, more: object = {}): RawRow => ({ id: 'c1', updated_at, ...more });

/** The times (seconds) of those polls that read the row's detail, when the row stays as it is. */
function readAt(polls: readonly number[], lookback: number): number[] {
  const read = new DetailsRead(lookback);
  return polls.filter((second) => {
    const isDue = read.isDue(row(1_000), second * SECONDS);
    if (isDue) read.add(row(1_000), second * SECONDS);
    return isDue;
  });
}

const upTo = (last: number, step = 1) =>
  Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => index * step);

describe('the detail of a row that stays as it is', () => {
  it.each([
    ['each second', upTo(2_000), 900, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]],
    ['each minute', upTo(2_000, 60), 900, [0, 60, 120, 240, 480, 900]],
    ['seldom', upTo(9_000, 1_000), 900, [0, 1_000]],
    ['each second, with hardly a lookback', upTo(60), 10, [0, 1, 2, 4, 8, 10]],
    // What changes in the second that was seen already is late everywhere.
    ['each second, without a lookback', upTo(60), 0, [0, 1, 2, 4, 5]],
  ])('is read again at doubled intervals: polled %s', (_, polls, lookback, times) => {
    expect(readAt(polls, lookback)).toEqual(times);
  });

  it('shows what comes late, no later than twice as late, as long as that is within the lookback', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 5, max: 1_000 }), fc.nat(1_000), (gaps, lookback, some) => {
        const late = Math.min(some, lookback);
        let second = 0;
        const polls = [0, ...gaps.map((gap) => (second += gap))];
        const inTime = polls.find((poll) => poll >= Math.min(2 * late, lookback));
        const found = readAt(polls, lookback).find((poll) => poll >= late);
        if (inTime !== undefined) expect(found).toBeLessThanOrEqual(inTime);
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('a row', () => {
  it.each([
    ['updated', row(1_001)],
    ['shown otherwise in the same second', row(1_000, { statistics: { count_conversation_parts: 2 } })],
    [
      'shown with another number beyond 2^53',
      row(1_000, { custom_attributes: { order: 9007199254740993n } }),
    ],
    ['with a time that nobody can read', row('yesterday')],
  ])('is read at once when it is %s', (_, changed) => {
    const read = new DetailsRead(900);
    for (const second of upTo(1_000)) read.add(row(1_000), second * SECONDS);
    expect(read.isDue(row(1_000), 1_001 * SECONDS)).toBe(false);
    expect(read.isDue(changed, 1_001 * SECONDS)).toBe(true);
  });

  it('may hold numbers beyond 2^53, by which it changes too', () => {
    const read = new DetailsRead(900);
    const of = (order: bigint) => row(1_000, { custom_attributes: { order } });
    for (const second of upTo(1_000)) read.add(of(9007199254740993n), second * SECONDS);
    expect(read.isDue(of(9007199254740993n), 1_001 * SECONDS)).toBe(false);
    expect(read.isDue(of(9007199254740992n), 1_001 * SECONDS)).toBe(true);
  });

  it('may be nested as deep as it likes', () => {
    const read = new DetailsRead(900);
    const deep = row(1_000, JSON.parse(`{"x": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`) as object);
    for (const second of [0, 900]) read.add(deep, second * SECONDS);
    expect(read.isDue(deep, 1_001 * SECONDS)).toBe(false);
  });

  it('that changed begins anew', () => {
    const read = new DetailsRead(900);
    for (const second of upTo(1_000)) read.add(row(1_000), second * SECONDS);
    read.add(row(1_001), 1_001 * SECONDS);
    expect(read.isDue(row(1_001), 1_001.1 * SECONDS)).toBe(true);
  });

  it.each([
    ['is remembered for the lookback', 1_100, 1],
    ['is remembered at the very end of it', 1_900, 1],
    ['is forgotten then', 1_901, 0],
    ['is remembered while nobody knows what is newest', null, 1],
  ])('%s', (_, newest, size) => {
    const read = new DetailsRead(900);
    read.add(row(1_000), 0);
    read.moveOn(newest);
    expect(read.size).toBe(size);
    // What the newest row was does not change when that is deleted.
    read.moveOn(1_000);
    read.add(row(1_000), 0);
    expect(read.size).toBe(size);
  });
});
