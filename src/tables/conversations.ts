import type { IntercomApi } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { searched } from '../model/table.js';

/** Where conversations are searched, for them and for their parts. */
export const CONVERSATION_SEARCH: Search = { path: '/conversations/search', list: 'conversations' };

/** Conversations without their parts: the search returns everything else. */
export const conversations = searched<IntercomApi>({
  name: 'conversations',
  method: 'incremental',
  key: 'id',
  grain: 'second',
  pull: (api, window) => api.search(CONVERSATION_SEARCH, window),
  customAttributes: (api) => api.conversationAttributes(),
  ids: (api, window) => api.search(CONVERSATION_SEARCH, window),
  // A search shows everything but the parts.
  hinted: { entity: 'conversation', rows: ({ conversation_parts: _, ...conversation }) => [conversation] },
  isGone: (api, id) => api.isConversationGone(id),
  deletions: (api, since) => api.deletedConversations(since),
});
