/** Asks for rows by their IDs, so that an ID that can't be asked for concerns no other one. */

import { asPublisherError, type ErrorCode, type PublisherError } from '../model/errors.js';
import type { Fetched } from './hinted.js';
import type { FoundRows } from './source.js';

/** Answers that may concern one ID alone: those that are certain to, and those that are where another one was answered. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['api-rejected', 'api-forbidden']);
const BROKEN: ReadonlySet<ErrorCode> = new Set(['api-error', 'api-unreadable']);

export function isRefused({ code }: PublisherError): boolean {
  return REFUSED.has(code);
}

export function mayConcernOneId({ code }: PublisherError): boolean {
  return REFUSED.has(code) || BROKEN.has(code);
}

export interface FetchedById {
  readonly fetched: Fetched;
  readonly failed: readonly { readonly id: string; readonly error: PublisherError }[];
}

/** Throws what concerns all of them for certain. */
export async function fetchById(
  ids: readonly string[],
  find: (id: string) => Promise<FoundRows | null>,
): Promise<FetchedById> {
  const askedAt = Date.now();
  const failed: { id: string; error: PublisherError }[] = [];
  const found: FoundRows[] = [];
  const gone: string[] = [];
  const ask = async (id: string) => {
    try {
      const answer = await find(id);
      if (answer === null) gone.push(id);
      else found.push(answer);
    } catch (thrown) {
      const error = asPublisherError(thrown);
      if (!mayConcernOneId(error)) throw error;
      failed.push({ id, error });
    }
  };
  await Promise.all(ids.map(ask));
  const rows = found.flatMap((each) => each.rows);
  const fetchedAt = Math.max(0, ...found.map((each) => each.fetchedAt)) || askedAt;
  return { fetched: { rows, gone, fetchedAt, askedAt: () => askedAt }, failed };
}
