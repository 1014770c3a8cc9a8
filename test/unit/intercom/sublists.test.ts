/** Lists inside a contact that are cut short: what their entries keep, and when they are read again. */

import { expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import { contacts } from '../../../src/tables/contacts.js';

type Json = Readonly<Record<string, unknown>>;
const NOW = 1_700_000_000;
const LISTS = ['tags', 'companies', 'notes', 'opted_out_subscription_types', 'opted_in_subscription_types'];

/**
 * The first ten entries of a list, as a contact shows them; the first one has a field that nobody documents.
 */
const shown = (ids: readonly number[]) =>
  ids.map((id) => ({ id: String(id), type: 't', url: `/t/${id}`, ...(id === 1 ? { odd: 1 } : {}) }));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

class Workspace implements Requester {
  readonly asked: string[] = [];
  updatedAt = NOW;
  cut: Json = { type: 'list', data: [...shown(upTo(10)), null], total_count: 14, has_more: true, url: '/x' };

  async request({ method, path }: ApiRequest) {
    const at = { receivedAt: 0, serverNow: NOW + 100 };
    if (method === 'POST') return { json: { data: [this.#row()], total_count: 1, pages: {} }, ...at };
    const list = path.split('?')[0] ?? '';
    this.asked.push(list);
    const consent = (id: number) => ({ consent_type: id % 2 === 0 ? 'opt_in' : 'opt_out' });
    const data = upTo(11).map((id) => ({ id: String(id), name: `n${id}`, ...consent(id), fresh: id }));
    return { json: { data: [...data, 'a text'] }, ...at };
  }

  #row() {
    const { cut } = this;
    const whole = { ...cut, has_more: false };
    return {
      id: 'c',
      updated_at: this.updatedAt,
      tags: cut,
      companies: cut,
      notes: cut,
      opted_out_subscription_types: cut,
      opted_in_subscription_types: whole,
    };
  }
}

async function poll(
  pull: (window: {
    from: number;
    to: null;
  }) => AsyncIterable<{ rows: readonly Json[]; onAccepted?: () => void }>,
  isAccepted = true,
) {
  const rows: Json[] = [];
  for await (const page of pull({ from: 0, to: null })) {
    rows.push(...page.rows);
    if (isAccepted) page.onAccepted?.();
  }
  return rows;
}

function open() {
  const workspace = new Workspace();
  const api = new IntercomApi(workspace, new AbortController().signal);
  return { workspace, pull: contacts.polling?.(api, 60) ?? expect.fail('it has no polls') };
}

it('keep what Intercom says of the list, and every field of an entry that nobody documents', async () => {
  const { workspace, pull } = open();
  const [row = {}] = await poll(pull);
  for (const list of LISTS.slice(0, 3)) {
    const { data, ...envelope } = row[list] as { data: readonly unknown[] };
    expect(envelope).toEqual({ type: 'list', total_count: 14, has_more: true, url: '/x' });
    expect(data).toHaveLength(13);
    expect(data[0]).toMatchObject({ id: '1', url: '/t/1', odd: 1, fresh: 1 });
    expect(data[10]).toMatchObject({ id: '11', fresh: 11 });
    // What a tag, a company or a note is called is no fact of the contact.
    if (list !== 'notes') expect(data[10]).not.toHaveProperty('name');
    expect(data.slice(11)).toEqual(['a text', null]);
  }
  const { data } = row.opted_out_subscription_types as { data: readonly Json[] };
  expect(data.slice(0, 6).map(({ id }) => id)).toEqual(['1', '3', '5', '7', '9', '11']);
  expect(row.opted_in_subscription_types).toEqual({ ...workspace.cut, has_more: false });
});

it('are completed once, and again only when the row changes', async () => {
  const { workspace, pull } = open();
  const whole = [
    '/contacts/c/tags',
    '/contacts/c/companies',
    '/contacts/c/notes',
    '/contacts/c/subscriptions',
  ];
  await poll(pull);
  expect(workspace.asked).toEqual(whole);
  for (let each = 0; each < 10; each += 1) expect(await poll(pull)).toEqual([]);
  expect(workspace.asked).toEqual(whole);
  workspace.updatedAt += 1;
  expect(await poll(pull)).toHaveLength(1);
  workspace.cut = { ...workspace.cut, total_count: 15 };
  expect(await poll(pull)).toHaveLength(1);
  expect(workspace.asked).toHaveLength(3 * whole.length);
});

it('are completed again when the page was not published', async () => {
  const { workspace, pull } = open();
  await poll(pull, false);
  expect(await poll(pull)).toHaveLength(1);
  expect(workspace.asked).toHaveLength(8);
});
