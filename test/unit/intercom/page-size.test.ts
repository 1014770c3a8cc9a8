/** The size of search pages around what breaks one of them. */

import { expect, it } from 'vitest';
import { pageNewestFirst } from '../../../src/intercom/search.js';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';
import { SearchModel } from './search-model.js';

const NOW = 1_700_000_000;
const ROWS = 900;
const RULES = {
  daysIn: null,
  isInclusive: false,
  cursors: 'keyset',
  sorts: true,
  perPage: 1_000,
  weight: 1,
} as const;

/** Reads all rows, each a second older than the one before. `fail` sees the size of each page first. */
async function read(broken: readonly number[], fail: (size: number, request: number) => boolean) {
  const ages = Array.from({ length: ROWS }, (_, index) => index);
  const model = new SearchModel({ rules: RULES, now: NOW, ages, turns: [] });
  model.broken = new Set(broken);
  const sizes: number[] = [];
  const request = async (asked: ApiRequest) => {
    const { per_page: size } = (asked.body as { pagination: { per_page: number } }).pagination;
    sizes.push(size);
    if (fail(size, sizes.length)) throw new PublisherError('api-error', 'no answer to this page');
    return await model.request(asked);
  };
  const requester: Requester = { request };
  const search = { path: '/conversations/search', list: 'conversations', isOrdered: true } as const;
  let rows = 0;
  let unread = 0;
  for await (const page of pageNewestFirst(requester, search, { from: NOW - ROWS, to: null })) {
    rows += page.rows.length;
    unread += (page.unread ?? []).length;
  }
  return { rows, unread, sizes };
}

it('shrinks until the row that breaks its page is alone, and grows again behind it', async () => {
  const { rows, unread, sizes } = await read([200], () => false);
  expect([rows, unread]).toEqual([ROWS - 1, 1]);
  expect(sizes.slice(0, 2)).toEqual([150, 150]);
  expect(sizes).toContain(1);
  expect(sizes.slice(-4)).toEqual([150, 150, 150, 150]);
  expect(sizes.length).toBeLessThan(32);
});

it('grows again behind a page that fails once, after as many rows as that would have held', async () => {
  const { rows, unread, sizes } = await read([], (_, request) => request === 2);
  expect([rows, unread]).toEqual([ROWS, 0]);
  expect(sizes.filter((size) => size === 150).length).toBeGreaterThan(4);
  expect(sizes.slice(-4)).toEqual([150, 150, 150, 150]);
});
