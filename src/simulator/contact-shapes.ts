/** A contact as it is sent: cut short in a search and alone, and its lists as their own paths show them. */

import type { Row } from './collection.js';
import { adminId } from './lists.js';
import type { Workspace } from './workspace.js';

/** A contact as it is sent: its lists cut short, and a user's merges only when they are asked for. */
export function shownContact(row: Row, { limit, withMerges }: { limit: number; withMerges: boolean }): Row {
  const { merge_history: history = [], ...copy } = row;
  if (withMerges && row.role === 'user') copy.merge_history = history;
  for (const field of [
    'tags',
    'notes',
    'companies',
    'opted_out_subscription_types',
    'opted_in_subscription_types',
  ]) {
    const list = row[field] as { data?: Row[] } | null | undefined;
    if (list?.data !== undefined && list.data.length > limit)
      copy[field] = { ...list, data: list.data.slice(0, limit), has_more: true };
  }
  return copy;
}

/** A contact's tags as their own path shows them. */
export function tagsOf(workspace: Workspace, row: Row): Row[] {
  const applied = { applied_at: row.created_at, applied_by: { type: 'admin', id: String(adminId(0)) } };
  return listIn(row, 'tags', 'data').map(({ id }) => ({
    type: 'tag',
    id,
    name: `tag ${String(id)}`,
    ...workspace.list('tags').find((tag) => tag.id === id),
    ...applied,
  }));
}

/** A contact's companies as their own path shows them: whole, but for those that were removed and are still attached here. */
export function companiesOf(workspace: Workspace, row: Row): Row[] {
  return listIn(row, 'companies', 'data').map(
    ({ id }) => workspace.companies.get(String(id)) ?? { type: 'company', id },
  );
}

/** A contact's notes as their own path shows them. */
export function notesOf(row: Row): Row[] {
  return listIn(row, 'notes', 'data').map(({ id }) => ({
    type: 'note',
    id,
    created_at: row.created_at,
    contact: { type: 'contact', id: row.id },
    author: { type: 'admin', id: String(adminId(0)) },
    body: '<p>This is a note.</p>',
  }));
}

/** The rows of a list inside a row; empty when it has no such list. */
export function listIn(row: Row, field: string, key: string): Row[] {
  const list = row[field] as Record<string, Row[]> | null | undefined;
  return list?.[key] ?? [];
}
