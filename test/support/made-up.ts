/** Made-up connections in every state, by the events that a publisher would emit within an hour. */

import { type ErrorCode, PublisherError } from '../../src/model/errors.js';
import type { AtTable, Events } from '../../src/model/events.js';
import { emptyState } from '../../src/model/state.js';
import { TABLE_NAMES, type TableName } from '../../src/model/table-names.js';
import type { ConfiguredConnection } from '../../src/observe/status.js';

const TABLES = TABLE_NAMES.slice(0, 11);
const MINUTES = 60;

/** What every so-manieth connection is; the others are well. */
const KINDS = [
  'fine',
  'refused',
  'failing',
  'paused',
  'letters',
  'set-aside',
  'backfill',
  'elsewhere',
] as const;
type Kind = (typeof KINDS)[number];

export function madeUpConnections(count: number, names = workspaceName): ConfiguredConnection[] {
  return Array.from({ length: count }, (_, index) => ({
    name: names(index),
    tables: TABLES.map((name) => ({ name, schedule: name === 'tags' ? null : '*/5 * * * *' })),
  }));
}

function workspaceName(index: number): string {
  return `workspace_${String(index + 1).padStart(3, '0')}`;
}

/** Of the first connections one is of each kind; after that most are fine. */
function kindOf(index: number): Kind {
  if (index === 0) return 'fine';
  return KINDS[index] ?? (index % 10 === 0 ? (KINDS[(index / 10) % KINDS.length] ?? 'fine') : 'fine');
}

/** Emits the hour before `end` (epoch milliseconds); `setClock` is called with each moment. */
export function emitHour(
  events: Events,
  connections: readonly ConfiguredConnection[],
  { end, setClock }: { readonly end: number; readonly setClock: (now: number) => void },
): void {
  const start = end - (MINUTES - 1) * 60_000;
  setClock(start);
  const served = connections.filter((_, index) => kindOf(index) !== 'elsewhere');
  events.emit('instance:assigned', { connections: served.map(({ name }) => name) });
  for (const each of served) emitStart(events, each, start);
  for (let minute = 0; minute < MINUTES; minute += 1) {
    setClock(start + minute * 60_000);
    for (const [index, each] of connections.entries()) emitMinute(events, each, kindOf(index), minute);
  }
  setClock(end);
  for (const [index, each] of connections.entries()) emitOutcome(events, each, kindOf(index), end);
}

function emitStart(events: Events, { name: connection, tables }: ConfiguredConnection, start: number): void {
  for (const [index, { name: table }] of tables.entries()) {
    const freshAsOf = new Date(start - 60_000).toISOString();
    const state = {
      ...emptyState(),
      freshAsOf,
      bookmark: start / 1_000 - 3_600,
      records: 137 * 11 ** (index % 5),
    };
    events.emit('table:restored', { connection, table, state });
  }
  events.emit('connection:owned', { connection, tables: tables.map(({ name }) => name) });
}

function emitMinute(
  events: Events,
  { name, tables }: ConfiguredConnection,
  kind: Kind,
  minute: number,
): void {
  if (kind === 'elsewhere' || kind === 'refused') return;
  request(events, name, 20 + Math.round(900 * wave(minute, 17)));
  for (const [index, { name: table }] of tables.entries()) {
    const records =
      kind === 'backfill' ? 4_000 + Math.round(3_000 * wave(minute, 23)) : busyness(index, minute);
    if (records > 0) commit(events, { connection: name, table }, records);
  }
}

/** Large tables change each minute, some every few, the others not at all. */
function busyness(table: number, minute: number): number {
  if (table % 3 === 0) return 0;
  return table % 3 === 1 ? Math.round(400 * wave(minute, 31) ** 3) : minute % 5 === 0 ? 3 : 0;
}

function wave(minute: number, length: number): number {
  return (1 + Math.sin((2 * Math.PI * minute) / length)) / 2;
}

function request(events: Events, connection: string, used: number): void {
  const attempt = {
    method: 'POST',
    route: '/contacts/search',
    status: 200,
    ms: 250,
    error: null,
    retryInMs: null,
  };
  events.emit('api:attempt', { connection, ...attempt, budget: { used, limit: 1_666, waitedMs: 0 } });
}

export function commit(events: Events, at: AtTable, records: number): void {
  events.emit('page:committed', {
    ...at,
    records,
    deletes: 0,
    deadLetters: 0,
    late: 0,
    notShown: 0,
    unknownFields: new Map(),
    bookmark: null,
    progress: { rows: records, rowsExpected: 120_000, covered: 86_400 * 200, toCover: 86_400 * 900 },
  });
}

/** How each kind ends up at `end` (epoch milliseconds). */
function emitOutcome(events: Events, { name, tables }: ConfiguredConnection, kind: Kind, end: number): void {
  const at = (index: number): AtTable => ({ connection: name, table: tables[index]?.name as TableName });
  if (kind === 'elsewhere') return;
  for (const [index] of tables.entries()) finish(events, at(index), end);
  if (kind === 'refused') refuse(events, name);
  if (kind === 'failing') {
    fail(events, at(5), 'api-error', 'POST /contacts/search: 502 bad gateway; 5 attempts within 3 minutes');
    fail(
      events,
      at(1),
      'api-unreadable',
      `GET /companies/scroll: the reply is no JSON: ${'<html><head><title>502 Bad Gateway</title></head> '.repeat(40)}`,
    );
  }
  if (kind === 'paused')
    for (const index of [5, 6, 7]) events.emit('table:paused', { ...at(index), isPaused: true });
  if (kind === 'letters') sendLetters(events, at(5));
  if (kind === 'set-aside') setAside(events, at(7), end);
  if (kind === 'backfill') {
    events.emit('table:started', at(5));
    commit(events, at(5), 5_200);
  }
}

function finish(events: Events, at: AtTable, end: number): void {
  const startedAt = new Date(end - 125_000).toISOString();
  const finishedAt = new Date(end - 120_000).toISOString();
  const summary = { number: 12, startedAt, finishedAt, records: 4, deletes: 0, notShown: 0 };
  events.emit('table:finished', { ...at, summary, bookmark: end / 1_000 - 200, ms: 5_000, rowsRead: 30 });
}

function refuse(events: Events, connection: string): void {
  events.emit('connection:released', { connection });
  const message =
    'GET /me: 401 unauthorized ("Access Token Invalid") [request b68959ea-6328-4f70-83cb-e7913dba1542]; the access token was refused: check credentials.accessToken, or connect the workspace again';
  const error = new PublisherError('credentials-refused', message);
  events.emit('connection:failed', { connection, error, retryInMs: 64_000 });
}

function fail(events: Events, at: AtTable, code: ErrorCode, message: string): void {
  events.emit('table:failed', { ...at, error: new PublisherError(code, message) });
}

function sendLetters(events: Events, at: AtTable): void {
  const reason =
    'the row takes 1148576 bytes, topic intercom.acme.contacts takes 1048588 (max.message.bytes)';
  const written = Array.from({ length: 7 }, (_, index) => ({ key: `65f0c2a7b1${index}`, reason }));
  events.emit('hints:committed', {
    ...at,
    records: 0,
    deletes: 0,
    deadLetters: written.length,
    letters: { written, removed: [] },
    unknownFields: new Map(),
  });
}

function setAside(events: Events, at: AtTable, end: number): void {
  const entry = {
    code: 'api-error',
    message: 'GET /conversations/7: 500 server_error ("Unknown server error") [request 1f2e]',
    firstAt: new Date(end - 1_800_000).toISOString(),
    lastAt: new Date(end - 60_000).toISOString(),
    tries: 6,
    nextAt: new Date(end + 600_000).toISOString(),
  };
  const window = { from: end / 1_000 - 7_200, to: end / 1_000 - 3_600 };
  const entries = [
    { ...entry, id: '7', window: null },
    { ...entry, id: null, window },
  ];
  events.emit('set-aside:changed', { ...at, entries });
}
