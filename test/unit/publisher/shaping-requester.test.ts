import { expect, it } from 'vitest';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import type { TableName } from '../../../src/model/table-names.js';
import { shapingRequester } from '../../../src/publisher/shaping/requester.js';

const decode = async () => null;

/** Whether each request of a table is sent with the decoder; null: the requester is the one that was given. */
async function decoded(table: TableName, requests: readonly ApiRequest[]): Promise<boolean[] | null> {
  const sent: ApiRequest[] = [];
  const requester: Requester = {
    request: async (request) => {
      sent.push(request);
      return { json: {}, receivedAt: 0, serverNow: 0 };
    },
  };
  const shaping = shapingRequester(requester, table, () => decode);
  if (shaping === requester) return null;
  for (const request of requests) await shaping.request(request);
  return sent.map((request) => request.decode === decode);
}

const search = (lists: readonly string[]): ApiRequest => ({
  method: 'POST',
  route: '/s',
  path: '/s',
  scope: 'page',
  lists,
});

it('has the replies of the table’s own search decoded, and no other ones', async () => {
  const requests: readonly ApiRequest[] = [
    search(['data']),
    search(['conversations']),
    { method: 'GET', route: '/a', path: '/a', scope: 'list', lists: ['data'] },
  ];
  expect(await decoded('contacts', requests)).toEqual([true, false, false]);
  expect(await decoded('conversations', requests)).toEqual([false, true, false]);
  expect(await decoded('conversation_parts', requests)).toBeNull();
  expect(await decoded('tags', requests)).toBeNull();
});
