/**
 * Contacts that are updated, merged, archived, unarchived and deleted, noticed by polls, notifications and
 * reconciles in any order, while requests fail in between: the topic equals the workspace in the end, and no
 * key gets two tombstones without a row between them.
 */

import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import { mergedInto } from '../../../src/intercom/merge-history.js';
import { interpretReply } from '../../../src/intercom/retry.js';
import type { ApiReply, ApiRequest } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';
import type { RawRow } from '../../../src/model/row.js';
import { HintWork, hintedTables } from '../../../src/publisher/hint-work.js';
import { ReplacedIds } from '../../../src/sync/replaced.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { TABLES } from '../../../src/tables/all.js';
import { confirmGone } from '../../../src/tables/confirm-gone.js';
import { readRow } from '../../../src/tables/read-row.js';
import { runs } from '../../support/runs.js';
import { shape, TableModel } from './table-model.js';

vi.setConfig({ testTimeout: 120_000 });

const IDS = ['a', 'b', 'c', 'd'] as const;
type Id = (typeof IDS)[number];
const NOW = Date.parse('2026-01-01T00:00:00Z');
const LOOKBACK = 900;

interface Merge {
  readonly kind: 'merge';
  readonly id: Id;
  readonly into: Id;
}
/** What happens to contacts. Archived ones are answered by 404, and come back as they were. */
type Change = { readonly kind: 'update' | 'archive' | 'unarchive' | 'delete'; readonly id: Id } | Merge;
/** How it is noticed; `fails`: which of the next requests are answered by a fault. */
interface Notice {
  readonly kind: 'poll' | 'notify' | 'reconcile';
  readonly id: Id;
  readonly fails: readonly Fault[];
}
type Fault = 'none' | '500' | 'html' | 'other';
type Step = Change | Notice;

interface Contact {
  state: 'there' | 'archived' | 'gone';
  mergedInto: Id | null;
  updatedAt: number;
  version: number;
  merges: { readonly source_contact_id: Id; readonly merged_at: number }[];
}

/** Contacts behind Intercom's replies. */
class Contacts {
  readonly #contacts = new Map<Id, Contact>();
  faults: Fault[] = [];

  constructor() {
    for (const id of IDS)
      this.#contacts.set(id, {
        state: 'there',
        mergedInto: null,
        updatedAt: seconds() - 60,
        version: 0,
        merges: [],
      });
  }

  get rows(): RawRow[] {
    return IDS.filter((id) => this.#of(id).state === 'there').map((id) => this.#rowOf(id));
  }

  apply(change: Change): void {
    const contact = this.#of(change.id);
    if (change.kind === 'unarchive' && contact.state === 'archived') contact.state = 'there';
    if (change.kind === 'unarchive' || contact.state !== 'there') return;
    if (change.kind === 'merge') this.#merge(contact, change);
    else if (change.kind === 'update') this.#touch(contact);
    else if (change.kind === 'archive') contact.state = 'archived';
    else contact.state = 'gone';
  }

  #merge(source: Contact, { id, into }: Merge): void {
    const target = this.#of(into);
    if (id === into || target.state !== 'there') return;
    Object.assign(source, { state: 'gone', mergedInto: into });
    target.merges.push({ source_contact_id: id, merged_at: seconds() });
    this.#touch(target);
  }

  /** A reply, or what a fault makes of it. */
  async request(asked: ApiRequest): Promise<ApiReply> {
    const fault = this.faults.shift() ?? 'none';
    const answered = { headers: {}, ...this.#spoilt(fault, this.#answer(asked)) };
    const json = interpretReply(asked, answered, 'http://x', 'token', true);
    if (json instanceof PublisherError) throw json;
    return { json, receivedAt: Date.now(), serverNow: seconds() };
  }

  #spoilt(fault: Fault, own: { status: number; text: string }): { status: number; text: string } {
    if (fault === '500') return { status: 500, text: errorList('server_error') };
    if (fault === 'html') return { status: 404, text: '<html>' };
    // Another contact, or a page whose list is missing.
    if (fault === 'other') return { status: 200, text: JSON.stringify({ type: 'contact', id: 'z' }) };
    return own;
  }

  #answer({ method, path }: ApiRequest): { status: number; text: string } {
    if (path.startsWith('/me')) return { status: 200, text: JSON.stringify({ app: {} }) };
    if (method === 'POST') return { status: 200, text: JSON.stringify(this.#search()) };
    const id = (path.split('?')[0] ?? '').slice('/contacts/'.length) as Id;
    const contact = this.#of(id);
    if (contact.state === 'there') return { status: 200, text: JSON.stringify(this.#rowOf(id)) };
    if (contact.mergedInto === null) return { status: 404, text: errorList('not_found') };
    return { status: 410, text: errorList('contact_merged') };
  }

  /** All rows on one page: the reader filters by the exact second. */
  #search(): object {
    const data = this.rows.sort((one, other) => Number(other.updated_at) - Number(one.updated_at));
    return { type: 'list', data, total_count: data.length, pages: { next: null } };
  }

  #rowOf(id: Id): RawRow {
    const { updatedAt, version, merges } = this.#of(id);
    return { type: 'contact', id, updated_at: updatedAt, text: `${version}`, merge_history: merges };
  }

  #touch(contact: Contact): void {
    contact.version += 1;
    contact.updatedAt = seconds();
  }

  #of(id: Id): Contact {
    const contact = this.#contacts.get(id);
    if (contact === undefined) throw new Error(`there is no contact ${id}`);
    return contact;
  }
}

const seconds = () => Math.floor(Date.now() / 1000);
const errorList = (code: string) => JSON.stringify({ type: 'error.list', errors: [{ code }] });

/** The table of contacts over them, with notifications. */
function open(contacts: Contacts) {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  const api = new IntercomApi(contacts, end.signal);
  const table = TABLES.contacts;
  const find = async (id: string) => {
    const detail = await api.whole('contact', id);
    return detail && { rows: [detail.row], fetchedAt: detail.fetchedAt };
  };
  const model: TableModel = new TableModel(
    {
      shape,
      find,
      replaced: new ReplacedIds(mergedInto),
      pull: (window, setAside) => table.pull(api, window, setAside),
      confirmGone: (keys) => confirmGone(table, api, keys),
      ids: {
        known: async () => ({ times: new Map(standing(model).map(([key]) => [key, 5])), until: null }),
        pull: (window) => api.search({ path: '/contacts/search', list: 'data' }, window),
        isGone: (id) => api.isContactGone(id),
        grain: async () => ({ unit: 'second' }),
        start: 0,
        hashOf: async (row, fetchedAt) => hashOf(row, fetchedAt),
        find,
      },
      retry: { read: (id) => readRow(table, api, id), pull: (window) => table.pull(api, window) },
    },
    { startDate: 0, lookback: LOOKBACK },
  );
  const work = new HintWork({
    tables: hintedTables([{ table }], new Map([['contacts', model]])),
    api,
    events: model.events,
    warn: () => undefined,
    deletes: true,
    signal: end.signal,
  });
  work.caughtUp();
  return { model, work, close: () => end.abort() };
}

function hashOf(row: RawRow, fetchedAt: number): string | null {
  const shaped = shape(row, fetchedAt);
  return shaped.ok ? shaped.row.hash : null;
}

/** What the topic has last of each key that stands there. */
function standing({ log }: TableModel): [string, string][] {
  const rows = new Map<string, string>();
  for (const { key, value } of log) {
    if (value === null) rows.delete(key);
    else rows.set(key, value);
  }
  return [...rows].sort();
}

/** Notices what has happened. What fails by a fault of the API is noticed later. */
async function notice(of: Notice, { model, work }: ReturnType<typeof open>, contacts: Contacts) {
  contacts.faults = [...of.fails];
  if (of.kind === 'notify') {
    const hint = { contact: [of.id], conversation: [], company: [], ticket: [] };
    work.receive({ connection: 'acme', hint, at: Date.now() });
    await vi.advanceTimersByTimeAsync(100);
    return;
  }
  const isReconcile = of.kind === 'reconcile';
  Object.assign(model.settings, { reconcile: isReconcile ? '* * * * * *' : null });
  if (isReconcile) model.ledger.change({ reconcile: null });
  try {
    await new TableCycle(model, model.events).run(isReconcile);
  } catch (error) {
    if (!(error instanceof PublisherError) || error.origin !== 'intercom') throw error;
  }
}

/** Lets everything recover: notifications are retried for six minutes, what is set aside is due. */
async function settle(opened: ReturnType<typeof open>, contacts: Contacts) {
  contacts.faults = [];
  await vi.advanceTimersByTimeAsync(400_000);
  for (let round = 0; round < 3; round += 1) {
    const nextAt = new Date(0).toISOString();
    const { ledger } = opened.model;
    ledger.change({ setAside: ledger.state.setAside.map((each) => ({ ...each, nextAt })) });
    await notice({ kind: 'reconcile', id: 'a', fails: [] }, opened, contacts);
    await vi.advanceTimersByTimeAsync(1_000);
  }
}

const id = fc.constantFrom(...IDS);
const fault = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fault>('none') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>('500', 'html', 'other') },
);
const change = fc.oneof(
  fc.record({ kind: fc.constantFrom('update', 'archive', 'unarchive', 'delete'), id }),
  fc.record({ kind: fc.constant('merge'), id, into: id }),
);
const noticed = fc.record({
  kind: fc.constantFrom('poll', 'notify', 'reconcile'),
  id,
  fails: fc.array(fault, { maxLength: 4 }),
});
const steps = fc.array(fc.oneof(change, noticed) as fc.Arbitrary<Step>, { maxLength: 24 });

it('ends with the rows of the workspace, and with one tombstone for each end of a row', async () => {
  vi.useFakeTimers({ now: NOW });
  onTestFinished(() => void vi.useRealTimers());
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const contacts = new Contacts();
      const opened = open(contacts);
      await notice({ kind: 'poll', id: 'a', fails: [] }, opened, contacts);
      for (const step of script) {
        await vi.advanceTimersByTimeAsync(1_700);
        if ('fails' in step) await notice(step, opened, contacts);
        else contacts.apply(step);
      }
      await settle(opened, contacts);
      const { model } = opened;
      const expected = contacts.rows.map((row): [string, string] => [String(row.id), JSON.stringify(row)]);
      expect(standing(model)).toEqual(expected.sort());
      expect(model.ledger.state.setAside).toEqual([]);
      for (const key of IDS) {
        const own = model.log.filter((each) => each.key === key);
        const isRepeated = own.some(({ value }, at) => value === null && own[at - 1]?.value === null);
        expect(isRepeated, `two tombstones of ${key}`).toBe(false);
      }
      opened.close();
      await opened.work.ended;
    }),
    { numRuns: runs(300) },
  );
});
