import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Events } from '../../../src/model/events.js';
import { duration, showProgress } from '../../../src/observe/progress.js';
import { Terminal } from '../../../src/observe/terminal.js';
import { AT, BOOKMARK, failure, finish, NOW, page, request } from './happenings.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watched() {
  const events = new Events();
  let written = '';
  let time = NOW;
  const out = {
    columns: 200,
    write: (text: string) => {
      written += text;
    },
  };
  const stop = showProgress(events, new Terminal(out), () => time);
  /** What is written in the time. */
  const after = (ms: number) => {
    written = '';
    time += ms;
    vi.advanceTimersByTime(100);
    return written;
  };
  return { events, after, stop, written: () => written };
}

it('shows how far, how fast and how long yet, in a line of each table that is read', () => {
  const { events, after, stop, written } = watched();
  events.emit('table:started', AT);
  expect(after(1_000)).toContain('acme/contacts                0 rows · 0/s\n');
  request(events, 0);
  page(events, 10);
  expect(after(1_000)).toContain(
    'acme/contacts                10 rows · 5/s · 5 new · budget 7/100 · 1s of 4s · 6.0 s left\n',
  );
  after(0);
  finish(events);
  expect(written()).toContain(
    '✓ acme/contacts                10 rows published, 2 tombstones, 30 read, 1.5 s\n',
  );
  expect(after(0)).not.toContain('acme');
  stop();
});

it('counts rows where nothing tells how far a table reaches', () => {
  const { events, after } = watched();
  events.emit('table:started', AT);
  const event = { ...AT, deletes: 0, deadLetters: 0, late: 0, notShown: 0, unknownFields: new Map() };
  const progress = { rows: 1_500, rowsExpected: 6_000, covered: 0, toCover: 0 };
  events.emit('page:committed', { ...event, records: 1_500, bookmark: BOOKMARK, progress });
  expect(after(60_000)).toContain('1,500 rows · 25/s · 3m left\n');
  events.emit('page:committed', {
    ...event,
    records: 1,
    bookmark: null,
    progress: { ...progress, rows: 1_501, rowsExpected: null },
  });
  expect(after(0)).toContain('1,501 rows · 25/s\n');
});

it('takes away what failed, with the reason, and what a session left unfinished', () => {
  const { events, after, written } = watched();
  const other = { connection: 'beta', table: 'tags' } as const;
  for (const at of [AT, other]) events.emit('table:started', at);
  expect(after(0)).toMatch(/acme\/contacts .*\n.*beta\/tags/);
  events.emit('table:failed', { ...AT, error: failure('api-forbidden', 'not for you') });
  expect(written()).toContain('✗ acme/contacts                not for you\n');
  expect(after(0)).not.toContain('acme');
  events.emit('table:started', AT);
  events.emit('connection:released', { connection: 'beta' });
  const left = after(0);
  expect(left).toContain('acme/contacts');
  expect(left).not.toContain('beta');
});

it.each([
  [0, '0s'],
  [59.4, '59s'],
  [61, '1m 1s'],
  [3_600, '1h'],
  [90_061, '1d 1h'],
  [172_800.4, '2d'],
])('writes %d seconds as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
