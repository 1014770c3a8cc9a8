import type { IntercomApi } from '../intercom/api.js';
import { isolate, type Unread } from '../model/set-aside.js';
import type { IntercomTable } from './all.js';

/** Rows that are checked for their existence together. */
const CHECKED_AT_ONCE = 25;

/** Those of the keys whose rows are gone, and those that can't be checked. */
export async function confirmGone(
  { isGone }: IntercomTable,
  api: IntercomApi,
  keys: readonly string[],
): Promise<{ readonly gone: readonly string[]; readonly unread: readonly Unread[] }> {
  if (isGone === undefined) return { gone: keys, unread: [] };
  const { answers, unread } = await isolate(
    keys,
    (key) => key,
    (key) => isGone(api, key),
    CHECKED_AT_ONCE,
  );
  return { gone: answers.filter(({ answer }) => answer).map(({ item }) => item), unread };
}
