/** The notifications of a connection, processed: what fails for one ID concerns no other one. */

import { setMaxListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Detail } from '../../../src/intercom/api.js';
import { mergedInto } from '../../../src/intercom/merge-history.js';
import { type ErrorCode, PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import type { Entity, Hint } from '../../../src/model/hint.js';
import { HintWork, hintedTables } from '../../../src/publisher/hint-work.js';
import { ReplacedIds } from '../../../src/sync/replaced.js';
import { TABLES } from '../../../src/tables/all.js';
import { row, TableModel } from '../sync/table-model.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const hint = (entity: Entity, ids: readonly string[]): Hint => ({
  contact: [],
  conversation: [],
  company: [],
  ticket: [],
  [entity]: ids,
});
const there = (id: string, more: object = {}): Detail => ({
  row: row(id, NOW / 1000, more),
  fetchedAt: Date.now(),
});
const failure = (code: ErrorCode) => new PublisherError(code, `no ${code}`);

const WORKSPACE = { id: 'w', name: null, region: null, timeZone: null };

/**
 * The work of a connection with contacts alone; `answer` gives what Intercom shows of an ID, and `control`
 * whether it answers other requests.
 */
function open(answer: (id: string) => Promise<Detail | null>, deletes = true, control = () => false) {
  const model = new TableModel({ replaced: new ReplacedIds(mergedInto) }, { startDate: 0 });
  return { model, ...openWith({ contacts: model }, answer, { deletes, control }) };
}

type Models = Partial<Record<'contacts' | 'conversations' | 'conversation_parts', TableModel>>;

/** The same with tables of one entity. */
function openWith(
  models: Models,
  answer: (id: string) => Promise<Detail | null>,
  { deletes = true, control = () => false }: { deletes?: boolean; control?: () => boolean } = {},
) {
  vi.useFakeTimers({ now: NOW });
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const asked: string[] = [];
  const api = {
    whole: (_: Entity, id: string) => {
      asked.push(id);
      return answer(id);
    },
    workspace: async () => {
      if (!control()) throw failure('api-unreachable');
      return WORKSPACE;
    },
  };
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const own = new Map(Object.entries(models) as [keyof Models, TableModel][]);
  const tables = [...own.keys()].map((name) => ({ table: TABLES[name] }));
  const entity = 'contacts' in models ? 'contact' : 'conversation';
  const work = new HintWork({
    tables: hintedTables(tables, own),
    api,
    events: new Events(),
    warn,
    deletes,
    signal: stop.signal,
  });
  work.caughtUp();
  onTestFinished(async () => {
    stop.abort();
    await work.ended;
    vi.useRealTimers();
  });
  const name = (...ids: string[]) =>
    work.receive({ connection: 'acme', hint: hint(entity, ids), at: Date.now() });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { asked, warnings, work, name, pass };
}

it('has nothing to begin with where no table is concerned', () => {
  const options = { tables: [], warn: () => undefined, deletes: true, signal: AbortSignal.abort() };
  const { model } = open(async () => null);
  const api = { whole: async () => null, workspace: async () => WORKSPACE };
  expect(new HintWork({ ...options, api, events: model.events }).since).toBeNull();
});

it.each<ErrorCode>([
  'api-rejected',
  'api-forbidden',
  'api-error',
  'api-unreadable',
  'api-unreachable',
  'api-not-found',
])(
  'sets an ID aside that is answered by %s while others are there, and gives it up in the end',
  async (code) => {
    const { model, asked, warnings, name, pass } = open(async (id) => {
      if (id === 'bad') {
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw failure(code);
      }
      return there(id);
    });
    for (let second = 0; second < 400; second += 1) {
      name(...(second === 0 ? ['bad'] : []), `good-${second}`);
      await pass(5);
      expect(model.records).toContain(`rows good-${second} there`);
      await pass(995);
    }
    expect(asked.filter((id) => id === 'bad')).toHaveLength(6);
    expect(warnings).toEqual([
      `contact bad is set aside after a notification: no ${code}`,
      `gave up on the notification for contact bad; a poll or reconcile will find the change: no ${code}`,
    ]);
    expect(model.ledger.state.hintedAt).toBe(NOW + 399_000);
    // Its table retries it from now on: the state that follows the notification names it.
    expect(model.commits.at(-1)?.state.setAside).toMatchObject([{ id: 'bad', window: null, code }]);
  },
);

it('ends what its table has set aside when a retry or another notification is answered', async () => {
  let isThere = false;
  const { model, name, pass } = open((id) =>
    id === 'good' || isThere ? Promise.resolve(there(id)) : Promise.reject(failure('api-rejected')),
  );
  const setAside = () => model.ledger.state.setAside.map(({ id }) => id);
  name('bad', 'worse', 'good');
  await pass(100);
  expect(setAside()).toEqual(['bad', 'worse']);
  expect(model.of('set-aside:added').map(({ entry }) => entry.id)).toEqual(['bad', 'worse']);
  isThere = true;
  name('bad');
  await pass(100);
  expect(setAside()).toEqual(['worse']);
  await pass(1_000);
  expect(setAside()).toEqual([]);
  expect(model.of('set-aside:recovered').map(({ entry }) => entry.id)).toEqual(['bad', 'worse']);
});

it.each<ErrorCode>(['api-error', 'api-unreadable', 'api-unreachable', 'api-not-found'])(
  'sets an ID aside that is answered by %s while no other one is asked for, once a control is answered',
  async (code) => {
    let isAnswering = false;
    const { model, warnings, name, pass } = open(
      () => Promise.reject(failure(code)),
      true,
      () => isAnswering,
    );
    name('bad');
    await pass(120_000);
    expect(model.ledger.state.setAside).toEqual([]);
    isAnswering = true;
    await pass(60_000);
    expect(model.ledger.state.setAside).toMatchObject([{ id: 'bad', window: null, code }]);
    expect(warnings).toEqual([
      `processing of notifications paused: no ${code}`,
      `contact bad is set aside after a notification: no ${code}`,
    ]);
  },
);

it('takes the failure of many IDs for an outage, whatever a control is answered', async () => {
  let isUp = false;
  const answer = (id: string) => (isUp ? Promise.resolve(there(id)) : Promise.reject(failure('api-error')));
  const { model, name, pass } = open(answer, true, () => true);
  const ids = Array.from({ length: 11 }, (_, index) => `id-${index}`);
  name(...ids);
  await pass(3_600_000);
  expect(model.ledger.state.setAside).toEqual([]);
  isUp = true;
  await pass(60_000);
  expect(model.records.toSorted()).toEqual(ids.map((id) => `rows ${id} there`).toSorted());
});

it('leaves room for what readings set aside, and keeps none of its retries from its table', async () => {
  const { model, asked, name, pass } = open(() => Promise.reject(failure('api-forbidden')));
  name(...Array.from({ length: 120 }, (_, index) => `id-${index}`));
  await pass(5_000);
  expect(new Set(asked).size).toBe(120);
  expect(model.ledger.state.setAside).toHaveLength(50);
});

it('sets nothing aside in a table where notifications delete nothing', async () => {
  const { model, asked, name, pass } = open(() => Promise.reject(failure('api-rejected')), false);
  name('bad');
  await pass(5_000);
  expect(asked).toEqual(['bad', 'bad', 'bad']);
  expect(model.ledger.state.setAside).toEqual([]);
});

it('publishes others while an ID hangs, and one that is named again when it is there', async () => {
  let isThere = false;
  const { model, asked, name, pass } = open((id) =>
    id !== 'bad' || isThere ? Promise.resolve(there(id)) : Promise.reject(failure('api-rejected')),
  );
  name('bad', 'good');
  await pass(100);
  expect(model.records).toEqual(['rows good there']);
  isThere = true;
  name('bad');
  await pass(100);
  expect(model.records).toEqual(['rows good there', 'rows bad there']);
  await pass(600_000);
  expect(asked).toEqual(['bad', 'good', 'bad']);
});

it('does not wait for an answer that does not come', async () => {
  let release: (answer: null) => void = () => undefined;
  const hanging = new Promise<null>((resolve) => {
    release = resolve;
  });
  const { model, name, pass } = open((id) => (id === 'hangs' ? hanging : Promise.resolve(there(id))));
  name('hangs', 'good');
  await pass(10);
  expect(model.records).toEqual(['rows good there']);
  // What is not processed yet is found by the next owner.
  expect(model.ledger.state.hintedAt).toBe(NOW);
  await pass(60_000);
  name('later');
  await pass(10);
  expect(model.records).toContain('rows later there');
  expect(model.ledger.state.hintedAt).toBe(NOW);
  release(null);
});

it('waits out an outage without giving an ID up, and says so once', async () => {
  let isUp = false;
  const { model, asked, warnings, name, pass } = open((id) =>
    isUp ? Promise.resolve(there(id)) : Promise.reject(failure(id === 'a' ? 'api-error' : 'api-unreachable')),
  );
  name('a', 'b');
  await pass(3_600_000);
  expect(asked.length).toBeGreaterThan(100);
  expect(asked.length).toBeLessThan(160);
  expect(warnings).toEqual(['processing of notifications paused: no api-error']);
  isUp = true;
  await pass(60_000);
  expect(model.records.toSorted()).toEqual(['rows a there', 'rows b there']);
});

it('asks for what a contact has replaced, once, and gives it a tombstone where it stands in the topic', async () => {
  const merge_history = ['b', 'c', 'old'].map((id) => ({
    source_contact_id: id,
    merged_at: id === 'old' ? NOW / 1000 - 3_600 : NOW / 1000,
  }));
  const { model, asked, name, pass } = open(async (id) =>
    id === 'a' ? there('a', { merge_history } as object) : null,
  );
  model.older.push({ key: 'b', row: {} });
  name('a');
  await pass(100);
  name('a');
  await pass(100);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
  expect(model.records).toEqual(['rows a there', 'rows b gone']);
  expect(model.lookedFor).toEqual([['b', 'c']]);
});

it('ends when the plan has lapsed, for the next owner, and gives no ID up for it', async () => {
  const { model, asked, warnings, work, name, pass } = open((id) =>
    id === 'a' ? Promise.reject(failure('plan-restricted')) : Promise.resolve(there(id)),
  );
  name('a');
  await pass(1_000);
  expect(await work.broken).toMatchObject({ code: 'plan-restricted' });
  name('b');
  await pass(600_000);
  expect(asked).toEqual(['a', 'b']);
  expect(warnings).toEqual([]);
  // The next owner begins before it.
  expect(model.ledger.state.hintedAt).toBe(NOW);
});

it('ends with the failure of a commit, for the next owner', async () => {
  const { model, work, name, pass } = open(async (id) => there(id));
  model.commitError = failure('fenced');
  name('a');
  await pass(10);
  expect(await work.broken).toMatchObject({ code: 'fenced' });
});

describe('a table whose schema the registry rejects', () => {
  const rejected = failure('schema-rejected');
  const paused = `processing of notifications for contacts paused: ${rejected.message}`;

  it('publishes the delete of an old row once the schema is accepted, and ends no session', async () => {
    const { model, asked, warnings, work, name, pass } = open(async () => null);
    model.older.push({ key: 'old', row: {} });
    model.openRejected(rejected);
    name('old');
    await pass(3_600_000);
    expect(await Promise.race([work.broken, 'running'])).toBe('running');
    expect(asked).toEqual(['old']);
    expect(model.lookedFor).toHaveLength(1);
    expect(warnings).toEqual([paused]);
    expect(model.ledger.state.hintedAt ?? 0).toBeLessThanOrEqual(NOW);
    model.registryError = null;
    await pass(60_000);
    expect(model.records).toEqual(['rows old gone']);
    name('later');
    await pass(10);
    expect(model.ledger.state.hintedAt).toBe(NOW + 3_660_000);
  });

  it('holds its notifications without requests to Intercom, and processes each of them then', async () => {
    const { model, asked, warnings, name, pass } = open(async (id) => there(id));
    model.openRejected(rejected);
    const ids = Array.from({ length: 200 }, (_, index) => `id-${index}`);
    for (const id of ids) {
      name(id);
      await pass(10_000);
    }
    expect(asked).toEqual(['id-0']);
    expect(warnings).toEqual([paused]);
    expect(model.ledger.state.hintedAt).toBeNull();
    model.registryError = null;
    await pass(60_000);
    expect(asked.slice(1)).toEqual(ids);
    expect(model.records).toEqual(ids.map((id) => `rows ${id} there`));
  });

  it('keeps no other table of the entity from being published', async () => {
    const conversations = new TableModel({ name: 'conversations' }, { startDate: 0 });
    const parts = new TableModel({ name: 'conversation_parts', isChild: true }, { startDate: 0 });
    const { asked, warnings, name, pass } = openWith(
      { conversations, conversation_parts: parts },
      async (id) =>
        there(id, { conversation_parts: { conversation_parts: [row(`part-${id}`, NOW / 1000)] } }),
    );
    conversations.openRejected(rejected);
    for (const id of ['a', 'b', 'c']) {
      name(id);
      await pass(60_000);
    }
    expect(parts.records).toEqual(['a', 'b', 'c'].map((id) => `rows part-${id} there`));
    expect(parts.ledger.state.hintedAt).toBe(NOW + 120_000);
    expect(conversations.ledger.state.hintedAt).toBeNull();
    expect(asked).toEqual(['a', 'b', 'c']);
    expect(warnings).toEqual([expect.stringContaining('notifications for conversations paused')]);
    conversations.registryError = null;
    await pass(60_000);
    expect(conversations.records).toEqual(['a', 'b', 'c'].map((id) => `rows ${id} there`));
    expect(parts.records).toHaveLength(3);
  });

  it('waits longer each time while the registry accepts the schema and publishing fails', async () => {
    const unreachable = failure('registry-unreachable');
    const { model, asked, warnings, name, pass } = open(async () => null);
    model.standingError = unreachable;
    name('old');
    await pass(3_600_000);
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.length).toBeLessThan(70);
    expect(warnings).toHaveLength(1);
    model.standingError = null;
    model.older.push({ key: 'old', row: {} });
    await pass(60_000);
    expect(model.records).toEqual(['rows old gone']);
  });
});

describe('a reading of the topic that fails', () => {
  it('is repeated when the failure concerns its table alone', async () => {
    const { model, work, name, pass } = open(async () => null);
    model.older.push({ key: 'old', row: {} });
    model.standingError = failure('api-error');
    name('old');
    await pass(10_000);
    expect(await Promise.race([work.broken, 'running'])).toBe('running');
    model.standingError = null;
    await pass(60_000);
    expect(model.records).toEqual(['rows old gone']);
  });

  it('ends the session when it is one of Kafka, for the next owner', async () => {
    const { model, work, name, pass } = open(async (id) => (id === 'old' ? null : there(id)));
    model.standingError = failure('kafka-unreachable');
    name('old');
    await pass(1_000);
    expect(await work.broken).toMatchObject({ code: 'kafka-unreachable' });
    name('new');
    await pass(1_000);
    expect(model.records).toEqual(['rows new there']);
    expect(model.ledger.state.hintedAt).toBe(NOW);
  });
});
