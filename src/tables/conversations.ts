import type { Search } from '../intercom/search.js';
import { searchTable } from './search-table.js';

/** Where conversations are searched, for them and for their parts. */
export const CONVERSATION_SEARCH: Search = { path: '/conversations/search', list: 'conversations' };

/** Conversations without their parts: the search returns everything else. */
export const conversations = searchTable({
  name: 'conversations',
  search: CONVERSATION_SEARCH,
  customAttributes: (api) => api.conversationAttributes(),
  // A search shows everything but the parts.
  hinted: { entity: 'conversation', rows: ({ conversation_parts: _, ...conversation }) => [conversation] },
  isGone: (api, id) => api.isConversationGone(id),
  deletions: (api, since) => api.deletedConversations(since),
});
