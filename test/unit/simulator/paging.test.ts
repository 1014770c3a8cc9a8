/**
 * What the two kinds of cursor lose and keep while rows change between the pages, and what `total_count`
 * says.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/simulator/collection.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { at, Client, idsOf, pagesOf, refusal, type Sort, simulate } from '../../support/simulator.js';

const ALL = { field: 'updated_at', operator: '>', value: 0 };
const FALLING: Sort = { field: 'updated_at', order: 'descending' };
const RISING: Sort = { field: 'updated_at', order: 'ascending' };

type Cursors = 'keyset' | 'position';

/** Contacts `1` to `6`, a minute apart; what changes later is newer than all of them. */
async function sixContacts(cursors: Cursors) {
  const started = await simulate({ counts: { contacts: 0 }, cursors });
  for (let n = 1; n <= 6; n += 1) {
    const time = at('2024-04-01T12:00:00Z') + n * 60;
    started.simulator.workspace.create('contacts', { id: String(n), created_at: time, updated_at: time });
  }
  return started;
}

const update = (id: string) => (simulator: Simulator) => simulator.workspace.update('contacts', id);
const remove = (id: string) => (simulator: Simulator) => simulator.workspace.remove('contacts', id);

describe('paging two by two while a row changes after the first page', () => {
  it.each([
    ['keyset', FALLING, 'nothing', () => undefined, '6 5 | 4 3 | 2 1'],
    ['position', FALLING, 'nothing', () => undefined, '6 5 | 4 3 | 2 1'],
    ['keyset', FALLING, 'an unread row is updated: it is lost', update('3'), '6 5 | 4 2 | 1'],
    [
      'position',
      FALLING,
      'an unread row is updated: it is lost, another doubled',
      update('3'),
      '6 5 | 5 4 | 2 1',
    ],
    ['keyset', FALLING, 'a read row is updated', update('5'), '6 5 | 4 3 | 2 1'],
    ['position', FALLING, 'a read row is updated', update('5'), '6 5 | 4 3 | 2 1'],
    ['keyset', FALLING, 'a read row is removed', remove('6'), '6 5 | 4 3 | 2 1'],
    ['position', FALLING, 'a read row is removed: another is lost', remove('6'), '6 5 | 3 2 | 1'],
    ['keyset', FALLING, 'the row of the cursor is removed', remove('5'), '6 5 | 4 3 | 2 1'],
    ['position', FALLING, 'an unread row is removed', remove('2'), '6 5 | 4 3 | 1'],
    ['keyset', RISING, 'a read row is updated: it is doubled', update('1'), '1 2 | 3 4 | 5 6 | 1'],
    ['position', RISING, 'a read row is updated: another is lost', update('1'), '1 2 | 4 5 | 6 1'],
    ['keyset', RISING, 'an unread row is updated', update('3'), '1 2 | 4 5 | 6 3'],
    ['position', RISING, 'an unread row is updated', update('3'), '1 2 | 4 5 | 6 3'],
    ['keyset', RISING, 'the row of the cursor is removed', remove('2'), '1 2 | 3 4 | 5 6'],
    ['position', RISING, 'a read row is removed: another is lost', remove('1'), '1 2 | 4 5 | 6'],
    [
      'keyset',
      { field: 'id', order: 'ascending' },
      'the row of the cursor is removed',
      remove('2'),
      '1 2 | 3 4 | 5 6',
    ],
    [
      'keyset',
      { field: 'created_at', order: 'descending' },
      'the row of the cursor is removed',
      remove('5'),
      '6 5 | 4 3 | 2 1',
    ],
    [
      'keyset',
      { field: 'created_at', order: 'descending' },
      'the row of the cursor is updated',
      update('5'),
      '6 5 | 4 3 | 2 1',
    ],
  ] as const)('with %s cursors, %o: %s', async (cursors, sort, _, change, pages) => {
    const { simulator, client } = await sixContacts(cursors);
    const between = (page: number) => page === 1 && change(simulator);
    const read = await client.pageThrough('contacts', { query: ALL, sort, perPage: 2, between });
    expect(read.map((page) => page.join(' ')).join(' | ')).toBe(pages);
  });
});

describe.each(['keyset', 'position'] as const)('%s cursors', (cursors) => {
  it.each([FALLING, RISING])('read each of many rows of one second once, %o', async (sort) => {
    const { simulator, client } = await simulate({ counts: { contacts: 400 }, cursors });
    const ids = idsOf(simulator.workspace.rows('contacts'));
    for (const id of ids.slice(100, 300))
      simulator.workspace.update('contacts', id, { updated_at: at('2024-04-01T00:00:00Z') });
    const read = (await client.pageThrough('contacts', { query: ALL, sort, perPage: 7 })).flat();
    expect(read).toHaveLength(400);
    expect(new Set(read)).toEqual(new Set(ids));
  });

  it('belong to one query and one order', async () => {
    const { client } = await simulate({ counts: { contacts: 10 }, cursors });
    const first = await client.post('/contacts/search', {
      query: ALL,
      sort: FALLING,
      pagination: { per_page: 2 },
    });
    const pagination = { per_page: 2, starting_after: (pagesOf(first).next as Row).starting_after };
    const again = (body: object) =>
      client.post('/contacts/search', { query: ALL, sort: FALLING, pagination, ...body });
    expect((await again({})).json).toMatchObject({ pages: { page: 2, per_page: 2, total_pages: 5 } });
    expect(refusal(await again({ query: { ...ALL, value: 1 } }))).toBe('400 parameter_invalid');
    expect(refusal(await again({ sort: RISING }))).toBe('400 parameter_invalid');
  });
});

describe('total_count', () => {
  const TIME_ZONE = 'America/New_York';
  const FROM = at('2024-11-01T00:00:00Z');
  const time = fc.integer({ min: 0, max: 5 * 24 * 4 }).map((quarter) => FROM + quarter * 900);
  const change = fc.oneof(
    fc.record({ kind: fc.constant('create' as const), which: fc.nat(), time }),
    fc.record({ kind: fc.constant('update' as const), which: fc.nat(), time }),
    fc.record({ kind: fc.constant('remove' as const), which: fc.nat(), time }),
  );
  const filter = fc.record({
    field: fc.constant('updated_at'),
    operator: fc.constantFrom('>', '<', '='),
    value: time,
  });
  const groupOf = (value: fc.Arbitrary<object>) =>
    fc.record({
      operator: fc.constantFrom('AND', 'OR'),
      value: fc.array(value, { minLength: 1, maxLength: 3 }),
    });
  const query = fc.oneof(filter, groupOf(filter), groupOf(groupOf(filter)));

  // The day as text: another way to compare days than the simulator's.
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: TIME_ZONE });
  const day = (seconds: number) => format.format(seconds * 1000);

  function isFound(each: Row, seconds: number, keyOf: (seconds: number) => string | number): boolean {
    if (each.operator === 'AND') return (each.value as Row[]).every((one) => isFound(one, seconds, keyOf));
    if (each.operator === 'OR') return (each.value as Row[]).some((one) => isFound(one, seconds, keyOf));
    const [a, b] = [keyOf(seconds), keyOf(Number(each.value))];
    return each.operator === '>' ? a > b : each.operator === '<' ? a < b : a === b;
  }

  function apply(
    { workspace }: Simulator,
    { kind, which, time: updatedAt }: { kind: string; which: number; time: number },
  ) {
    if (kind === 'create') {
      workspace.create('contacts', { updated_at: updatedAt });
      return;
    }
    const ids = idsOf(workspace.rows('contacts'));
    const id = ids[which % Math.max(1, ids.length)];
    if (id === undefined) return;
    if (kind === 'remove') workspace.remove('contacts', id);
    else workspace.update('contacts', id, { updated_at: updatedAt });
  }

  it.each([
    ['2.16', day],
    ['2.17', (seconds: number) => seconds],
  ])(
    'is exact after any changes, and so are the rows, under version %s',
    async (version, keyOf) => {
      const property = fc.asyncProperty(
        fc.array(change, { maxLength: 15 }),
        query,
        fc.constantFrom<Sort['order']>('ascending', 'descending'),
        fc.constantFrom<Cursors>('keyset', 'position'),
        async (changes, asked, order, cursors) => {
          const { simulator } = await simulate({
            counts: { contacts: 12 },
            from: FROM,
            now: () => FROM + 5 * 86_400,
            timeZone: TIME_ZONE,
            cursors,
          });
          for (const each of changes) apply(simulator, each);
          const client = new Client(simulator.url, { version });
          const sort = { field: 'updated_at', order };
          const rows = [...simulator.workspace.rows('contacts')];
          const expected = idsOf(rows.filter((row) => isFound(asked as Row, Number(row.updated_at), keyOf)));
          const { json } = await client.post('/contacts/search', { query: asked, sort });
          expect(json.total_count).toBe(expected.length);
          const read = (await client.pageThrough('contacts', { query: asked, sort, perPage: 5 })).flat();
          expect(read).toEqual(order === 'ascending' ? expected : expected.reverse());
          await simulator.close();
        },
      );
      const seed = 20_240_501;
      process.stdout.write(`seed ${seed}\n`);
      await fc.assert(property, { numRuns: 80, seed });
    },
    30_000,
  );
});
