/** What pages say of the next one, in every form, and what comes of those that can't be asked for. */

import { describe, expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import { cursorIn, isNextUnusable, namesNext, type Paging } from '../../../src/intercom/next-page.js';
import { checkNext } from '../../../src/intercom/retry.js';
import type { ApiRequest } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';

const URL_TEXT = 'https://api.example/macros?starting_after=b';

describe('the next page', () => {
  it.each([
    ['nothing', undefined, 'end', 'end'],
    ['null', null, 'end', 'end'],
    ['a cursor', { starting_after: 'b' }, 'b', 'next'],
    ['a cursor beside others', { page: 2, per_page: 50, starting_after: 'b' }, 'b', 'next'],
    ['an object without a cursor', { page: 2 }, 'unusable', 'next'],
    ['an empty cursor', { starting_after: '' }, 'unusable', 'next'],
    ['a cursor that is no text', { starting_after: 7 }, 'unusable', 'next'],
    ['no cursor', { starting_after: null }, 'unusable', 'next'],
    ['an URL', URL_TEXT, 'unusable', 'next'],
    ['a number', 2, 'unusable', 'next'],
    ['an empty text', '', 'end', 'end'],
    ['zero', 0, 'unusable', 'unusable'],
    ['false', false, 'unusable', 'unusable'],
    ['true', true, 'unusable', 'unusable'],
    ['a list', [{ starting_after: 'b' }], 'unusable', 'unusable'],
  ])('told by %s', (_, next, byCursor, byNumber) => {
    const json = { pages: next === undefined ? {} : { next } };
    const verdict = (paging: Paging) => {
      if (isNextUnusable(json, paging)) return 'unusable';
      if (!namesNext(json)) return 'end';
      return paging === 'cursor' ? cursorIn(json) : 'next';
    };
    expect([verdict('cursor'), verdict('number')]).toEqual([byCursor, byNumber]);
  });

  it.each([undefined, null, 'three', 3, []])('is none where pages are %j', (pages) => {
    const json = pages === undefined ? {} : { pages };
    expect([namesNext(json), isNextUnusable(json, 'cursor'), isNextUnusable(json, 'number')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

const rows = [{ id: '1', updated_at: 5, deleted_at: 5, consent_type: 'opt_in' }];
const cut = { id: 'c', tags: { has_more: true }, notes: { has_more: true }, companies: { has_more: true } };

/** Every way in which lists are paged. */
const LISTS: Readonly<Record<string, (api: IntercomApi) => AsyncIterable<unknown> | Promise<unknown>>> = {
  'a search': (api) => api.search({ path: '/contacts/search', list: 'data' }, { from: 0, to: 9 }),
  'a list': (api) => api.list({ path: '/articles', route: '/articles', lists: ['data'] }),
  'a list below a row': (api) => api.list({ path: '/x/1/y', route: '/x/{id}/y', id: '1', lists: ['data'] }),
  'a list by cursors': (api) => api.cursorList({ path: '/macros?x', route: '/macros', lists: ['data'] }),
  'the activity logs': (api) => api.activityLogs({ from: 0, to: 9 }),
  'the attributes': (api) => api.attributes('contact'),
  'the attributes of conversations': (api) => api.conversationAttributes(),
  'the deleted conversations': (api) => api.deletedConversations(0),
  'the lists inside a contact': (api) => api.completeContact(cut),
};

describe.each(Object.entries(LISTS))('%s', (_, read) => {
  /** Reads it to its end from an API that answers everything with this page. */
  async function readOf(page: object) {
    const request = async (asked: ApiRequest) => {
      const json = checkNext(asked, { ...page }, 'http://x');
      if (json instanceof PublisherError) throw json;
      return { json, receivedAt: 5, serverNow: 9 };
    };
    const reading = read(new IntercomApi({ request }, new AbortController().signal));
    if (reading instanceof Promise) return await reading;
    for await (const _ of reading);
  }

  it.each([false, 0, true])('fails behind a page whose next one is %j', async (next) => {
    const failure = expect(readOf({ data: rows, pages: { next } })).rejects;
    await failure.toMatchObject({
      code: 'api-unreadable',
      message: expect.stringMatching(/next page can.t be asked for/),
    });
  });

  it('ends with an empty page, whatever that says', async () => {
    await readOf({ data: [], pages: { next: false } });
  });
});

it('a list by cursors fails where these lead back', async () => {
  const request = async ({ path }: ApiRequest) => {
    const after = path.endsWith('=b') ? 'a' : 'b';
    return { json: { data: rows, pages: { next: { starting_after: after } } }, receivedAt: 5, serverNow: 9 };
  };
  const api = new IntercomApi({ request }, new AbortController().signal);
  const reading = async () => {
    for await (const _ of api.cursorList({ path: '/macros?x', route: '/macros', lists: ['data'] }));
  };
  await expect(reading()).rejects.toMatchObject({ code: 'api-unreadable' });
});
