/** Interprets replies, and decides whether and when to retry. Pure: no clock, no network. */

import { type ApiAnswer, type ErrorCode, PublisherError } from '../model/errors.js';
import type { Scope } from '../model/set-aside.js';
import { hasId, isId, isSurvivorOf } from './entity.js';
import { isNextUnusable, type Paging } from './next-page.js';
import { parseJson } from './parse.js';
import { permissionAdvice, permissionFor } from './permissions.js';

interface Asked {
  readonly method: string;
  readonly route: string;
  /** Stands in the place of `{id}`. */
  readonly id?: string;
  readonly lists?: readonly string[];
  readonly paging?: Paging;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The body, as `jsonText` gives it. */
  readonly text: string;
}

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 20_000;
/** Retries of what is not found, or is answered by a gateway's own page. */
const MAX_RETRIES_NOT_OWN = 2;
const MAX_ID_LENGTH = 100;
/** Statuses with which Intercom answers for an entity that no longer exists. */
const GONE = new Set([404, 410]);
/** Statuses that count whatever the body is. */
const PLAIN = new Set([401, 408, 429]);

/** Method and path of a request, with its ID and without its query: what messages call it. */
export function nameOf({ method, route, id }: Pick<Asked, 'method' | 'route' | 'id'>): string {
  return `${method} ${id === undefined ? route : route.replace('{id}', () => id.slice(0, MAX_ID_LENGTH))}`;
}

/**
 * The JSON object of a good answer, or the failure that the answer is. `secret` is left out of what the
 * answer says; `isAnswering`: Intercom has answered other requests of the connection, so that its address is
 * right.
 */
export function interpretReply(
  asked: Asked,
  answered: Answered,
  origin: string,
  secret: string,
  isAnswering = false,
): Record<string, unknown> | PublisherError {
  const json = parseObject(answered.text);
  const what = nameOf(asked).replaceAll(secret, '…');
  const ok = answered.status >= 200 && answered.status < 300;
  if (ok && json !== null && json.type !== 'error.list' && isComplete(json, asked)) return json;
  const quote = (text: string, length: number) => text.replaceAll(secret, '…').slice(0, length);
  const answer: ApiAnswer = {
    status: answered.status,
    codes: codesIn(json).map((code) => quote(code, 100)),
    requestId: typeof json?.request_id === 'string' ? quote(json.request_id, 100) : null,
  };
  if (ok && json?.type !== 'error.list') {
    const saw = sawInstead(answered.text, json, asked);
    return new PublisherError('api-unreadable', `${what}: ${answered.status} with ${saw} from ${origin}`, {
      answer,
    });
  }
  if (isRefusedOrMoved(answered.status) && !Array.isArray(json?.errors)) {
    // Gateways answer with pages of their own: only an error list says that something is gone or forbidden.
    const advice = isAnswering
      ? 'that is not Intercom’s own answer, and other requests are answered'
      : 'check region or baseUrl of the connection';
    const message = `${what}: ${answered.status} with a body that is not an error list from ${origin}; ${advice}`;
    return new PublisherError('api-unreadable', message, { answer });
  }
  const message = messageIn(json);
  const said = message === null ? null : quote(message, 200);
  return failureOf(asked.route, what, answer, said);
}

/** The failure that an error list is; `said` is its message. */
function failureOf(route: string, what: string, answer: ApiAnswer, said: string | null): PublisherError {
  const code = codeOf(answer);
  const known = code === 'api-forbidden' ? { ...answer, permission: permissionFor(route, said) } : answer;
  return new PublisherError(code, describe(what, known, said), { answer: known });
}

/**
 * The reply; or a failure where it is a page with rows whose next page can't be requested. An empty page is
 * the end, whatever it says: else a faulty reply could make paging endless.
 */
export function checkNext(
  asked: Asked,
  json: Record<string, unknown> | PublisherError,
  origin: string,
): Record<string, unknown> | PublisherError {
  const { paging, lists = [] } = asked;
  if (json instanceof PublisherError || paging === undefined) return json;
  const isEmpty = lists.every((key) => !Array.isArray(json[key]) || json[key].length === 0);
  if (isEmpty || !isNextUnusable(json, paging)) return json;
  const message = `${nameOf(asked)}: 200 with a page whose next page can't be asked for from ${origin}: its pages.next is neither null nor ${FORMS[paging]}`;
  const answer = { status: 200, codes: [], requestId: null, hasRows: true };
  return new PublisherError('api-unreadable', message, { answer });
}

/** What `pages.next` must be, for messages. */
const FORMS: Readonly<Record<Paging, string>> = {
  cursor: 'an object with a starting_after',
  number: 'an URL, an object or a number',
};

/**
 * Milliseconds to wait before the next attempt, or null when a retry can't help. `failures` counts the failed
 * attempts so far, from 1. Full jitter keeps many clients from coming back at once.
 */
export function retryPlan(
  error: PublisherError,
  failures: number,
  random: () => number = Math.random,
  scope: Scope = 'row',
): number | null {
  if (!isTransient(error, scope)) return null;
  // A gateway's own page passes soon, or it is about the path. Where there are searches, there is one for
  // certain.
  const { status = 0 } = error.answer ?? {};
  const isLasting = isRefusedOrMoved(status) && !(GONE.has(status) && isSearch(scope));
  if (isLasting && failures > MAX_RETRIES_NOT_OWN) return null;
  const ceiling = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/**
 * Milliseconds until a refused budget opens again, by `Retry-After` (seconds or a date) or
 * `X-RateLimit-Reset`, else one second.
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>, now: number = Date.now()): number {
  const { 'retry-after': after } = headers;
  const seconds = Number(after);
  if (after !== undefined && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = dateIn(headers.date);
  const apiNow = Number.isNaN(date) ? now : date;
  const opensAt = dateIn(after);
  if (!Number.isNaN(opensAt)) return Math.max(0, opensAt - apiNow);
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-reset'] === undefined || !Number.isFinite(reset)) return 1000;
  return Math.max(0, reset * 1000 - apiNow) + 50;
}

/** Epoch milliseconds of a date header, or NaN. */
function dateIn(header: unknown): number {
  return typeof header === 'string' ? Date.parse(header) : Number.NaN;
}

/** A redirect (none is followed), or a refusal that only an error list of Intercom's makes one. */
function isRefusedOrMoved(status: number): boolean {
  return status >= 300 && status < 500 && !PLAIN.has(status);
}

/** Whether the reply has the list that was requested, or the entity, which has the ID that was requested. */
function isComplete(json: Record<string, unknown>, { lists, id }: Asked): boolean {
  if (lists !== undefined) return lists.some((key) => Array.isArray(json[key]));
  return id === undefined || hasId(json, id) || isSurvivorOf(json, id);
}

function sawInstead(text: string, json: Record<string, unknown> | null, { lists }: Asked): string {
  if (text === '') return 'an empty body';
  if (json === null) return 'a body that is not a JSON object';
  if (lists !== undefined) return `a body without the list "${lists.join('" or "')}"`;
  return isId(json.id) ? `the entity ${String(json.id).slice(0, MAX_ID_LENGTH)}` : 'a body without an ID';
}

function isSearch(scope: Scope): boolean {
  return scope === 'page' || scope === 'window';
}

/**
 * Whether the same request may be answered later. One row that is not found is gone; a search or a list that
 * is not found is a fault.
 */
export function isTransient(error: PublisherError, scope: Scope): boolean {
  switch (error.code) {
    case 'api-not-found':
      return scope !== 'row';
    case 'api-unreachable':
    case 'api-unreadable':
    case 'api-error':
      return true;
    default:
      return false;
  }
}

/** What Intercom answers to every request of a workspace whose subscription is not active. */
const PLAN_RESTRICTED = 'api_plan_restricted';

function isPlanRestricted({ status, codes }: ApiAnswer): boolean {
  return status === 403 && codes.includes(PLAN_RESTRICTED);
}

function codeOf(answer: ApiAnswer): ErrorCode {
  const { status } = answer;
  if (isPlanRestricted(answer)) return 'plan-restricted';
  if (status === 401) return 'credentials-refused';
  if (status === 403) return 'api-forbidden';
  if (status === 404 || status === 410) return 'api-not-found';
  // A 200 that carries an error list is a server fault in disguise.
  if (status === 408 || status === 429 || status >= 500 || status < 300) return 'api-error';
  return 'api-rejected';
}

function describe(what: string, answer: ApiAnswer, message: string | null): string {
  const codes = answer.codes.length > 0 ? ` ${answer.codes.join(', ')}` : '';
  const said = message === null ? '' : ` ("${message}")`;
  const request = answer.requestId === null ? '' : ` [request ${answer.requestId}]`;
  return `${what}: ${answer.status}${codes}${said}${request}${adviceFor(answer)}`;
}

function adviceFor(answer: ApiAnswer): string {
  const { status } = answer;
  if (isPlanRestricted(answer))
    return '; the subscription of the workspace is not active, or does not include this: renew or extend it';
  if (status === 401)
    return '; the access token was refused: check credentials.accessToken, or connect the workspace again';
  if (status === 403) return `; ${permissionAdvice(answer.permission ?? null)}`;
  if (status === 429)
    return '; the request budget is used up by something else: lower its use, or this connection’s rateLimit';
  return '';
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const json = parseJson(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function errorsIn(json: Record<string, unknown> | null): Record<string, unknown>[] {
  return Array.isArray(json?.errors)
    ? json.errors.filter((each) => typeof each === 'object' && each !== null)
    : [];
}

function codesIn(json: Record<string, unknown> | null): string[] {
  return errorsIn(json).flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
}

function messageIn(json: Record<string, unknown> | null): string | null {
  const message = errorsIn(json)[0]?.message;
  return typeof message === 'string' ? message : null;
}
