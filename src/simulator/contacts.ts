/** Contacts as the API returns them: with lists of limited length, and with merges only on request. */

import type { Row } from './collection.js';
import { listOf } from './generate/contacts.js';

const SUBLISTS = [
  'tags',
  'notes',
  'companies',
  'opted_out_subscription_types',
  'opted_in_subscription_types',
];

/** A contact whose lists hold `limit` entries at most. */
export function cut(contact: Row, limit: number): Row {
  const copy = { ...contact };
  for (const field of SUBLISTS) {
    const list = contact[field] as { data?: Row[] } | null | undefined;
    if (list?.data !== undefined && list.data.length > limit)
      copy[field] = { ...list, data: list.data.slice(0, limit), has_more: true };
  }
  return copy;
}

/** Users have a history of merges, if an empty one; leads have none. */
export function withMerges(contact: Row): Row {
  return contact.role === 'user' ? { merge_history: [], ...contact } : withoutMerges(contact);
}

export function withoutMerges(contact: Row): Row {
  const { merge_history: _, ...rest } = contact;
  return rest;
}

/** The lists of a contact that has nothing yet. */
export function emptyLists(id: string): Row {
  const empty = (path: string) => listOf(id, path, '', 0, String);
  return {
    tags: empty('tags'),
    notes: empty('notes'),
    companies: empty('companies'),
    opted_out_subscription_types: empty('subscriptions'),
    opted_in_subscription_types: empty('subscriptions'),
  };
}
