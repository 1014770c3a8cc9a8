/** Bare lists, and what they say of further pages. */

import { describe, expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';

const NEXT = 'https://api.example/tags?page=2';

type Answer = (page: number) => Record<string, unknown>;

/** A workspace where `answer` gives the reply to each page number. */
function open(answer: Answer) {
  const asked: string[] = [];
  const request = async ({ path }: { path: string }) => {
    asked.push(path);
    if (asked.length > 10) throw new Error('it never ends');
    const page = Number(new URL(path, 'https://api.example').searchParams.get('page') ?? 1);
    return { json: answer(page), receivedAt: 5, serverNow: 1 };
  };
  return { asked, api: new IntercomApi({ request }, new AbortController().signal) };
}

/** What a list brings, page by page. */
async function pagesOf(answer: Answer) {
  const { asked, api } = open(answer);
  const pages: unknown[] = [];
  for await (const { rows, last } of api.list({ path: '/tags', route: '/tags', lists: ['data'] }))
    pages.push([rows.map(({ id }) => id), last]);
  return { pages, asked: asked.length };
}

const rows = (...ids: unknown[]) => ids.map((id) => ({ id }));

it.each([
  ['no pages', { data: rows(1, 2) }],
  ['no next page', { data: rows(1, 2), pages: { next: null } }],
  ['pages that are none', { data: rows(1, 2), pages: 'three' }],
])('end with their first page where there are %s', async (_, reply) => {
  expect(await pagesOf(() => reply)).toEqual({ pages: [[[1, 2], true]], asked: 1 });
});

it.each([
  ['its URL', { next: NEXT }],
  ['an object', { next: { page: 2 } }],
  ['the number of pages', { total_pages: 2 }],
])('go on where a next page is told by %s', async (_, pages) => {
  const answer = (page: number) => (page === 1 ? { data: rows(1), pages } : { data: rows(2), pages: {} });
  expect((await pagesOf(answer)).pages).toEqual([
    [[1], false],
    [[2], true],
  ]);
});

it.each([
  ['its URL', { next: NEXT }],
  ['a number of pages', { total_pages: 1_000 }],
])('end where every page is the same, though a next one is told by %s', async (_, pages) => {
  expect(await pagesOf(() => ({ data: [...rows(1, 2), null], pages }))).toEqual({
    pages: [
      [[1, 2, undefined], false],
      [[], true],
    ],
    asked: 2,
  });
});

it('are read to their end where two pages share rows', async () => {
  const answer = (page: number) => ({ data: rows(page, page + 1), pages: page < 4 ? { next: NEXT } : {} });
  expect((await pagesOf(answer)).pages).toEqual([
    [[1, 2], false],
    [[2, 3], false],
    [[3, 4], false],
    [[4, 5], true],
  ]);
});

describe('the deleted conversations', () => {
  const deleted = (...ids: number[]) => ids.map((id) => ({ id, deleted_at: 100 }));

  it('are read to their end where deletions push some to the next page', async () => {
    const { api } = open((page) => ({
      conversations: deleted(page, page + 1),
      pages: { next: page < 3 ? NEXT : null },
    }));
    const ids = (await api.deletedConversations(50)).map(({ id }) => id);
    expect(ids).toEqual(['1', '2', '2', '3', '3', '4']);
  });

  it('fail their table where every page is the same', async () => {
    const { api, asked } = open(() => ({ conversations: deleted(1, 2), pages: { next: NEXT } }));
    await expect(api.deletedConversations(50)).rejects.toMatchObject({ code: 'api-unreadable' });
    expect(asked).toHaveLength(2);
  });
});
