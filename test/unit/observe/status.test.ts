import { expect, it } from 'vitest';
import { Events } from '../../../src/model/events.js';
import { emptyState } from '../../../src/model/state.js';
import { Activity } from '../../../src/observe/activity.js';
import { StatusBoard } from '../../../src/observe/status.js';
import {
  AT,
  BOOKMARK,
  CYCLE_MS,
  day,
  failure,
  finish,
  NOTHING,
  NOW,
  own,
  page,
  RESYNC,
} from './happenings.js';

function board() {
  const events = new Events();
  const status = new StatusBoard(events, {
    version: '1',
    connections: () => [{ name: 'acme', tables: [{ name: 'contacts' }] }],
    readiness: async () => ({ ready: true, reasons: [] }),
    now: () => NOW,
  });
  const connection = async () => (await status.status()).connections[0];
  return { events, connection, table: async () => (await connection())?.tables[0] };
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
  expect((await table())?.activity.at(-1)).toBe(6);
});

it('shows no table as running whose session has ended', async () => {
  const { events, table } = board();
  own(events);
  events.emit('table:started', AT);
  events.emit('connection:released', { connection: 'acme' });
  expect((await table())?.state).not.toBe('running');
});

it('draws recent activity', async () => {
  const { events, connection } = board();
  day(events);
  expect((await connection())?.activity.reduce((sum, each) => sum + each, 0)).toBe(18);
});

it('moves activity on with time, and forgets it after ten minutes', () => {
  const activity = new Activity();
  activity.add(3, NOW);
  activity.add(4, NOW + 9_999);
  activity.add(5, NOW + 20_000);
  expect(activity.recent(NOW + 20_000).slice(-3)).toEqual([7, 0, 5]);
  expect(activity.perMinute(NOW + 60_000)).toBe(12);
  expect(activity.recent(NOW + 11 * 60_000)).toEqual(new Array(60).fill(0));
  activity.add(1, NOW);
  expect(activity.recent(NOW + 11 * 60_000).at(-1)).toBe(1);
});
