import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../../src/simulator/server.js';
import { at, Client, refusal, type Sort, simulate } from '../../support/simulator.js';

type Table = 'contacts' | 'conversations';

/** An otherwise empty workspace with one row for each name, updated at its time. */
async function workspaceOf(table: Table, times: Readonly<Record<string, string>>, settings = {}) {
  const started = await simulate({ counts: { contacts: 0, conversations: 0 }, ...settings });
  for (const [id, iso] of Object.entries(times))
    started.simulator.workspace.create(table, { id, updated_at: at(iso) });
  return started;
}

const filter = (operator: string, iso: string) => ({
  field: 'updated_at',
  operator,
  value: at(iso),
});
const orEqual = (operator: string, iso: string) => ({
  operator: 'OR',
  value: [filter(operator, iso), filter('=', iso)],
});

/** The names that a query finds, which must be the same in both directions. */
async function found({ url }: Simulator, table: Table, query: object, version = '2.16'): Promise<string> {
  const client = new Client(url, { version });
  const read = async (order: Sort['order']) =>
    (await client.pageThrough(table, { query, sort: { field: 'updated_at', order }, perPage: 150 })).flat();
  const [rising, falling] = [await read('ascending'), await read('descending')];
  expect(rising).toEqual([...falling].reverse());
  return rising.join(' ');
}

describe('a search of contacts up to version 2.16', () => {
  const DAYS: readonly { day: string; timeZone: string; times: Readonly<Record<string, string>> }[] = [
    {
      day: 'a day of 23 hours',
      timeZone: 'America/Los_Angeles',
      times: {
        before: '2024-03-10T07:59:59Z',
        first: '2024-03-10T08:00:00Z',
        afterTheGap: '2024-03-10T10:00:00Z',
        last: '2024-03-11T06:59:59Z',
        next: '2024-03-11T07:00:00Z',
      },
    },
    {
      day: 'a day of 25 hours, by both of its half past ones',
      timeZone: 'America/Los_Angeles',
      times: {
        before: '2024-11-03T06:59:59Z',
        first: '2024-11-03T07:00:00Z',
        halfPastOne: '2024-11-03T08:30:00Z',
        halfPastOneAgain: '2024-11-03T09:30:00Z',
        last: '2024-11-04T07:59:59Z',
        next: '2024-11-04T08:00:00Z',
      },
    },
    {
      day: 'a day that begins at one o’clock',
      timeZone: 'America/Sao_Paulo',
      times: {
        before: '2018-11-04T02:59:59Z',
        first: '2018-11-04T03:00:00Z',
        last: '2018-11-05T01:59:59Z',
        next: '2018-11-05T02:00:00Z',
      },
    },
    {
      day: 'a day that is half an hour off',
      timeZone: 'Asia/Kolkata',
      times: {
        before: '2024-04-30T18:29:59Z',
        first: '2024-04-30T18:30:00Z',
        noon: '2024-05-01T06:30:00Z',
        last: '2024-05-01T18:29:59Z',
        next: '2024-05-01T18:30:00Z',
      },
    },
  ];

  it.each(DAYS)('filters by $day whatever second of it is given', async ({ timeZone, times }) => {
    const { simulator } = await workspaceOf('contacts', times, { timeZone });
    const within = Object.keys(times).filter((name) => name !== 'before' && name !== 'next');
    for (const name of within) {
      const iso = times[name] ?? '';
      expect(await found(simulator, 'contacts', filter('=', iso)), name).toBe(within.join(' '));
      expect(await found(simulator, 'contacts', filter('>', iso)), name).toBe('next');
      expect(await found(simulator, 'contacts', filter('<', iso)), name).toBe('before');
      expect(await found(simulator, 'contacts', orEqual('>', iso)), name).toBe([...within, 'next'].join(' '));
      expect(await found(simulator, 'contacts', orEqual('<', iso)), name).toBe(
        ['before', ...within].join(' '),
      );
    }
  });

  it('takes a time as text, as the examples of the API do', async () => {
    const { simulator } = await workspaceOf('contacts', { one: '2024-05-01T12:00:00Z' });
    const query = { field: 'updated_at', operator: '=', value: String(at('2024-05-01T20:00:00Z')) };
    expect(await found(simulator, 'contacts', query)).toBe('one');
  });

  it('knows a window as an AND of two ORs', async () => {
    const { simulator } = await workspaceOf('contacts', {
      a: '2024-05-01T12:00:00Z',
      b: '2024-05-02T12:00:00Z',
      c: '2024-05-03T12:00:00Z',
      d: '2024-05-04T12:00:00Z',
    });
    const value = [orEqual('>', '2024-05-02T20:00:00Z'), orEqual('<', '2024-05-03T08:00:00Z')];
    expect(await found(simulator, 'contacts', { operator: 'AND', value })).toBe('b c');
  });

  it('says how long the index is behind', async () => {
    const { simulator } = await workspaceOf(
      'contacts',
      { old: '2024-05-01T11:54:59Z', fresh: '2024-05-01T11:55:01Z' },
      { indexDelay: 300 },
    );
    expect(await found(simulator, 'contacts', filter('>', '2024-01-01T00:00:00Z'))).toBe('old');
  });
});

describe('a search by the second', () => {
  const TIMES = { a: '2024-05-01T12:00:00Z', b: '2024-05-01T12:00:01Z', c: '2024-05-01T12:00:02Z' };

  it.each([
    ['>', 'c'],
    ['<', 'a'],
    ['=', 'b'],
    ['>=', 'b c'],
    ['<=', 'a b'],
  ])('of contacts from version 2.17 on: %s finds %s', async (operator, names) => {
    const { simulator } = await workspaceOf('contacts', TIMES);
    expect(await found(simulator, 'contacts', filter(operator, TIMES.b), '2.17')).toBe(names);
  });

  it('of contacts in the preview, which calls itself version 0', async () => {
    const { simulator } = await workspaceOf('contacts', TIMES);
    expect(await found(simulator, 'contacts', filter('>', TIMES.b), '0')).toBe('c');
  });

  it.each([
    [false, '>', 'c'],
    [false, '<', 'a'],
    [true, '>', 'b c'],
    [true, '<', 'a b'],
    [false, '=', 'b'],
    [true, '=', 'b'],
    [false, '>=', 'b c'],
    [true, '<=', 'a b'],
  ])('of conversations, inclusive %s: %s finds %s', async (inclusive, operator, names) => {
    const { simulator } = await workspaceOf('conversations', TIMES, { inclusive });
    expect(await found(simulator, 'conversations', filter(operator, TIMES.b))).toBe(names);
  });
});

describe('a search that the API does not take', () => {
  const since = filter('>', '2024-01-01T00:00:00Z');
  const group = (operator: string, ...value: object[]) => ({ operator, value });

  it.each([
    ['>= on a date', { query: filter('>=', '2024-01-01T00:00:00Z') }],
    ['<= on a date', { query: filter('<=', '2024-01-01T00:00:00Z') }],
    ['!= on a date', { query: filter('!=', '2024-01-01T00:00:00Z') }],
    ['IN on a date', { query: { field: 'created_at', operator: 'IN', value: [1] } }],
    ['a date that is none', { query: { field: 'updated_at', operator: '>', value: 'yesterday' } }],
    ['an operator that does not exist', { query: { field: 'role', operator: '==', value: 'user' } }],
    ['three levels', { query: group('AND', group('OR', group('AND', since))) }],
    ['16 filters in a group', { query: group('OR', ...Array.from({ length: 16 }, () => since)) }],
    ['151 rows a page', { query: since, pagination: { per_page: 151 } }],
    ['no rows a page', { query: since, pagination: { per_page: 0 } }],
    ['no query', {}],
    ['a made-up cursor', { query: since, pagination: { starting_after: 'WzEsMiwzXQ==' } }],
  ])('%s', async (_, body) => {
    const { client } = await simulate({ counts: { contacts: 3 } });
    expect(refusal(await client.post('/contacts/search', body))).toBe('400 parameter_invalid');
  });

  it('an order that is neither word', async () => {
    const { client } = await simulate({ counts: { contacts: 3 } });
    const answer = await client.post('/contacts/search', {
      query: since,
      sort: { field: 'updated_at', order: 'desc' },
    });
    expect(refusal(answer)).toBe('400 invalid_sort_order');
    expect(answer.text).toContain("Invalid sort order 'desc'. Must be one of: ascending, descending");
  });

  it('takes two levels of 15 filters and 150 rows a page', async () => {
    const { client } = await simulate({ counts: { contacts: 3 }, from: at('2024-02-01T00:00:00Z') });
    const query = group('AND', ...Array.from({ length: 15 }, () => group('OR', since)));
    const answer = await client.post('/contacts/search', { query, pagination: { per_page: 150 } });
    expect(answer.json).toMatchObject({ type: 'list', total_count: 3, pages: { page: 1, total_pages: 1 } });
  });
});
