/** The endpoints of conversations. */

import type { Row } from '../collection.js';
import { listItem, shownParts, withoutReviews } from '../conversations.js';
import { dateRules } from '../dates.js';
import { listed, type SearchResult, search } from '../search.js';
import { type Api, type ApiCall, found, paged, type Route } from './call.js';

export const CONVERSATION_ROUTES: readonly Route[] = [
  ['POST /conversations/search', searchConversations],
  [
    'GET /conversations',
    ({ workspace }, { query }) => page(query, listed(workspace.conversations, query, 20)),
  ],
  ['GET /conversations/deleted', deletedConversations, '2.16'],
  ['GET /conversations/*', conversation],
];

function searchConversations({ workspace, options }: Api, { body, version, query }: ApiCall): Row {
  const result = search(workspace.conversations, body, {
    dates: dateRules(options, 'conversations', version),
    cursors: options.cursors,
    defaultPerPage: 20,
    sorts: options.conversationSort,
  });
  return page(query, result);
}

function page(query: URLSearchParams, { rows, total, pages }: SearchResult): Row {
  return {
    type: 'conversation.list',
    conversations: rows().map((row) => listItem(row, query)),
    total_count: total,
    pages,
  };
}

function conversation({ workspace, options }: Api, { query }: ApiCall, [id = '']: readonly string[]): Row {
  const row = found(workspace.conversations.get(id), 'not_found', 'Resource Not Found');
  const shown = { ...row, conversation_parts: shownParts(row, options.partsLimit) };
  const asked = withoutReviews(shown, query);
  return query.get('display_as') === 'plaintext' ? (plain(asked) as Row) : asked;
}

/** Texts without their HTML, which in rows stands under `body` and `subject` alone. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, each]): [string, unknown] => [
    key,
    (key === 'body' || key === 'subject') && typeof each === 'string'
      ? each.replace(/<[^>]*>/g, '')
      : plain(each),
  ]);
  return Object.fromEntries(fields);
}

function deletedConversations({ workspace }: Api, call: ApiCall): Row {
  const rows = workspace.deletedConversations.map(({ id, deletedAt }) => ({
    type: 'conversation',
    id,
    metrics_retained: true,
    deleted_at: deletedAt,
  }));
  if (call.query.get('order') !== 'asc') rows.reverse();
  const page = paged(rows, call, { key: 'conversations', perPage: 20, most: 60 });
  return { ...page, type: 'conversations.list' };
}
