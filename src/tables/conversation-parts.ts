import type { IntercomApi } from '../intercom/api.js';
import { idOf, isNoRow, type RawRow, rowOf } from '../model/row.js';
import { isolate } from '../model/set-aside.js';
import type { Window } from '../model/state.js';
import type { Page, Table } from '../model/table.js';
import { epochSeconds } from '../model/time.js';
import { CONVERSATION_SEARCH } from './conversations.js';
import { DetailsRead } from './details-read.js';

/**
 * The parts of conversations. They move with their conversation: whenever its `updated_at` moves, all parts that its detail
 * shows (the newest 500) are read, since a bookmark over the parts' own times would lose those of a conversation updated twice.
 */
export const conversationParts: Table<IntercomApi> = {
  name: 'conversation_parts',
  method: 'incremental',
  key: 'id',
  reads: 'searched',
  grain: 'second',
  windowsAtOnce: 4,
  pull: (api, window, setAside) => pullParts(api, window, new DetailsRead(0), setAside),
  polling: (api, lookback) => {
    const read = new DetailsRead(lookback);
    return (window, setAside) => pullParts(api, window, read, setAside);
  },
  ids: (api, window) => api.search(CONVERSATION_SEARCH, window),
  hinted: { entity: 'conversation', rows: partsOf },
  isGone: (api, id) => api.isConversationGone(id),
  deletions: (api, since) => api.deletedConversations(since),
  parent: { id: 'conversation_id', updatedAt: 'conversation_updated_at' },
  versionTime: (part) => part.conversation_updated_at,
};

/** Conversations whose details are fetched together: enough to fill the requests in flight, few enough for memory. */
const DETAILS_AT_ONCE = 25;

const NONE: ReadonlySet<string> = new Set();

/**
 * Yields the parts of the conversations of a window whose details have to be read; `read` knows which, and learns of what is published. A
 * detail that can't be had is `unread` in its page, and holds up no other.
 */
export async function* pullParts(
  api: IntercomApi,
  window: Window,
  read: DetailsRead,
  setAside: ReadonlySet<string> = NONE,
): AsyncGenerator<Page> {
  let begun = false;
  for await (const page of api.search(CONVERSATION_SEARCH, window)) {
    const at = performance.now();
    // Whoever finds the window too large says so before its details are fetched.
    if (!begun) yield { ...withoutUnread(page), rows: [], last: false };
    begun = true;
    read.moveOn(page.newest);
    // Elements that are no conversations are the conversations table's to report.
    const due = page.rows.filter((row) => !isNoRow(row) && read.isDue(row, at) && !setAside.has(idOf(row)));
    for (let start = 0; start < due.length || start === 0; start += DETAILS_AT_ONCE) {
      const asked = due.slice(start, start + DETAILS_AT_ONCE);
      const { answers, unread } = await isolate(asked, idOf, (row) => api.conversation(idOf(row)));
      const details = answers.flatMap(({ answer }) => answer ?? []);
      const rows = details.flatMap(({ row }) => partsOf(row));
      const notShown = details.reduce((sum, { row }) => sum + partsNotShown(row), 0);
      const fetchedAt = details.reduce(
        (latest, detail) => Math.max(latest, detail.fetchedAt),
        page.fetchedAt,
      );
      const onTaken = () => {
        for (const { item, answer } of answers) if (!isBehind(answer?.row, item)) read.add(item, at);
      };
      const last = page.last && start + DETAILS_AT_ONCE >= due.length;
      const missed = start === 0 ? [...(page.unread ?? []), ...unread] : unread;
      yield {
        ...page,
        rows,
        notShown,
        fetchedAt,
        last,
        onTaken,
        asked: asked.length,
        unread: missed,
      };
    }
  }
}

/** The page without what it could not read, which the pages of its details say. */
function withoutUnread({ unread: _, ...page }: Page): Page {
  return page;
}

/** Whether a detail is older than what a search has shown of it: it will show more. */
function isBehind(detail: RawRow | undefined, row: RawRow): boolean {
  const [read, shown] = [epochSeconds(detail?.updated_at), epochSeconds(row.updated_at)];
  return read !== null && shown !== null && read < shown;
}

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
