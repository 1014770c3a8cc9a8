/**
 * Intercom's list of deleted conversations, newest first. Pages are numbers, so a deletion during the reading
 * pushes entries to the next page, where they are seen twice and never missed.
 */

import { PublisherError } from '../model/errors.js';
import { idOf, isNoRow } from '../model/row.js';
import type { Deletion } from '../model/table.js';
import { epochSeconds } from '../model/time.js';
import { namesNext } from './next-page.js';
import { rowsIn } from './reply.js';
import type { ApiReply, Requester } from './transport.js';

const PER_PAGE = 60;
const LISTS = ['conversations', 'data'];

/** Statuses that mean that this app has no such list: an API version before 2.16, or a missing permission. */
const UNAVAILABLE = new Set([400, 403, 404, 422]);

/** The deletions from `since` on (epoch seconds). Empty where the API has no such list. */
export async function listDeletedConversations(transport: Requester, since: number): Promise<Deletion[]> {
  const deletions: Deletion[] = [];
  const known = new Set<string>();
  for (let page = 1; ; page += 1) {
    const reply = await readPage(transport, page);
    if (reply === null) return deletions;
    const entries = rowsIn(reply, LISTS).filter((row) => !isNoRow(row));
    const found = entries.map((row) => ({
      id: idOf(row),
      // An unreadable time must neither hide a deletion nor end the list.
      at: epochSeconds(row.deleted_at) ?? since,
    }));
    deletions.push(...found.filter(({ at }) => at >= since));
    const passed = found.some(({ at }) => at < since);
    if (passed || found.length === 0 || !namesNext(reply.json)) return deletions;
    if (found.every(({ id }) => known.has(id))) throw stuck(page);
    for (const { id } of found) known.add(id);
  }
}

async function readPage(transport: Requester, page: number): Promise<ApiReply | null> {
  const path = `/conversations/deleted?per_page=${PER_PAGE}&page=${page}&order=desc`;
  try {
    const route = '/conversations/deleted';
    return await transport.request({
      method: 'GET',
      path,
      route,
      scope: 'list',
      lists: LISTS,
      paging: 'number',
    });
  } catch (error) {
    // Behind its first page there is a list for certain: the deletions on the other pages must not be lost.
    const isUnavailable =
      error instanceof PublisherError &&
      // A gateway's own page says nothing of the list.
      error.code !== 'api-unreadable' &&
      error.code !== 'plan-restricted' &&
      UNAVAILABLE.has(error.answer?.status ?? 0);
    if (isUnavailable && page === 1) return null;
    throw error;
  }
}

function stuck(page: number): PublisherError {
  return new PublisherError(
    'api-unreadable',
    `GET /conversations/deleted: page ${page} has nothing that those before it have not; paging would never end`,
  );
}
