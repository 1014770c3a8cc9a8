/**
 * Every kind of request that the product makes, with every fault, once and for ever: what a cycle must
 * publish, set aside or fail with. The API is the simulator over HTTP; what is published goes to a table
 * model.
 */

import { setMaxListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import { PublisherError } from '../../../src/model/errors.js';
import type { RawRow } from '../../../src/model/row.js';
import { asSearched } from '../../../src/model/table.js';
import type { TableName } from '../../../src/model/table-names.js';
import { grainOf } from '../../../src/publisher/grain.js';
import type { Fault, FaultKind, Faults } from '../../../src/simulator/faults.js';
import type { SimulatedTable } from '../../../src/simulator/workspace.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { type IntercomTable, TABLES } from '../../../src/tables/all.js';
import { confirmGone } from '../../../src/tables/confirm-gone.js';
import { readRow } from '../../../src/tables/read-row.js';
import { isMore, MORE_TABLES, type MoreTable, MoreWorkspace } from '../../support/more-workspace.js';
import { NOW, simulate } from '../../support/simulator.js';
import { shape, TableModel } from '../sync/table-model.js';
import { transportTo } from './simulator-transport.js';

vi.setConfig({ testTimeout: 120_000 });

const FAULTS = {
  'a 404 page': { kind: 'html', status: 404 },
  'a 403 page': { kind: 'html', status: 403 },
  'a redirect': { kind: 'html', status: 302 },
  'a page behind 200': { kind: 'html' },
  'an error list behind 200': { kind: 'error-list-200' },
  'another entity': { kind: 'other-id', id: 4711 },
  'a next page of no form': { kind: 'next', next: false },
  '404 with an error list': { kind: 'status', status: 404 },
  '403 with an error list': { kind: 'status', status: 403 },
  '500 with an error list': { kind: 'status', status: 500 },
  '504 after a wait': { kind: 'status', status: 504, delay: 50 },
  'an empty 200': { kind: 'empty-200' },
  'a cut body': { kind: 'truncated-json' },
  'a reset': { kind: 'reset' },
} as const satisfies Record<string, FaultKind>;
type FaultName = keyof typeof FAULTS;
const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/**
 * `ok`: everything is published by the same cycle. `aside`: everything but what was asked for, which recovers
 * later. `fails`: the table fails, and its next cycle publishes everything. `gone`: what was asked for counts
 * as gone.
 */
type Outcome = 'ok' | 'aside' | 'fails' | 'gone';

interface Case {
  /** The kind of request. */
  readonly request: string;
  readonly table: TableName;
  readonly match: Fault['match'];
  /** Meets only pages with this row. */
  readonly holding?: string;
  /** Requests that are answered before. */
  readonly after?: number;
  /** The ID that must show while it is set aside; null: an interval. */
  readonly shown?: string | null;
  readonly once: Outcome;
  readonly forever: Outcome;
  /** Its row is published as the search shows it, and once more when it is complete. */
  readonly isPublishedCut?: FaultName;
  /** What differs from that: refusals are not retried, and one row's 404 is an answer. */
  readonly but: Partial<Record<FaultName, readonly [once: Outcome, forever: Outcome]>>;
}

const CONVERSATION = '7';
const CONTACT = 'cut';
/** Lists have no ID, entities and the scroll no next page. */
const NO_ENTITY = { 'another entity': ['ok', 'ok'] } as const;
const NO_PAGES = { 'a next page of no form': ['ok', 'ok'] } as const;
const REFUSED = { ...NO_ENTITY, '403 with an error list': ['fails', 'fails'] } as const;
const LIST = { once: 'ok', forever: 'fails', but: REFUSED } as const;
const SCROLL = { ...LIST, but: { ...REFUSED, ...NO_PAGES } } as const;
/** A page that one row breaks: its ID is not known. */
const PAGE = {
  shown: null,
  once: 'ok',
  forever: 'aside',
  // No row breaks it: smaller pages would end as early.
  but: { ...REFUSED, 'a next page of no form': ['ok', 'fails'] },
} as const;
const ROW = {
  once: 'ok',
  forever: 'aside',
  but: {
    ...NO_PAGES,
    '403 with an error list': ['aside', 'aside'],
    '404 with an error list': ['gone', 'gone'],
  },
} as const;

/** Requests of a first cycle. */
const CASES: readonly Case[] = [
  { request: 'a list', table: 'tags', match: 'GET /tags', ...LIST },
  { request: 'a list of attributes', table: 'contact_attributes', match: 'GET /data_attributes', ...LIST },
  { request: 'the first page of the scroll', table: 'companies', match: 'GET /companies/scroll', ...SCROLL },
  {
    request: 'the second page of the scroll',
    table: 'companies',
    match: 'GET /companies/scroll',
    after: 1,
    ...SCROLL,
  },
  { request: 'every search', table: 'conversations', match: 'POST /conversations/search', ...LIST },
  {
    request: 'a search page with one row',
    table: 'conversations',
    match: 'POST /conversations/search',
    holding: CONVERSATION,
    ...PAGE,
  },
  {
    request: 'a contact search page with one row',
    table: 'contacts',
    match: 'POST /contacts/search',
    holding: CONTACT,
    ...PAGE,
  },
  {
    request: 'a detail',
    table: 'conversation_parts',
    match: /^GET \/conversations\/7$/,
    shown: CONVERSATION,
    ...ROW,
  },
  {
    request: 'a list inside a contact',
    table: 'contacts',
    match: /^GET \/contacts\/cut\/tags$/,
    shown: CONTACT,
    ...ROW,
    // A contact that is gone meanwhile keeps what the search showed of it.
    isPublishedCut: '404 with an error list',
    but: {
      ...ROW.but,
      ...NO_ENTITY,
      '404 with an error list': ['ok', 'ok'],
      'a next page of no form': ['ok', 'aside'],
    },
  },
  {
    request: 'the deleted conversations',
    table: 'conversations',
    match: 'GET /conversations/deleted',
    ...LIST,
    // An app without the permission has no such list.
    // The list is empty.
    but: {
      ...NO_ENTITY,
      ...NO_PAGES,
      '403 with an error list': ['ok', 'ok'],
      '404 with an error list': ['ok', 'ok'],
    },
  },
  { request: 'a list in pages', table: 'articles', match: 'GET /articles', ...LIST },
  { request: 'the second page of a list', table: 'articles', match: 'GET /articles?page=2', ...LIST },
  { request: 'a list by cursors', table: 'macros', match: 'GET /macros', ...LIST },
  { request: 'the activity logs', table: 'activity_logs', match: 'GET /admins/activity_logs', ...LIST },
  {
    request: 'the attributes of conversations',
    table: 'conversation_attributes',
    match: 'GET /conversations/attributes',
    ...LIST,
    // Versions before 2.16 list them elsewhere.
    but: { ...LIST.but, '404 with an error list': ['ok', 'ok'] },
  },
  {
    request: 'a ticket search page with one row',
    table: 'tickets',
    match: 'POST /tickets/search',
    holding: 'tickets-3',
    ...PAGE,
  },
];

interface Served {
  readonly url: string;
  readonly faults: Faults;
  remove(id: string): void;
}

interface World extends Served {
  readonly model: TableModel;
  readonly api: IntercomApi;
  cycle(): Promise<PublisherError | null>;
}

/** How much faster than ours the simulator's clock is. */
const SPEED = 20;
const TIME_ZONE = 'America/Los_Angeles';
const COUNTS = { contacts: 12, companies: 8, conversations: 12, parts: 2 };

/** A table over the API. */
async function open(name: TableName): Promise<World> {
  const served = await (isMore(name) ? serveMore(name) : serve(name));
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  const transport = transportTo(served.url, 'simulated-token', end.signal);
  onTestFinished(async () => {
    end.abort();
    await transport.close();
  });
  const api = new IntercomApi(transport, end.signal);
  const model = modelOf(TABLES[name], api);
  const cycle = async () => {
    try {
      await new TableCycle(model, model.events).run(true);
      return null;
    } catch (error) {
      if (error instanceof PublisherError) return error;
      throw error;
    }
  };
  return { ...served, model, api, cycle };
}

/** A simulator, whose contact `cut` has more tags than its row shows. */
async function serve(name: TableName): Promise<Served> {
  const startedAt = Date.now();
  // A scroll whose reply was lost expires after a minute of this clock.
  const now = () => NOW + Math.floor(((Date.now() - startedAt) / 1_000) * SPEED);
  const { simulator } = await simulate({ counts: COUNTS, seed: 21, now, timeZone: TIME_ZONE });
  const { workspace, url, faults } = simulator;
  const tags = { type: 'list', data: [{ type: 'tag', id: 't1' }], has_more: true, total_count: 11 };
  workspace.create('contacts', { id: CONTACT, tags, updated_at: NOW - 40_000 });
  const parts = { type: 'conversation_part.list', conversation_parts: [{ id: 'p7' }], total_count: 1 };
  workspace.create('conversations', {
    id: CONVERSATION,
    conversation_parts: parts,
    updated_at: NOW - 50_000,
  });
  return { url, faults, remove: (id) => void workspace.remove(name as SimulatedTable, id) };
}

/** The tables that are off by default, each of which has five rows. */
async function serveMore(name: MoreTable): Promise<Served> {
  const rowsOf = (table: MoreTable) =>
    [1, 2, 3, 4, 5].map((number) => ({
      id: `${table}-${number}`,
      full_name: `attribute ${number}`,
      custom: true,
      created_at: NOW - 1_000 * number,
      updated_at: NOW - 1_000 * number,
    }));
  const rows = Object.fromEntries(MORE_TABLES.map((table) => [table, rowsOf(table)]));
  const workspace = await MoreWorkspace.start(rows as Record<MoreTable, ReturnType<typeof rowsOf>>);
  onTestFinished(() => workspace.close());
  const remove = (id: string) => {
    workspace.rows[name] = workspace.rows[name].filter((row) => row.id !== id);
  };
  return { url: workspace.url, faults: workspace.faults, remove };
}

function modelOf(table: IntercomTable, api: IntercomApi): TableModel {
  const { isGone } = table;
  const { deletions, versionTime, ids, polling } = asSearched(table) ?? {};
  const pull: TableModel['source']['pull'] =
    polling?.(api, 60) ?? ((window, setAside) => table.pull(api, window, setAside));
  const source = {
    name: table.name,
    method: table.method,
    reads: table.reads,
    // Attributes have a full name in place of an ID.
    shape: (raw: RawRow, at: number) => shape({ ...raw, id: String(raw.id ?? raw.full_name) }, at),
    pull,
    versionTime: (row: RawRow) => (versionTime?.(row) ?? row.updated_at) as number | null,
    confirmGone: (keys: readonly string[]) => confirmGone(table, api, keys),
    deletions: deletions === undefined ? null : (since: number) => deletions(api, since),
    ids:
      ids === undefined || isGone === undefined
        ? null
        : {
            known: async () => ({ times: new Map(standing(model).map((key) => [key, 5])), until: null }),
            pull: (window) => ids(api, window),
            isGone: (id: string) => isGone(api, id),
            grain: async () => ({ unit: 'second' }) as const,
          },
    retry: {
      read: (id: string) => readRow(table, api, id),
      pull: (window) => table.pull(api, window),
    },
  } satisfies Partial<TableModel['source']>;
  const model: TableModel = new TableModel(source, { startDate: 0, lookback: 1e9 });
  return model;
}

/** The keys whose rows stand in the topic. */
function standing({ records }: TableModel): string[] {
  const rows = new Map<string, boolean>();
  for (const record of records) {
    const [, key = '', what] = record.split(' ');
    rows.set(key, what === 'there');
  }
  return [...rows].filter(([, isThere]) => isThere).map(([key]) => key);
}

/** What a cycle without faults publishes of each table. */
async function expectedOf({ request, table }: Case): Promise<string[]> {
  const world = await open(table);
  expect(await world.cycle(), request).toBeNull();
  return standing(world.model).sort();
}

/** Lets everything that is set aside be due. */
function makeDue({ model: { ledger } }: World): void {
  const nextAt = new Date(0).toISOString();
  const setAside = ledger.state.setAside.map((each) => ({ ...each, nextAt }));
  ledger.change({ setAside });
}

function outcomeOf(error: PublisherError | null, { model }: World, all: readonly string[]): Outcome {
  if (error !== null) return 'fails';
  if (model.ledger.state.setAside.length > 0) return 'aside';
  return standing(model).length === all.length ? 'ok' : 'gone';
}

describe.each(CASES)('$request', (of) => {
  it.each([1, undefined])('answers as it must to each fault, %s times', async (times) => {
    const all = await expectedOf(of);
    const cells = FAULT_NAMES.map(async (name) => {
      const world = await open(of.table);
      const holding = of.holding === undefined ? {} : { holding: [of.holding] };
      const often = times === undefined ? {} : { times };
      const { match, after = 0 } = of;
      const fault = { ...FAULTS[name], match, after, ...holding, ...often } as Fault;
      world.faults.inject(fault);
      const error = await world.cycle();
      const outcome = outcomeOf(error, world, all);
      if (outcome === 'aside') expectShown(world, of, all);
      await expectRecovery(world, outcome, all);
      const cut = of.isPublishedCut === name ? 1 : 0;
      if (outcome !== 'gone') expect(world.model.records, name).toHaveLength(all.length + cut);
      return [name, outcome] as const;
    });
    const wanted = FAULT_NAMES.map((name) => {
      const [once, forever] = of.but[name] ?? [of.once, of.forever];
      return [name, times === 1 ? once : forever] as const;
    });
    expect(Object.fromEntries(await Promise.all(cells))).toEqual(Object.fromEntries(wanted));
  });
});

/** Everything else is published, and the state names what is missing. */
function expectShown({ model }: World, { shown }: Case, all: readonly string[]): void {
  const missing = all.filter((key) => !standing(model).includes(key));
  expect(missing).toHaveLength(1);
  const [entry] = model.ledger.state.setAside;
  expect(model.ledger.state.setAside).toHaveLength(1);
  expect(entry?.id).toBe(shown);
  if (typeof shown === 'string') expect(entry?.message).toContain(shown);
  expect(entry?.message).not.toContain('region');
  expect(model.commits.at(-1)?.state.setAside).toEqual(model.ledger.state.setAside);
}

/** When the fault is over, everything is published, each row once. */
async function expectRecovery(world: World, outcome: Outcome, all: readonly string[]): Promise<void> {
  world.faults.clear();
  if (outcome === 'gone') return;
  makeDue(world);
  expect(await world.cycle()).toBeNull();
  makeDue(world);
  expect(await world.cycle()).toBeNull();
  expect(world.model.ledger.state.setAside).toEqual([]);
  expect(standing(world.model).sort()).toEqual(all);
}

const ENTITY_FAULTS = FAULT_NAMES.filter((name) => name !== 'a next page of no form');

describe('an existence check', () => {
  it.each([
    ['companies', false],
    ['contacts', true],
    ['tickets', true],
    ['articles', false],
  ] as const)('of %s holds up no other, and is no answer unless Intercom gives it', async (table, walks) => {
    const cells = ENTITY_FAULTS.map(async (name) => {
      const world = await open(table);
      if (walks) Object.assign(world.model.settings, { reconcile: '* * * * * *' });
      await world.cycle();
      const [broken = '', gone = ''] = standing(world.model);
      world.remove(gone);
      // It is there: a search or a scroll that does not show it says nothing.
      world.remove(broken);
      world.faults.inject({ ...FAULTS[name], match: `GET /${table}/${broken}` } as Fault);
      world.model.ledger.change({ reconcile: null });
      expect(await world.cycle(), name).toBeNull();
      const isThere = standing(world.model).includes(broken);
      expect(standing(world.model), name).not.toContain(gone);
      const { setAside } = world.model.ledger.state;
      expect(
        setAside.map(({ id }) => id),
        name,
      ).toEqual(isThere ? [broken] : []);
      world.faults.clear();
      makeDue(world);
      expect(await world.cycle(), name).toBeNull();
      expect(standing(world.model), name).not.toContain(broken);
      expect(world.model.ledger.state.setAside, name).toEqual([]);
      return [name, isThere] as const;
    });
    const outcomes = Object.fromEntries(await Promise.all(cells));
    expect(outcomes).toEqual(
      Object.fromEntries(ENTITY_FAULTS.map((name) => [name, name !== '404 with an error list'])),
    );
  });
});

describe('the time zone', () => {
  it.each(FAULT_NAMES.filter((name) => !(name in { ...NO_ENTITY, ...NO_PAGES })))(
    'is UTC after %s, and asked for again',
    async (name) => {
      const { faults, api } = await open('contacts');
      faults.inject({ ...FAULTS[name], match: 'GET /me' } as Fault);
      const grain = grainOf(api);
      expect(await grain({ grain: 'day' })).toEqual({ unit: 'day', timeZone: 'UTC' });
      faults.clear();
      expect(await grain({ grain: 'day' })).toEqual({ unit: 'day', timeZone: TIME_ZONE });
    },
  );
});
