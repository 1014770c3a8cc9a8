import type { IntercomApi } from '../intercom/api.js';
import { idOf, type RawRow, rowOf } from '../model/row.js';
import type { SearchedTable } from '../model/table.js';
import { type ChildTable, children } from './children.js';
import { CONVERSATION_SEARCH } from './conversations.js';

/** How the parts of a conversation are read: its detail shows the newest 500. */
export const PARTS: ChildTable = {
  name: 'conversation_parts',
  search: CONVERSATION_SEARCH,
  parent: { id: 'conversation_id', updatedAt: 'conversation_updated_at' },
  read: async (api, conversation) => {
    const detail = await api.conversation(idOf(conversation));
    if (detail === null) return null;
    const { row, fetchedAt } = detail;
    return { rows: partsOf(row), fetchedAt, notShown: partsNotShown(row), parent: row };
  },
};

export const conversationParts: SearchedTable<IntercomApi> = {
  ...children(PARTS),
  // The name in Stitch's integration, which the default tables keep.
  replicationKey: 'updated_at',
  hinted: { entity: 'conversation', rows: partsOf },
  isGone: (api, id) => api.isConversationGone(id),
  deletions: (api, since) => api.deletedConversations(since),
};

/** How many parts the conversation has beyond those that its detail shows. */
function partsNotShown(conversation: RawRow): number {
  const { parts, total } = partListOf(conversation);
  return Number.isSafeInteger(total) ? Math.max(0, Number(total) - parts.length) : 0;
}

/** The parts of a conversation's detail, each with what it inherits from the conversation. */
function partsOf(conversation: RawRow): RawRow[] {
  const { parts, total } = partListOf(conversation);
  return parts.map((part) => ({
    ...part,
    conversation_id: conversation.id,
    conversation_created_at: conversation.created_at,
    conversation_updated_at: conversation.updated_at,
    conversation_total_parts: total,
  }));
}

/** The parts that a detail holds, and how many there are by its own count. */
function partListOf(conversation: RawRow): { parts: RawRow[]; total: unknown } {
  const list = conversation.conversation_parts;
  if (typeof list !== 'object' || list === null || !('conversation_parts' in list))
    return { parts: [], total: 0 };
  const entries: unknown[] = Array.isArray(list.conversation_parts) ? list.conversation_parts : [];
  return { parts: entries.map(rowOf), total: 'total_count' in list ? list.total_count : entries.length };
}
