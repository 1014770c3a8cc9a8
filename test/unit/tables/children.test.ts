/**
 * A child table that lies in lists below its parents: the notes of contacts, as `docs/adding-a-table.md`
 * declares them.
 */

import { expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';
import type { RawRow } from '../../../src/model/row.js';
import type { Window } from '../../../src/model/state.js';
import type { TableName } from '../../../src/model/table-names.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { children, listChildren } from '../../../src/tables/children.js';
import { CONTACT_SEARCH } from '../../../src/tables/contacts.js';
import { TableModel } from '../sync/table-model.js';

const notes = children({
  name: 'notes' as TableName,
  search: CONTACT_SEARCH,
  grain: 'day',
  parent: { id: 'contact_id', updatedAt: 'contact_updated_at' },
  read: async (api, { id, updated_at }) => {
    const path = `/contacts/${id}/notes`;
    const found = await listChildren(api, {
      path,
      route: '/contacts/{id}/notes',
      lists: ['data'],
      id: String(id),
    });
    const inherited = { contact_id: id, contact_updated_at: updated_at };
    return found && { ...found, rows: found.rows.map((note) => ({ ...note, ...inherited })) };
  },
});

/** Contacts of which each third one has notes, on two pages. */
class Contacts implements Requester {
  readonly times = new Map<string, number>();
  readonly asked: string[] = [];
  failing: ReadonlyMap<string, PublisherError> = new Map();

  async request({ method, path, scope, id }: ApiRequest) {
    const at = { receivedAt: 7, serverNow: 10_000_000 };
    if (method === 'POST') {
      const data = [...this.times].map(([id, updated_at]): RawRow => ({ id, updated_at }));
      data.sort((a, b) => Number(b.updated_at) - Number(a.updated_at));
      return { json: { data, total_count: data.length, pages: {} }, ...at };
    }
    const url = new URL(path, 'http://api');
    const [, , contact = ''] = url.pathname.split('/');
    this.asked.push(contact);
    expect([scope, id]).toEqual(['row', contact]);
    const failure = this.failing.get(contact);
    if (failure !== undefined) throw failure;
    const page = Number(url.searchParams.get('page') ?? 1);
    const data = Number(contact.slice(1)) % 3 === 0 ? [{ id: `${contact}-${page}` }] : [];
    return { json: { data, pages: { total_pages: 2 } }, ...at };
  }
}

function open() {
  const contacts = new Contacts();
  for (let number = 0; number < 60; number += 1) contacts.times.set(`c${number}`, 1_000 + number);
  const api = new IntercomApi(contacts, new AbortController().signal);
  const pull = notes.polling?.(api, 60) ?? expect.fail('it has no polls');
  const versionTime = (row: RawRow) => notes.versionTime?.(row) as number | null;
  const model = new TableModel({ pull, versionTime });
  const poll = async () => {
    contacts.asked.length = 0;
    await new TableCycle(model, model.events).run(false);
    return [...new Set(contacts.asked)];
  };
  return { contacts, model, poll, pull };
}

const notesOf = (model: TableModel) => model.records.map((record) => record.split(' ')[1]).sort();

it('publishes the children of each parent, and reads those of the parents that moved', async () => {
  const { contacts, model, poll } = open();
  expect(await poll()).toHaveLength(60);
  expect(notesOf(model)).toHaveLength(40);
  expect(model.ledger.state.bookmark).toBe(1_059);
  contacts.times.set('c0', 2_000);
  // Within the lookback before the bookmark lies none but the newest, whose children are known.
  expect(await poll()).toContain('c0');
  expect(model.records.filter((record) => record.startsWith('rows c0-'))).toHaveLength(4);
});

it('sets aside a parent whose children can’t be read, and takes one that is gone for having none', async () => {
  const { contacts, model, poll } = open();
  contacts.failing = new Map([
    ['c3', new PublisherError('api-error', 'GET /contacts/c3/notes: 500')],
    ['c6', new PublisherError('api-not-found', 'GET /contacts/c6/notes: 404')],
  ]);
  await poll();
  expect(notesOf(model)).toHaveLength(36);
  expect(model.ledger.state.setAside).toMatchObject([{ id: 'c3', window: null }]);
  expect(model.ledger.state.bookmark).toBe(1_059);
});

it('begins with a page without rows, and tells nothing of the pace of the parents', async () => {
  const { contacts, pull } = open();
  const window: Window = { from: 0, to: null };
  const pages = pull(window)[Symbol.asyncIterator]();
  expect((await pages.next()).value).toMatchObject({ rows: [], total: 60, newest: 1_059, last: false });
  expect(contacts.asked).toEqual([]);
  for (let page = await pages.next(); !page.done; page = await pages.next())
    expect(page.value).not.toHaveProperty('pace');
});
