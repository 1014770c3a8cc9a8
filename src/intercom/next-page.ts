/**
 * What a page says of the next one. Lists are paged in two ways: by a cursor in each page, or by page number,
 * where `next` (an URL, an object, the number) only says that there is more.
 */

import { PublisherError } from '../model/errors.js';
import { isObject, type RawObject } from '../model/row.js';

export type Paging = 'cursor' | 'number';

/** The cursor of the next page, or null where the page names none. */
export function cursorIn(json: RawObject): string | null {
  const next = nextIn(json);
  const cursor = isObject(next) ? next.starting_after : null;
  return isText(cursor) ? cursor : null;
}

/** Whether the page names a next one. */
export function namesNext(json: RawObject): boolean {
  return nextIn(json) !== null;
}

/** Whether the page names a next one in no form that can be requested: to end there would lose rows. */
export function isNextUnusable(json: RawObject, paging: Paging): boolean {
  const next = nextIn(json);
  if (next === null) return false;
  if (paging === 'cursor') return cursorIn(json) === null;
  return !isObject(next) && !isText(next) && !(Number.isSafeInteger(next) && Number(next) > 0);
}

/** The failure of a list, named by its method and path, whose cursors lead back to a page before. */
export function stuck(list: string): PublisherError {
  return new PublisherError(
    'api-unreadable',
    `${list}: the next page has the cursor of one before; paging would never end`,
  );
}

/** `pages.next`; null where that is null, an empty text, or left out. */
function nextIn({ pages }: RawObject): unknown {
  const next = isObject(pages) ? pages.next : null;
  return next === undefined || next === '' ? null : next;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
