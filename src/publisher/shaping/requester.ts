/** Has the large replies of a table's search shaped by the thread. */

import type { ReplyDecoder, Requester } from '../../intercom/transport.js';
import type { TableName } from '../../model/table-names.js';

/** Tables whose rows are the search's rows unchanged, and the key under which replies have them. */
const SHAPED: Partial<Record<TableName, string>> = { contacts: 'data', conversations: 'conversations' };

/** Whether the thread shapes rows of the table. */
export function isShaped(table: TableName): boolean {
  return SHAPED[table] !== undefined;
}

/**
 * The requester, with large replies of the table's search decoded by the decoder of their list: the key under
 * which a reply has its rows.
 */
export function shapingRequester(
  requester: Requester,
  table: TableName,
  decoderOf: (list: string) => ReplyDecoder,
): Requester {
  const list = SHAPED[table];
  if (list === undefined) return requester;
  const decode = decoderOf(list);
  return {
    request: (request) =>
      requester.request(
        request.method === 'POST' && request.lists?.includes(list) ? { ...request, decode } : request,
      ),
  };
}
