/**
 * One HTTP exchange with Intercom, retried where that helps.
 *
 * This is the only place that opens a connection to the API and the only one that holds the token: a request
 * is a path, resolved against the connection's own host, so that no URL in a reply can send the token
 * elsewhere.
 */

import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import { PublisherError } from '../model/errors.js';
import type { ApiAttempt } from '../model/events.js';
import { pause } from '../model/pause.js';
import type { Scope } from '../model/set-aside.js';
import { requestSpan } from '../model/spans.js';
import { inSpan, type OpenSpan } from '../model/tracing.js';
import type { Asker, Budget } from './budget.js';
import type { Paging } from './next-page.js';
import { checkNext, interpretReply, nameOf, retryAfterMs, retryPlan } from './retry.js';

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query below the API's host, starting with `/`. */
  readonly path: string;
  /** The path without its IDs, for counters and messages. */
  readonly route: string;
  /** What fails with it; see `Scope`. */
  readonly scope: Scope;
  /** The ID that its route leaves out, for messages. */
  readonly id?: string;
  /** The most attempts, where they are fewer than usual. */
  readonly attempts?: number;
  readonly body?: unknown;
  /** The reply must hold an array under one of these keys, else it is unreadable. */
  readonly lists?: readonly string[];
  /** How the list is paged: a page whose next one can't be requested is unreadable. */
  readonly paging?: Paging;
  /** Decodes a large reply in place of `JSON.parse`. */
  readonly decode?: ReplyDecoder;
  /**
   * False where a request that may have taken effect must not be sent again (each call to a scroll advances
   * it).
   */
  readonly repeatable?: boolean;
}

/** Gives the JSON object of a reply, or null where the caller has to parse it. */
export type ReplyDecoder = (body: Buffer) => Promise<Record<string, unknown> | null>;

/** Sends requests: at once, or behind those of all others. */
export interface Requester {
  request(request: ApiRequest): Promise<ApiReply>;
}

export interface ApiReply {
  readonly json: Record<string, unknown>;
  /** Epoch milliseconds at which the reply was complete, by our clock. */
  readonly receivedAt: number;
  /** Epoch seconds by the API's clock (the `Date` header), or by ours when it sends none. */
  readonly serverNow: number;
}

export interface TransportOptions {
  readonly baseUrl: string;
  readonly token: string;
  readonly apiVersion: string;
  /** URL of a forward proxy, or null. */
  readonly gateway: string | null;
  readonly budget: Budget;
  readonly onAttempt: (attempt: ApiAttempt) => void;
  /** Attempts of one request that fail for another reason than the budget. */
  readonly attempts: number;
  /** Milliseconds to wait for an answer, and for its next bytes. */
  readonly timeoutMs: number;
  /** Aborting it ends every request and every wait. */
  readonly signal: AbortSignal;
}

interface Failure {
  readonly error: PublisherError;
  /** Milliseconds for which the budget is used up; null where that is not what failed. */
  readonly closedMs: number | null;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** A reply that trickles in is given up after so many times the time-out. */
const WHOLE_REPLY_TIMEOUTS = 5;
const MAX_CONNECT_MS = 10_000;
/** Requests in flight each need one; more are refused by the budget. */
const MAX_CONNECTIONS = 128;
/** From here on a reply takes milliseconds to read. */
const LARGE_REPLY_BYTES = 32 * 1024;
const MAX_REPLY_BYTES = 128 * 1024 * 1024;
/** So long after a good answer of Intercom's, its address is known to be right. */
const ANSWERING_MS = 60_000;
/** Requests are given up when the budget refuses this often in a row: another program uses all of it. */
const MAX_BUDGET_REFUSALS = 30;

export class Transport implements Requester {
  readonly #options: TransportOptions;
  readonly #dispatcher: Dispatcher;
  readonly #origin: URL;
  #turn: Promise<void> = Promise.resolve();
  /** When Intercom last gave a good answer, in milliseconds of a monotonic clock. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#origin = new URL(options.baseUrl);
    const { timeoutMs } = options;
    const limits = {
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: Math.min(timeoutMs, MAX_CONNECT_MS) },
    };
    this.#dispatcher =
      options.gateway === null
        ? new Pool(this.#origin.origin, { ...limits, connections: MAX_CONNECTIONS })
        : new ProxyAgent({ uri: options.gateway, ...limits });
  }

  /**
   * Sends the request and returns its JSON object. Network failures, 408, 5xx, 429 and unreadable replies are
   * tried again within limits; anything else, and the last failure, is thrown as a `PublisherError` that
   * names the route.
   */
  request(request: ApiRequest): Promise<ApiReply> {
    return this.#request(request, { priority: 'foreground', lane: '' });
  }

  /** The same for one of several callers that share the budget evenly, however many requests each sends. */
  lane(lane: string): Requester {
    return { request: (request) => this.#request(request, { priority: 'foreground', lane }) };
  }

  /** The same for work that can wait: it leaves the budget to all other requests. */
  get background(): Requester {
    return { request: (request) => this.#request(request, { priority: 'background', lane: '' }) };
  }

  async #request(request: ApiRequest, asker: Asker): Promise<ApiReply> {
    let failures = 0;
    let refusals = 0;
    for (;;) {
      const startedAt = Date.now();
      const outcome = await this.#attempt(request, asker, failures + refusals);
      if ('json' in outcome) {
        this.#report(request, startedAt, 200, null, null);
        return outcome;
      }
      const { error, closedMs } = outcome;
      const refused = closedMs !== null;
      if (refused) refusals += 1;
      else failures += 1;
      const { budget, attempts, signal } = this.#options;
      const exhausted = refused
        ? Math.max(refusals, budget.refusals) > MAX_BUDGET_REFUSALS
        : failures >= Math.min(attempts, request.attempts ?? attempts);
      // A request that the budget refused did not take effect, whatever it was.
      const again = !exhausted && (refused || request.repeatable !== false);
      const waitMs = again ? (closedMs ?? retryPlan(error, failures, Math.random, request.scope)) : null;
      this.#report(request, startedAt, error.answer?.status ?? null, error.message, waitMs);
      if (waitMs === null) throw error;
      // What was refused waits for the budget.
      if (!refused) await pause(waitMs, signal);
    }
  }

  /** Requests that should be in flight, given latency and budget. */
  get requestsAtOnce(): number {
    return this.#options.budget.wanted;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #attempt(request: ApiRequest, asker: Asker, resends: number): Promise<ApiReply | Failure> {
    const { budget, signal } = this.#options;
    await budget.acquire(signal, asker).catch((cause: unknown) => {
      throw new PublisherError('stopped', 'stopped while waiting for the request budget', { cause });
    });
    return inSpan(requestSpan(request, this.#origin, resends), async (span) => {
      const outcome = await this.#sendOnce(request, asker, span);
      if ('error' in outcome) span.setError(outcome.error);
      return outcome;
    });
  }

  /** Sends it with a permit of the budget, which it releases. */
  async #sendOnce(request: ApiRequest, asker: Asker, span: OpenSpan): Promise<ApiReply | Failure> {
    const { budget, signal } = this.#options;
    const sentAt = performance.now();
    let headers: Answer['headers'] | null = null;
    let closedMs: number | null = null;
    // Measured until the reply arrives: decoding it is no part of the latency.
    let ms: number | null = null;
    try {
      const answer = await this.#send(request);
      headers = answer.headers;
      span.set({ 'http.response.status_code': answer.status });
      ms = performance.now() - sentAt;
      const receivedAt = Date.now();
      const json = (await decodeElsewhere(request, answer)) ?? (await this.#read(request, answer));
      const failure = checkNext(request, json, this.#origin.origin);
      if (failure instanceof PublisherError) {
        if (failure.answer?.status === 429) {
          closedMs = Math.max(retryAfterMs(headers), retryPlan(failure, 0) ?? 0);
          // Before `release`, which starts the next request.
          budget.pause(closedMs);
        }
        return { error: failure, closedMs };
      }
      this.#answeredAt = performance.now();
      return { json: failure, receivedAt, serverNow: serverNow(headers.date, receivedAt) };
    } catch (cause) {
      if (signal.aborted)
        throw new PublisherError('stopped', 'stopped while waiting for Intercom', { cause });
      return { error: cause instanceof PublisherError ? cause : this.#unreachable(request, cause), closedMs };
    } finally {
      budget.release(headers, asker, closedMs === null ? ms : null);
    }
  }

  /** The JSON object of a good answer, or the failure that the answer is. */
  async #read(
    request: ApiRequest,
    { status, headers, body }: Answer,
  ): Promise<Record<string, unknown> | PublisherError> {
    if (body.length >= LARGE_REPLY_BYTES) await this.#nextTurn();
    const answered = { status, headers, text: body.toString('utf8') };
    return interpretReply(request, answered, this.#origin.origin, this.#options.token, this.#isAnswering);
  }

  /** Whether other requests are answered: what fails meanwhile is not the connection's address. */
  get #isAnswering(): boolean {
    return performance.now() - this.#answeredAt < ANSWERING_MS;
  }

  /**
   * Large replies are read one in each turn of the event loop: else many that arrive together delay the next
   * requests, and Kafka.
   */
  #nextTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turn;
  }

  async #send(request: ApiRequest): Promise<Answer> {
    const { signal, timeoutMs } = this.#options;
    const abort = new AbortController();
    const stop = () => abort.abort(signal.reason);
    const deadline = setTimeout(
      () => abort.abort(new Error('the reply did not come to its end')),
      timeoutMs * WHOLE_REPLY_TIMEOUTS,
    );
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      return await this.#exchange(request, abort.signal);
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', stop);
    }
  }

  async #exchange(request: ApiRequest, signal: AbortSignal): Promise<Answer> {
    const { token, apiVersion } = this.#options;
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    const response = await this.#dispatcher.request({
      origin: this.#origin.origin,
      path: this.#pathOf(request.path),
      method: request.method,
      signal,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        'intercom-version': apiVersion,
        'user-agent': 'intercom-kafka',
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      },
      body,
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: await readBody(request, response.body),
    };
  }

  #pathOf(path: string): string {
    const base = this.#origin.pathname.replace(/\/+$/, '');
    return `${base}${path}`;
  }

  #unreachable(request: ApiRequest, cause: unknown): PublisherError {
    const why = cause instanceof Error ? rootCause(cause) : String(cause);
    const { gateway } = this.#options;
    // Its origin alone: user name and password stay out of messages.
    const through = gateway === null ? '' : ` through the gateway ${new URL(gateway).origin}`;
    const settings = gateway === null ? 'region or baseUrl' : 'gateway, region or baseUrl';
    const advice = this.#isAnswering
      ? 'other requests are answered'
      : `check the network, and ${settings} of the connection`;
    const message = `${nameOf(request)}: no usable answer from ${this.#origin.origin}${through} (${why}); ${advice}`;
    return new PublisherError('api-unreachable', message, { cause });
  }

  #report(
    { method, route }: ApiRequest,
    startedAt: number,
    status: number | null,
    error: string | null,
    retryInMs: number | null,
  ): void {
    const budget = this.#options.budget.use;
    this.#options.onAttempt({ method, route, status, ms: Date.now() - startedAt, error, retryInMs, budget });
  }
}

/** Reads a body, refusing one that would not fit into memory. */
async function readBody(request: ApiRequest, body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) throw tooLarge(request);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Null where the reply is not for the request's decoder: it is small, or it is no success. */
async function decodeElsewhere(
  { decode }: ApiRequest,
  { status, body }: Answer,
): Promise<Record<string, unknown> | null> {
  if (decode === undefined || status !== 200 || body.length < LARGE_REPLY_BYTES) return null;
  return decode(body);
}

/** Not retried: the next reply would be as large. */
function tooLarge({ method, route }: ApiRequest): PublisherError {
  return new PublisherError(
    'api-rejected',
    `${method} ${route}: the reply is larger than ${MAX_REPLY_BYTES} bytes, and no Intercom reply is that large; check region or baseUrl of the connection`,
  );
}

function serverNow(date: unknown, receivedAt: number): number {
  const ms = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Math.floor((Number.isNaN(ms) ? receivedAt : ms) / 1000);
}

/** The innermost cause: undici's own message says less than the error that it wraps. */
function rootCause(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (error.cause instanceof Error) return rootCause(error.cause);
  return error.message !== '' ? error.message : (code ?? error.name);
}
