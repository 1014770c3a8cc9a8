/**
 * Decides what happens to a request that keeps failing, and how far its failure reaches. No other place
 * decides that.
 *
 * Each request has a scope. A failure within a scope smaller than the table sets that scope aside (a row by
 * its ID, an interval of `updated_at`), durably in the table's state, and the reading continues. It is
 * retried beside the cycles at growing intervals. More failures than a small share are an outage: the table
 * fails and is read again by its next cycle.
 */

import { type ErrorCode, PublisherError } from './errors.js';

/**
 * What a request reads. `row`: one entity by its ID, or a list inside it. `page`: one page of a search.
 * `window`: a search of an interval. `list`: a list that can only be read whole. `connection`: the workspace
 * itself.
 */
export type Scope = 'row' | 'page' | 'window' | 'list' | 'connection';

/** An interval of `updated_at`, both ends included, in epoch seconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Either a row by its ID (of a child table: its parent's), or an interval. */
export type Subject =
  | { readonly id: string; readonly window: null }
  | { readonly id: null; readonly window: Interval };

/** What a reading could not read, while it could read the rest. */
export type Unread = Subject & { readonly error: PublisherError };

/** What is retried beside the cycles. Times are ISO 8601, UTC. */
export type SetAside = Subject & {
  readonly code: string;
  readonly message: string;
  readonly firstAt: string;
  readonly lastAt: string;
  /** Failed readings, the first one included. */
  readonly tries: number;
  readonly nextAt: string;
};

/** What a table may have set aside: each commit carries the list. */
export const MAX_SET_ASIDE = 100;
/**
 * From so many on, entities that notifications name are not set aside: the rest of the list is for readings.
 */
export const MAX_FROM_NOTIFICATIONS = 50;
const MAX_MESSAGE_LENGTH = 300;
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 15 * 60_000;

/** Failures of one kind in a cycle that never are an outage. A window holds many rows. */
export const MAX_HANDFUL = { row: 10, window: 3 } as const;
/** The share of one kind's requests in a cycle above which more than a handful of failures are an outage. */
const MAX_FAILED_SHARE = 0.1;

/** Answers that may concern one row, page or window alone. */
const ISOLABLE = new Set<ErrorCode>([
  'api-unreachable',
  'api-unreadable',
  'api-error',
  'api-rejected',
  'api-forbidden',
  'api-not-found',
]);

/**
 * Of those, the answers that always concern it alone: the same request gets the same answer, whatever happens
 * to others.
 */
const REFUSALS = new Set<ErrorCode>(['api-rejected', 'api-forbidden']);

/**
 * Whether the failure may concern its scope alone, and not the credentials, the connection or this program.
 */
export function isIsolable(error: unknown): error is PublisherError {
  return error instanceof PublisherError && ISOLABLE.has(error.code);
}

/** Whether the failure is its scope's own, and not an outage that others show too. */
export function isRefusal({ code }: PublisherError): boolean {
  return REFUSALS.has(code);
}

/** Counts the failures of one cycle, by kind. */
export class FailureCount {
  readonly #counts = { row: { asked: 0, failed: 0 }, window: { asked: 0, failed: 0 } };

  /** Throws the last of `failures` when more than a small share of this kind failed. */
  add(kind: 'row' | 'window', asked: number, failures: readonly PublisherError[]): void {
    const count = this.#counts[kind];
    count.asked += Math.max(asked, failures.length);
    count.failed += failures.length;
    const last = failures.at(-1);
    const isOutage = count.failed > MAX_HANDFUL[kind] && count.failed > MAX_FAILED_SHARE * count.asked;
    if (last !== undefined && isOutage) throw last;
  }
}

/** The outcome of requesting several entities: the answers, in their order, and single failures. */
export interface Isolated<T, R> {
  readonly answers: readonly { readonly item: T; readonly answer: R }[];
  readonly unread: readonly Unread[];
}

/** Requests all items, `atOnce` at a time. Throws failures that reach further than one of them. */
export async function isolate<T, R>(
  items: readonly T[],
  idOf: (item: T) => string,
  ask: (item: T) => Promise<R>,
  atOnce = items.length,
): Promise<Isolated<T, R>> {
  const answers: { item: T; answer: R }[] = [];
  const unread: Unread[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    const outcomes = await Promise.all(items.slice(start, start + atOnce).map((item) => attempt(item, ask)));
    for (const outcome of outcomes) {
      if ('answer' in outcome) answers.push(outcome);
      else unread.push({ id: idOf(outcome.item), window: null, error: outcome.error });
    }
  }
  return { answers, unread };
}

async function attempt<T, R>(
  item: T,
  ask: (item: T) => Promise<R>,
): Promise<{ item: T; answer: R } | { item: T; error: PublisherError }> {
  try {
    return { item, answer: await ask(item) };
  } catch (error) {
    if (!isIsolable(error)) throw error;
    return { item, error };
  }
}

/**
 * The list with the entries that could not be read now. An entry that is in it already has failed once more.
 * Throws the failure when the list is full: an entry that is not stored would be lost.
 */
export function withUnread(
  list: readonly SetAside[],
  unread: readonly Unread[],
  now: number,
): readonly SetAside[] {
  const next = [...list];
  for (const each of unread) {
    const at = next.findIndex((known) => isSame(known, each));
    const known = next[at];
    if (known !== undefined) next[at] = failedAgain(known, each, now);
    else if (next.length < MAX_SET_ASIDE) next.push(failedAgain(null, each, now));
    else throw each.error;
  }
  return next;
}

/** The list behind a retry of one entry; `unread` is what of it failed again. */
export function afterRetry(
  list: readonly SetAside[],
  entry: SetAside,
  unread: readonly Unread[],
  now: number,
): readonly SetAside[] {
  const others = list.filter((each) => !isSame(each, entry));
  return [...others, ...unread.map((each) => failedAgain(entry, each, now))].slice(0, MAX_SET_ASIDE);
}

function failedAgain(before: SetAside | null, { error, ...subject }: Unread, now: number): SetAside {
  const tries = (before?.tries ?? 0) + 1;
  const at = new Date(now).toISOString();
  return {
    ...subject,
    code: error.code,
    message: error.message.slice(0, MAX_MESSAGE_LENGTH),
    firstAt: before?.firstAt ?? at,
    lastAt: at,
    tries,
    nextAt: new Date(now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1))).toISOString(),
  };
}

/** The entries whose next retry is due (epoch milliseconds). */
export function dueForRetry(list: readonly SetAside[], now: number): readonly SetAside[] {
  return list.filter(({ nextAt }) => Date.parse(nextAt) <= now);
}

/** The IDs that cycles leave to the retries. */
export function idsIn(list: readonly SetAside[]): ReadonlySet<string> {
  return new Set(list.flatMap(({ id }) => id ?? []));
}

/** The intervals that cycles leave to the retries, oldest first, none overlapping another. */
export function intervalsIn(list: readonly SetAside[]): readonly Interval[] {
  const merged: Interval[] = [];
  for (const each of list.flatMap(({ window }) => window ?? []).sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || each.from > last.to) merged.push(each);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, each.to) };
  }
  return merged;
}

export function isSame(a: Subject, b: Subject): boolean {
  return a.id === b.id && a.window?.from === b.window?.from && a.window?.to === b.window?.to;
}

/** The subject for people: `ID 7`, or an interval of `updated_at`. */
export function subjectText({ id, window }: Subject): string {
  if (id !== null) return `ID ${id}`;
  const [from, to] = [window.from, window.to].map((time) => new Date(time * 1000).toISOString().slice(0, 19));
  return `updated_at ${from}Z to ${to}Z`;
}
