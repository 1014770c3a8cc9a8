/** Requests rows by their IDs. An ID that fails does not affect the others. */

import { isolate, type Unread } from '../model/set-aside.js';
import type { Fetched, FoundRows } from './source.js';

export interface FetchedById {
  readonly fetched: Fetched;
  /** The IDs that can't be fetched. */
  readonly unread: readonly Unread[];
}

/** IDs that are requested at once. */
const ASKED_AT_ONCE = 25;

/** Throws failures that reach further than one ID. */
export async function fetchById(
  ids: readonly string[],
  find: (id: string) => Promise<FoundRows | null>,
): Promise<FetchedById> {
  const askedAt = Date.now();
  const { answers, unread } = await isolate(ids, (id) => id, find, ASKED_AT_ONCE);
  const found = answers.flatMap(({ answer }) => answer ?? []);
  const gone = answers.filter(({ answer }) => answer === null).map(({ item }) => item);
  const rows = found.flatMap((each) => each.rows);
  const fetchedAt = Math.max(0, ...found.map((each) => each.fetchedAt)) || askedAt;
  return { fetched: { rows, gone, fetchedAt, askedAt: () => askedAt }, unread };
}
