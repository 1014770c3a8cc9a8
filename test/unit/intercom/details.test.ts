/** What is asked for by its ID, and what counts as it. */

import { expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import { interpretReply } from '../../../src/intercom/retry.js';
import type { ApiRequest } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';

/** An API that answers everything with this body. */
function answering(body: object): IntercomApi {
  const text = JSON.stringify(body);
  const request = async (asked: ApiRequest) => {
    const json = interpretReply(asked, { status: 200, headers: {}, text }, 'http://x', 'token');
    if (json instanceof PublisherError) throw json;
    return { json, receivedAt: 5, serverNow: 1 };
  };
  return new IntercomApi({ request }, new AbortController().signal);
}

const ENTITIES = ['contact', 'conversation', 'company', 'ticket'] as const;

it.each(ENTITIES)('a %s is neither there nor gone where another one is answered', async (entity) => {
  const api = answering({ id: '8' });
  for (const asked of [api.find(entity, '7'), api.whole(entity, '7'), api.isGone(`/${entity}`, '7')])
    await expect(asked).rejects.toMatchObject({ code: 'api-unreadable' });
  expect(await api.find(entity, '8')).toEqual({ row: { id: '8' }, fetchedAt: 5 });
});

it.each([8, '8'])('an ID that comes as %j is one ID', async (id) => {
  expect(await answering({ id }).isGone('/articles', '8')).toBe(false);
});

it('a contact is gone where the one that it was merged into is answered', async () => {
  const api = answering({ id: 'a', merge_history: [{ source_contact_id: 'b' }] });
  expect(await api.whole('contact', 'b')).toBeNull();
  expect(await api.isContactGone('b')).toBe(true);
  await expect(api.isContactGone('c')).rejects.toMatchObject({ code: 'api-unreadable' });
});
