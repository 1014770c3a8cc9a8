/**
 * Reads all companies through the one scroll that an app may have open.
 *
 * Every call advances the scroll, so a page whose reply was lost can't be requested again. After any failure
 * the scroll is started again from its first page and never continued. It ends with an empty page or, in some
 * versions, with a 404. A scroll that broke midway answers 404, too: see `endsBy404`.
 */

import { type ErrorCode, PublisherError } from '../model/errors.js';
import { pause } from '../model/pause.js';
import type { Page } from '../model/table.js';
import { newestOf, rowsIn } from './reply.js';
import type { ApiReply, Requester } from './transport.js';

/** An unused scroll expires after a minute: one that this process lost itself is gone after this wait. */
const MAX_WAIT_MS = 90_000;
const RETRY_MS = 5_000;
/** Past this pause between two calls a 404 is an expiry. */
const EXPIRY_MS = 50_000;
const MAX_SCROLLS = 6;
/** The description calls the list `companies`, its example `data`. */
const LISTS = ['data', 'companies'] as const;

/** Failures behind which a scroll that is started again may come to its end. */
const BREAKS = new Set<ErrorCode>([
  'api-unreachable',
  'api-unreadable',
  'api-error',
  'api-rejected',
  'api-not-found',
]);

/** How many rows a scroll returned before it broke, or before a 404 that may be its end. */
class ScrollBroken extends Error {
  readonly rows: number;
  constructor(rows: number, cause: unknown) {
    super('the scroll broke', { cause });
    this.rows = rows;
  }
}

/**
 * Yields all companies; after a break those that were already yielded come again. The last page says that
 * everything was read. Throws `scroll-busy` when another program holds the scroll for longer than an
 * abandoned one lives, and `scroll-broken` when it broke too often.
 */
export async function* scrollCompanies(transport: Requester, signal: AbortSignal): AsyncGenerator<Page> {
  let suspectedEnd: number | null = null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      yield* scrollOnce(transport, signal, suspectedEnd);
      return;
    } catch (error) {
      if (!(error instanceof ScrollBroken)) throw error;
      if (attempt === MAX_SCROLLS) throw brokenTooOften(error);
      suspectedEnd = error.rows;
      await pause(500 * attempt, signal);
    }
  }
}

async function* scrollOnce(
  transport: Requester,
  signal: AbortSignal,
  suspectedEnd: number | null,
): AsyncGenerator<Page> {
  let reply = await open(transport, signal);
  let largest = 0;
  let read = 0;
  let newest: number | null = null;
  for (;;) {
    const rows = rowsIn(reply, LISTS);
    newest = newestOf(newest, rows, reply.serverNow);
    const page = { rows, total: null, newest, fetchedAt: reply.receivedAt };
    yield { ...page, last: rows.length === 0 };
    if (rows.length === 0) return;
    read += rows.length;
    largest = Math.max(largest, rows.length);
    const next = await advance(transport, reply, read);
    if (next instanceof PublisherError) {
      const idle = Date.now() - reply.receivedAt;
      if (!endsBy404({ idle, full: rows.length === largest, read, suspectedEnd }))
        throw new ScrollBroken(read, next);
      yield { ...page, rows: [], last: true };
      return;
    }
    reply = next;
  }
}

/**
 * Whether a 404 after a page is the end of the scroll. After a page that is not full it is. After a full one
 * it may be a break, so the scroll is read again: if the second reading ends at the same place, that is the
 * end.
 */
function endsBy404(at: { idle: number; full: boolean; read: number; suspectedEnd: number | null }): boolean {
  if (at.idle > EXPIRY_MS) return false;
  return !at.full || at.read === at.suspectedEnd;
}

/** Starts a scroll, waiting for one that another program holds. */
async function open(transport: Requester, signal: AbortSignal): Promise<ApiReply> {
  const deadline = Date.now() + MAX_WAIT_MS;
  for (;;) {
    try {
      return await transport.request(request('/companies/scroll'));
    } catch (error) {
      if (!isHeldElsewhere(error)) throw isBreak(error) ? new ScrollBroken(0, error) : error;
      if (Date.now() + RETRY_MS > deadline) throw busy(error);
      await pause(RETRY_MS, signal);
    }
  }
}

/** The next page, or the 404 that came instead. */
async function advance(
  transport: Requester,
  reply: ApiReply,
  read: number,
): Promise<ApiReply | PublisherError> {
  const parameter = reply.json.scroll_param;
  if (typeof parameter !== 'string' || parameter === '') {
    throw new ScrollBroken(read, new Error('the page has no scroll_param'));
  }
  try {
    return await transport.request(
      request(`/companies/scroll?scroll_param=${encodeURIComponent(parameter)}`),
    );
  } catch (error) {
    if (error instanceof PublisherError && error.answer?.status === 404) return error;
    throw isBreak(error) ? new ScrollBroken(-1, error) : error;
  }
}

function request(path: string) {
  return {
    method: 'GET',
    path,
    route: '/companies/scroll',
    scope: 'list',
    lists: LISTS,
    repeatable: false,
  } as const;
}

function isHeldElsewhere(error: unknown): error is PublisherError {
  return error instanceof PublisherError && (error.answer?.codes.includes('scroll_exists') ?? false);
}

function isBreak(error: unknown): boolean {
  if (!(error instanceof PublisherError)) return false;
  return BREAKS.has(error.code);
}

function busy(cause: PublisherError): PublisherError {
  return new PublisherError(
    'scroll-busy',
    'companies: another program holds the only companies scroll that an Intercom app may have open (scroll_exists); ' +
      'the next cycle tries again. If this stays so, give that program an app of its own, or leave the table out',
    { cause },
  );
}

function brokenTooOften(broken: ScrollBroken): PublisherError {
  const why = broken.cause instanceof Error ? broken.cause.message : 'unknown';
  return new PublisherError(
    'scroll-broken',
    `companies: the scroll broke ${MAX_SCROLLS} times in a row (${why}); the next cycle tries again`,
    {
      cause: broken,
    },
  );
}
