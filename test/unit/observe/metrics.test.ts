import { expect, it } from 'vitest';
import { Events } from '../../../src/model/events.js';
import type { SetAside } from '../../../src/model/set-aside.js';
import { emptyState } from '../../../src/model/state.js';
import { countEvents } from '../../../src/observe/metrics.js';
import { readExposition, sampleValue } from './exposition.js';
import { AT, BOOKMARK, CYCLE_MS, day, failure, NOTHING, NOW, own, RESYNC, request } from './happenings.js';

function counted() {
  const events = new Events();
  let time = NOW;
  const metrics = countEvents(events, { version: '1.2.3', isReady: async () => true, now: () => time });
  const later = (ms: number) => {
    time += ms;
  };
  return { events, metrics, later, read: async () => readExposition(await metrics.text()) };
}

it('counts a day', async () => {
  const { events, read } = counted();
  day(events);
  const exposition = await read();
  const of = (name: string, labels = {}) => sampleValue(exposition, `intercom_kafka_${name}`, labels);
  expect({
    read: of('rows_read_total', AT),
    rows: of('rows_published_total', AT),
    tombstones: of('tombstones_published_total', AT),
    letters: of('dead_letters_total', AT),
    unknown: of('unknown_fields_total', AT),
    late: of('late_rows_total', AT),
    notShown: of('rows_not_shown_total', AT),
    repeated: of('windows_repeated_total', AT),
    bytes: of('committed_bytes_total', AT),
    records: of('committed_records_total', AT),
    commits: of('commit_duration_seconds_count', { connection: 'acme' }),
    ok: of('api_requests_total', { route: '/contacts/search', status: '200' }),
    refused: of('api_requests_total', { route: '/contacts/search', status: '429' }),
    retries: of('api_retries_total'),
    waited: of('api_budget_wait_seconds_total'),
    used: of('api_budget_used_requests'),
    limit: of('api_budget_limit_requests'),
    requestTime: of('api_request_duration_seconds_sum'),
    cycleTime: of('cycle_duration_seconds_sum'),
    tableTime: of('table_cycle_duration_seconds', AT),
    lag: of('bookmark_lag_seconds', AT),
    bookmark: of('bookmark_timestamp_seconds', AT),
    completed: of('table_completed_timestamp_seconds', AT),
    freshAsOf: of('fresh_as_of_timestamp_seconds', AT),
    failing: of('table_failing', AT),
    owned: of('connection_owned'),
    ready: of('ready'),
    version: of('build_info', { version: '1.2.3' }),
  }).toEqual({
    read: 30,
    rows: 10,
    tombstones: 8,
    letters: 4,
    unknown: 6,
    late: 6,
    notShown: 8,
    repeated: 1,
    bytes: 3_000,
    records: 13,
    commits: 1,
    ok: 1,
    refused: 1,
    retries: 1,
    waited: 1.5,
    used: 7,
    limit: 100,
    requestTime: 0.5,
    cycleTime: 2,
    tableTime: 1.5,
    lag: 90,
    bookmark: BOOKMARK,
    completed: NOW / 1_000,
    freshAsOf: (NOW - CYCLE_MS) / 1_000,
    failing: 0,
    owned: 1,
    ready: 1,
    version: 1,
  });
});

it('follows the format and the conventions', async () => {
  const { events, read } = counted();
  day(events);
  events.emit('table:failed', { ...AT, error: failure('api-error') });
  events.emit('connection:failed', { connection: 'acme', error: failure('fenced'), retryInMs: null });
  expect((await read()).problems).toEqual([]);
});

it('has names from outside that need escaping', async () => {
  const { events, read } = counted();
  const connection = 'a"b\\c\nd';
  own(events, connection);
  const exposition = await read();
  expect(exposition.problems).toEqual([]);
  expect(sampleValue(exposition, 'intercom_kafka_connection_owned', { connection })).toBe(1);
});

it('lets the lag grow while nothing happens', async () => {
  const { events, read, later } = counted();
  day(events);
  later(60_000);
  expect(sampleValue(await read(), 'intercom_kafka_bookmark_lag_seconds')).toBe(150);
});

it('adds up what several sessions have waited for the budget', async () => {
  const { events, read } = counted();
  for (const waitedMs of [500, 2_000, 1_000, 1_000, 4_000]) request(events, waitedMs);
  expect(sampleValue(await read(), 'intercom_kafka_api_budget_wait_seconds_total')).toBe(6);
});

it('says nothing of how far a connection is that another instance serves', async () => {
  const { events, read } = counted();
  day(events);
  events.emit('instance:assigned', { connections: [] });
  // Its last commit may end after the news.
  events.emit('page:committed', {
    ...AT,
    records: 1,
    deletes: 0,
    deadLetters: 0,
    late: 0,
    notShown: 0,
    unknownFields: new Map(),
    bookmark: BOOKMARK + 1,
    progress: { rows: 1, rowsExpected: null, covered: 0, toCover: 0 },
  });
  events.emit('connection:released', { connection: 'acme' });
  const { samples } = await read();
  const gauges = /bookmark|fresh|table_|_owned|budget_(?:used|limit)/;
  expect(samples.filter(({ name }) => name.startsWith('intercom_kafka_') && gauges.test(name))).toEqual([]);
});

it('keeps showing the lag of a connection that fails, and that nobody serves it', async () => {
  const { events, read } = counted();
  day(events);
  events.emit('connection:released', { connection: 'acme' });
  const error = failure('credentials-refused');
  events.emit('connection:failed', { connection: 'acme', error, retryInMs: 1_000 });
  const exposition = await read();
  expect(sampleValue(exposition, 'intercom_kafka_bookmark_lag_seconds')).toBe(90);
  expect(sampleValue(exposition, 'intercom_kafka_connection_owned')).toBe(0);
  expect(sampleValue(exposition, 'intercom_kafka_connection_failures_total', { code: error.code })).toBe(1);
});

it('says nothing more of a table that its connection goes on without', async () => {
  const { events, read } = counted();
  day(events);
  events.emit('connection:released', { connection: 'acme' });
  events.emit('table:restored', { connection: 'acme', table: 'tags', state: emptyState() });
  events.emit('connection:owned', { connection: 'acme', tables: ['tags'] });
  const { samples } = await read();
  const gauges = /bookmark|fresh|table_(?:cycle|failing|completed)/;
  const tables = samples.filter(({ name }) => gauges.test(name)).map(({ labels }) => labels.table);
  expect(new Set(tables)).toEqual(new Set(['tags']));
});

it('names what is set aside, for as long as it is', async () => {
  const { events, read } = counted();
  const entry = (id: string): SetAside => ({
    id,
    window: null,
    code: 'api-error',
    message: 'no answer',
    firstAt: new Date(NOW).toISOString(),
    lastAt: new Date(NOW).toISOString(),
    tries: 1,
    nextAt: new Date(NOW).toISOString(),
  });
  const subjects = async () => {
    const { samples, problems } = await read();
    expect(problems).toEqual([]);
    const shown = samples.filter(({ name }) => name === 'intercom_kafka_set_aside_since_timestamp_seconds');
    for (const { value } of shown) expect(value).toBe(NOW / 1_000);
    return shown.map(({ labels }) => labels.subject);
  };
  own(events);
  events.emit('table:restored', { ...AT, state: { ...emptyState(), setAside: [entry('7')] } });
  expect(await subjects()).toEqual(['ID 7']);
  events.emit('set-aside:changed', { ...AT, entries: [entry('7'), entry('a"b')] });
  expect(await subjects()).toEqual(['ID 7', 'ID a"b']);
  events.emit('set-aside:changed', { ...AT, entries: [entry('a"b')] });
  expect(await subjects()).toEqual(['ID a"b']);
  events.emit('instance:assigned', { connections: [] });
  expect(await subjects()).toEqual([]);
});

it('counts what notifications brought', async () => {
  const { events, read } = counted();
  const unknownFields = new Map([
    ['a', 2],
    ['b', 1],
  ]);
  events.emit('hints:committed', { ...AT, records: 5, deletes: 2, deadLetters: 1, unknownFields });
  events.emit('webhook:answered', { connection: 'acme', topic: null, status: 401, ms: 1 });
  const exposition = await read();
  const value = (name: string) => sampleValue(exposition, `intercom_kafka_${name}`);
  expect([
    value('hinted_rows_total'),
    value('rows_published_total'),
    value('tombstones_published_total'),
    value('dead_letters_total'),
    value('unknown_fields_total'),
  ]).toEqual([7, 5, 2, 1, 3]);
  expect(sampleValue(exposition, 'intercom_kafka_notifications_total', { status: '401' })).toBe(1);
});

it('counts what a resync publishes, and shows whether one is under way', async () => {
  const { events, read } = counted();
  own(events);
  const value = async (name: string) => sampleValue(await read(), `intercom_kafka_${name}`);
  events.emit('table:restored', { ...AT, state: { ...emptyState(), resync: RESYNC } });
  expect(await value('table_resyncing')).toBe(1);
  events.emit('resync:committed', { ...AT, ...NOTHING, records: 2, deletes: 1, republished: 4 });
  expect([await value('rows_published_total'), await value('tombstones_published_total')]).toEqual([2, 1]);
  expect(await value('republished_rows_total')).toBe(4);
  events.emit('resync:changed', { ...AT, what: 'finished', resync: { ...RESYNC, phase: 'finished' } });
  expect(await value('table_resyncing')).toBe(0);
});
