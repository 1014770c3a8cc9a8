/** Writes events as log lines to standard error; results go to standard output. */

import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { messageOf, type PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { subjectText } from '../model/set-aside.js';

export type LogFormat = 'pretty' | 'json';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A logger with text or JSON lines. `out` receives whole lines. */
export function createLogger(
  format: LogFormat,
  level: LogLevel,
  out: DestinationStream,
  colors: boolean,
): Logger {
  const destination =
    format === 'json'
      ? out
      : pretty({
          colorize: colors,
          ignore: 'pid,hostname',
          translateTime: 'SYS:HH:MM:ss',
          destination: asWritable(out),
          singleLine: true,
        });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

function asWritable(out: DestinationStream): NodeJS.WritableStream {
  return {
    write: (line: string) => out.write(line),
    end: () => undefined,
    on: () => undefined,
    once: () => undefined,
    emit: () => false,
  } as unknown as NodeJS.WritableStream;
}

/**
 * One line per table and cycle, one per failure; each request and page only at `debug`. `problems` leaves out
 * the events that the progress display shows.
 */
export function logEvents(events: Events, log: Logger, what: 'all' | 'problems'): void {
  logProblems(events, log);
  if (what === 'all') logTables(events, log);
}

function logTables(events: Events, log: Logger): void {
  events.on('states:read', (event) => log.debug(event, 'states read'));
  events.on('connection:opening', (event) => log.debug(event, 'connection opening'));
  events.on('connection:owned', (event) => log.info(event, 'connection owned'));
  events.on('table:finished', ({ connection, table, summary, bookmark, ms, rowsRead }) => {
    const { records, deletes, number } = summary;
    log.info(
      { connection, table, cycle: number, rows: rowsRead, records, deletes, bookmark, ms },
      'table finished',
    );
  });
  events.on('table:paused', ({ isPaused, ...event }) =>
    log.info(event, isPaused ? 'table paused' : 'table resumed'),
  );
  logResyncs(events, log);
  events.on('table:reconciled', (event) => log.info(event, 'reconcile finished'));
  events.on('table:failed', ({ connection, table, error }) =>
    log.error({ connection, table, code: error.code, ...stackOf(error) }, error.message),
  );
}

/** Progress of a resync is logged so often. */
const RESYNC_EVERY_MS = 30_000;

function logResyncs(events: Events, log: Logger): void {
  const loggedAt = new Map<string, number>();
  events.on('resync:committed', ({ unknownFields: _, ...event }) => log.debug(event, 'resync committed'));
  events.on('resync:changed', ({ connection, table, what, resync }) => {
    const { since, republish, phase, reached, records, deletes, republished } = resync;
    const fields = { connection, table, since, republish, phase, reached, records, deletes, republished };
    const key = `${connection}/${table}`;
    const now = Date.now();
    if (what === 'waiting') log.warn(fields, `resync waits after a failure: ${resync.error?.message}`);
    else if (what !== 'progress' || now - (loggedAt.get(key) ?? 0) >= RESYNC_EVERY_MS) {
      log.info(fields, `resync ${what}`);
      loggedAt.set(key, now);
    }
  });
}

/** The stack of a defect. Other failures have only their message. */
function stackOf({ code, cause }: PublisherError): { err?: Error } {
  return code === 'internal' && cause instanceof Error ? { err: cause } : {};
}

/** Logs each disagreement once while it lasts, and its end. */
function logGroup(events: Events, log: Logger): void {
  let before: string | null = null;
  events.on('group:compared', ({ message }) => {
    if (message !== null && message !== before) log.warn(message);
    if (message === null && before !== null)
      log.info('the instances of the group have the same settings again');
    before = message;
  });
}

function logProblems(events: Events, log: Logger): void {
  logGroup(events, log);
  events.on('connection:failed', ({ connection, error, retryInMs, isKnown = false }) => {
    const fields = { connection, code: error.code, retryInMs, ...stackOf(error) };
    // A failure that lasts is logged as an error once.
    if (isKnown) log.debug(fields, error.message);
    else log.error(fields, error.message);
  });
  events.on('table:finished', ({ connection, table, summary: { notShown } }) => {
    if (notShown > 0)
      log.warn({ connection, table, notShown }, 'the API did not show all rows that it counts');
  });
  events.on('cycle:started', (event) => log.debug(event, 'cycle started'));
  events.on('cycle:finished', (event) => log.debug(event, 'cycle finished'));
  events.on(
    'page:committed',
    ({ connection, table, records, deletes, deadLetters, twins = [], unknownFields, bookmark }) => {
      if (deadLetters > 0 && twins.length > 0)
        log.warn({ connection, table, keys: twins }, 'rows share their key with a published row');
      if (deadLetters > 0) log.warn({ connection, table, deadLetters }, 'rows went to the dead-letter topic');
      const unknown = Object.fromEntries(unknownFields);
      if (unknownFields.size > 0) log.debug({ connection, table, unknown }, 'fields that no schema knows');
      log.debug({ connection, table, records, deletes, bookmark }, 'page committed');
    },
  );
  events.on('hints:committed', ({ connection, table, records, deletes, deadLetters }) =>
    log.debug({ connection, table, records, deletes, deadLetters }, 'notifications processed'),
  );
  events.on('webhook:answered', (event) => {
    if (event.status >= 400) log.warn(event, 'notification rejected');
    else log.debug(event, 'notification accepted');
  });
  events.on('set-aside:added', ({ connection, table, entry }) =>
    log.warn(
      { connection, table, code: entry.code, retryAt: entry.nextAt },
      `set aside: ${subjectText(entry)}: ${entry.message}`,
    ),
  );
  events.on('set-aside:recovered', ({ connection, table, entry }) =>
    log.info(
      { connection, table, tries: entry.tries, since: entry.firstAt },
      `recovered: ${subjectText(entry)}`,
    ),
  );
  events.on('window:repeated', (event) =>
    log.debug(event, 'rows left the search while it was paged; reading again'),
  );
  events.on('api:attempt', (event) => {
    if (event.retryInMs !== null) log.warn(event, 'request failed, trying again');
    else log.debug(event, 'request');
  });
  events.on('reading:waiting', ({ topic, message }) => log.warn({ topic }, message));
  events.on('reading:resumed', ({ topic, message }) => {
    if (message !== null) log.info({ topic }, message);
  });
  events.on('listener:failed', ({ name, error }) =>
    log.error({ event: name, err: error }, `a listener failed: ${messageOf(error)}`),
  );
  events.on('warning', ({ connection, message }) =>
    log.warn(connection === undefined ? {} : { connection }, message),
  );
}
