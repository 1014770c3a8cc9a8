/** What a pipe tells of a small day: one connection, one table, everything that is counted. */

import { PublisherError } from '../../../src/model/errors.js';
import type { Events } from '../../../src/model/events.js';
import { emptyState, type ResyncMark } from '../../../src/model/state.js';

/** Epoch milliseconds of "now" in these tests. */
export const NOW = Date.parse('2024-05-01T12:00:00Z');
export const BOOKMARK = NOW / 1_000 - 90;
/** How long the table's cycle takes, in milliseconds. */
export const CYCLE_MS = 1_500;
export const AT = { connection: 'acme', table: 'contacts' } as const;

export function own(events: Events, connection = 'acme'): void {
  events.emit('instance:assigned', { connections: [connection] });
  events.emit('table:restored', { connection, table: 'contacts', state: emptyState() });
  events.emit('connection:owned', { connection, tables: ['contacts'] });
}

export function request(events: Events, waitedMs: number, status: number | null = 200): void {
  events.emit('api:attempt', {
    connection: 'acme',
    method: 'POST',
    route: '/contacts/search',
    status,
    ms: 250,
    error: status === 200 ? null : 'refused',
    retryInMs: status === 200 ? null : 100,
    budget: { used: 7, limit: 100, waitedMs },
  });
}

export function page(events: Events, rows: number): void {
  events.emit('page:committed', {
    ...AT,
    records: 5,
    deletes: 1,
    deadLetters: 2,
    late: 3,
    notShown: 4,
    unknownFields: new Map([
      ['a', 2],
      ['b', 1],
    ]),
    bookmark: BOOKMARK,
    progress: { rows, rowsExpected: 40, covered: 1, toCover: 4 },
  });
}

export function finish(events: Events): void {
  const startedAt = new Date(NOW - CYCLE_MS).toISOString();
  const finishedAt = new Date(NOW).toISOString();
  const summary = { number: 1, startedAt, finishedAt, records: 10, deletes: 2, notShown: 0 };
  events.emit('table:finished', { ...AT, summary, bookmark: BOOKMARK, ms: CYCLE_MS, rowsRead: 30 });
  events.emit('cycle:finished', { connection: 'acme', ms: 2_000, failed: 0 });
}

export function day(events: Events): void {
  own(events);
  events.emit('table:started', AT);
  request(events, 500);
  request(events, 1_500, 429);
  page(events, 10);
  page(events, 30);
  events.emit('deletions:committed', { ...AT, deletes: 6 });
  events.emit('transaction:committed', { ...AT, records: 12, bytes: 3_000, ms: 20 });
  events.emit('window:repeated', { ...AT, window: { from: 0, to: null }, attempt: 1 });
  finish(events);
}

export const failure = (code: ConstructorParameters<typeof PublisherError>[0], message = 'no') =>
  new PublisherError(code, message);

/** A resync that is a quarter through its rows. */
export const RESYNC: ResyncMark = {
  revision: 1,
  since: null,
  republish: true,
  phase: 'republishing',
  startedAt: new Date(NOW).toISOString(),
  finishedAt: null,
  until: 1,
  reached: 1,
  ends: [12],
  offsets: [3],
  records: 0,
  deletes: 0,
  republished: 3,
  error: null,
};
/** A commit without anything. */
export const NOTHING = {
  records: 0,
  deletes: 0,
  deadLetters: 0,
  republished: 0,
  unknownFields: new Map<string, number>(),
};
