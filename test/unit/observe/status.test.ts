import { expect, it } from 'vitest';
import { Events } from '../../../src/model/events.js';
import { emptyState } from '../../../src/model/state.js';
import { ADVICE } from '../../../src/observe/advice.js';
import { type ConfiguredConnection, StatusBoard } from '../../../src/observe/status.js';
import {
  AT,
  BOOKMARK,
  CYCLE_MS,
  failure,
  finish,
  NOTHING,
  NOW,
  own,
  page,
  RESYNC,
  request,
} from './happenings.js';

const CONNECTIONS = [{ name: 'acme', tables: [{ name: 'contacts', schedule: '*/5 * * * *' }] }] as const;

function board(connections: readonly ConfiguredConnection[] = CONNECTIONS) {
  const events = new Events();
  const status = new StatusBoard(events, {
    version: '1',
    connections: () => connections,
    nextTime: () => NOW + 90_000,
    readiness: async () => ({ ready: true, reasons: [] }),
    now: () => NOW,
  });
  const connection = async () => (await status.status()).connections[0];
  return { events, status, connection, table: async () => (await connection())?.tables[0] };
}

it('follows a connection from start to failure and to another instance', async () => {
  const { events, connection } = board();
  const state = async () => (await connection())?.state;
  expect(await state()).toBe('elsewhere');
  events.emit('instance:assigned', { connections: ['acme'] });
  expect(await state()).toBe('starting');
  own(events);
  expect(await state()).toBe('owned');
  events.emit('connection:released', { connection: 'acme' });
  const error = failure('credentials-refused', 'token refused');
  events.emit('connection:failed', { connection: 'acme', error, retryInMs: 5_000 });
  expect(await connection()).toMatchObject({
    state: 'failed',
    error: { code: error.code, message: 'token refused', retryAt: new Date(NOW + 5_000).toISOString() },
  });
  events.emit('instance:assigned', { connections: [] });
  expect(await connection()).toMatchObject({ state: 'elsewhere', error: null });
});

it('follows a table through its cycles', async () => {
  const { events, table } = board();
  expect(await table()).toMatchObject({ state: 'unknown', bookmark: null, freshAsOf: null, lag: null });
  own(events);
  expect(await table()).toMatchObject({ state: 'waiting' });
  events.emit('table:started', AT);
  page(events, 10);
  expect(await table()).toMatchObject({
    state: 'running',
    progress: { rows: 10 },
    bookmark: new Date(BOOKMARK * 1_000).toISOString(),
    lag: null,
  });
  events.emit('table:failed', { ...AT, error: failure('api-error', 'broken') });
  expect(await table()).toMatchObject({ state: 'failed', progress: null, error: { message: 'broken' } });
  finish(events);
  const freshAsOf = new Date(NOW - CYCLE_MS).toISOString();
  expect(await table()).toMatchObject({ state: 'ok', error: null, cycle: { number: 1 }, freshAsOf, lag: 2 });
});

it('is as far behind as its last complete cycle, however old the bookmark and whatever runs or fails', async () => {
  const { events, table } = board();
  const freshAsOf = new Date(NOW - 600_000).toISOString();
  events.emit('table:restored', { ...AT, state: { ...emptyState(), bookmark: 1, freshAsOf } });
  expect(await table()).toMatchObject({ freshAsOf, lag: 600 });
  events.emit('table:started', AT);
  page(events, 10);
  expect(await table()).toMatchObject({ freshAsOf, lag: 600 });
  events.emit('table:failed', { ...AT, error: failure('api-error', 'broken') });
  expect(await table()).toMatchObject({ freshAsOf, lag: 600 });
});

it('goes on counting from what was restored', async () => {
  const { events, table } = board();
  const state = { ...emptyState(), records: 100, deletes: 10, deadLetters: 1, unknownFields: 5 };
  events.emit('table:restored', { ...AT, state });
  page(events, 10);
  expect(await table()).toMatchObject({ records: 105, deletes: 11, deadLetters: 3, unknownFields: 8 });
  const unknownFields = new Map([['a', 4]]);
  events.emit('hints:committed', { ...AT, records: 2, deletes: 1, deadLetters: 1, unknownFields });
  expect(await table()).toMatchObject({ records: 107, deletes: 12, deadLetters: 4, unknownFields: 12 });
});

it('shows how far a resync is, and counts what it publishes', async () => {
  const { events, table } = board();
  expect((await table())?.resync).toBeNull();
  events.emit('table:restored', { ...AT, state: { ...emptyState(), resync: RESYNC } });
  expect((await table())?.resync).toMatchObject({ phase: 'republishing', republished: 3, share: 0.25 });
  events.emit('resync:committed', { ...AT, ...NOTHING, records: 2, republished: 4 });
  const resync = { ...RESYNC, republished: 7, offsets: [7] };
  events.emit('resync:changed', { ...AT, what: 'progress', resync });
  expect(await table()).toMatchObject({ records: 2, resync: { republished: 7, share: 7 / 12 } });
  expect((await table())?.history.values.at(-1)).toBe(6);
});

it('shows no table as running whose session has ended', async () => {
  const { events, table } = board();
  own(events);
  events.emit('table:started', AT);
  events.emit('connection:released', { connection: 'acme' });
  expect((await table())?.state).not.toBe('running');
});

it('shows what to do about an error, and nothing for a code of a newer version', async () => {
  const { events, connection, table } = board();
  own(events);
  events.emit('table:failed', { ...AT, error: failure('api-error', 'broken') });
  expect((await table())?.error).toMatchObject({ message: 'broken', advice: ADVICE['api-error'] });
  for (const code of ['of-a-newer-version', 'constructor']) {
    const error = { code, message: 'broken', at: new Date(NOW).toISOString() };
    events.emit('table:restored', { ...AT, state: { ...emptyState(), error } });
    expect((await table())?.error).toMatchObject({ code, advice: null });
  }
  events.emit('connection:released', { connection: 'acme' });
  const error = failure('credentials-refused', 'no');
  events.emit('connection:failed', { connection: 'acme', error, retryInMs: 1_000 });
  expect((await connection())?.error).toMatchObject({ advice: ADVICE['credentials-refused'] });
});

it('shows the next poll of tables that are polled', async () => {
  const { events, table } = board();
  const nextPollAt = new Date(NOW + 90_000).toISOString();
  expect(await table()).toMatchObject({ schedule: '*/5 * * * *', nextPollAt: null });
  own(events);
  expect(await table()).toMatchObject({ nextPollAt });
  events.emit('table:paused', { ...AT, isPaused: true });
  expect(await table()).toMatchObject({ state: 'paused', nextPollAt: null });
  events.emit('table:paused', { ...AT, isPaused: false });
  expect(await table()).toMatchObject({ nextPollAt });
  events.emit('connection:released', { connection: 'acme' });
  expect(await table()).toMatchObject({ nextPollAt: null });
});

it('shows the most requests of each minute, and the limit', async () => {
  const { events, connection } = board();
  expect(await connection()).toMatchObject({ budget: null });
  request(events, 0);
  request(events, 0);
  const at = new Date(NOW).toISOString();
  const history = { from: NOW / 1_000, values: [7] };
  expect(await connection()).toMatchObject({ budget: { used: 7, limit: 100, at, history } });
});

it('shows the keys and reasons of dead letters that still stand, the newest first', async () => {
  const { events, table } = board();
  const letters = (written: readonly string[], removed: readonly string[] = []) => {
    const unknownFields = new Map<string, number>();
    events.emit('hints:committed', {
      ...AT,
      records: 0,
      deletes: 0,
      deadLetters: written.length,
      unknownFields,
      letters: { written: written.map((key) => ({ key, reason: `${key} is too large` })), removed },
    });
  };
  letters(['a', 'b', 'c']);
  letters(['d'], ['b']);
  letters(['a']);
  expect((await table())?.letters.map(({ key }) => key)).toEqual(['a', 'd', 'c']);
  expect((await table())?.letters[0]).toEqual({
    key: 'a',
    reason: 'a is too large',
    at: new Date(NOW).toISOString(),
  });
  letters(Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(5_000, 'x')));
  const shown = (await table())?.letters ?? [];
  expect(shown).toHaveLength(20);
  expect(JSON.stringify(shown).length).toBeLessThan(20 * 800);
  expect((await table())?.deadLetters).toBe(105);
});
