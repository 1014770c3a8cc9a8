/**
 * Intercom's search as a model: rows that change between two requests by a script, an index that shows them
 * late, and its pages by every rule that is known of the API or feared.
 */

import fc from 'fast-check';
import type { ApiReply, ApiRequest, Requester } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';

export interface SearchRules {
  /** Null: filters compare seconds; else days in this time zone. */
  readonly daysIn: string | null;
  /** Whether `>` and `<` hold the value itself. */
  readonly isInclusive: boolean;
  readonly cursors: 'keyset' | 'position';
  /** Whether rows come newest first, as asked; else by their IDs. */
  readonly sorts: boolean;
  /** Rows on a page, however many are asked for. */
  readonly perPage: number;
  /** What each row counts for in `total_count`, so that a few are many. */
  readonly weight: number;
}

export interface ModelRow {
  readonly id: number;
  /** Epoch seconds. */
  readonly updated_at: number;
  readonly version: number;
}

export interface Change {
  readonly kind: 'create' | 'update' | 'delete';
  /** Which of the rows. */
  readonly pick: number;
  /** Seconds until the search shows it. */
  readonly lag: number;
  /** Seconds by which a new row is dated ahead. */
  readonly ahead: number;
}

/** What happens before a request is answered. */
export interface Turn {
  readonly seconds: number;
  readonly changes: readonly Change[];
  /** Whether the request fails. */
  readonly fails: boolean;
}

export interface World {
  readonly rules: SearchRules;
  /** Epoch seconds. */
  readonly now: number;
  /** Seconds that have passed since each row was updated. */
  readonly ages: readonly number[];
  readonly turns: readonly Turn[];
}

interface Query {
  readonly field?: string;
  readonly operator: string;
  readonly value: number | readonly Query[];
}

interface Asked {
  readonly query: Query;
  readonly sort: { readonly order: string };
  readonly pagination: { readonly per_page: number; readonly starting_after?: string };
}

export class SearchModel implements Requester {
  readonly #rules: SearchRules;
  readonly #rows = new Map<number, ModelRow>();
  readonly #shown = new Map<number, ModelRow>();
  readonly #turns: Turn[];
  #late: { readonly at: number; readonly row: ModelRow | null; readonly id: number }[] = [];
  #made = 0;
  #now: number;
  #left = 0;
  requests = 0;
  /** IDs of rows that break every page that holds them. */
  broken: ReadonlySet<number> = new Set();

  constructor({ rules, now, ages, turns }: World) {
    this.#rules = rules;
    this.#now = now;
    this.#turns = [...turns];
    for (const age of ages) this.#put(this.#made, now - age, 0);
    this.#catchUp();
  }

  /** The rows as they are, whether the search shows them or not. */
  get rows(): readonly ModelRow[] {
    return [...this.#rows.values()];
  }

  /** The rows as the search shows them now. */
  get shown(): readonly ModelRow[] {
    return [...this.#shown.values()];
  }

  /** How many rows the search has shown and then no more as they were, those made meanwhile among them. */
  get left(): number {
    return this.#left;
  }

  get now(): number {
    return this.#now;
  }

  /** Whether the script has not come to its end. */
  get isBusy(): boolean {
    return this.#turns.length > 0;
  }

  /** Lets time go by without changes, until everything shows. */
  rest(seconds: number): void {
    this.#now += seconds;
    this.#catchUp();
  }

  async request({ body, lists = [] }: ApiRequest): Promise<ApiReply> {
    this.requests += 1;
    this.#play(this.#turns.shift());
    const { query, sort, pagination } = body as Asked;
    const order = (a: ModelRow, b: ModelRow) =>
      sort.order === 'ascending' ? this.#order(b, a) : this.#order(a, b);
    const found = this.shown.filter((row) => this.#matches(row, query)).sort(order);
    const start = startOf(found, pagination.starting_after, order);
    const page = found.slice(start, start + Math.min(this.#rules.perPage, pagination.per_page));
    if (page.some(({ id }) => this.broken.has(id)))
      throw new PublisherError('api-error', 'a row breaks this page');
    const last = page.at(-1);
    const hasMore = last !== undefined && start + page.length < found.length;
    const json = {
      [lists[0] ?? 'data']: page,
      total_count: found.length * this.#rules.weight,
      pages: hasMore ? { next: { starting_after: this.#cursorBehind(last, start + page.length) } } : {},
    };
    return { json, receivedAt: this.#now * 1000, serverNow: this.#now };
  }

  #play(turn: Turn | undefined): void {
    if (turn === undefined) return;
    this.#now += turn.seconds;
    for (const change of turn.changes) this.#change(change);
    this.#catchUp();
    if (turn.fails) throw new PublisherError('api-unreachable', 'the script lets this request fail');
  }

  #change({ kind, pick, lag, ahead }: Change): void {
    // A row that is dated ahead stays as it is: an update would put it back in time.
    const there = this.rows.filter((row) => row.updated_at <= this.#now);
    const row = there[pick % there.length];
    if (kind === 'create') this.#put(this.#made, this.#now + ahead, lag);
    else if (row !== undefined && kind === 'update') this.#put(row.id, this.#now, lag);
    else if (row !== undefined) this.#remove(row.id, lag);
  }

  #put(id: number, updated_at: number, lag: number): void {
    const row = { id, updated_at, version: this.#made };
    this.#made += 1;
    this.#rows.set(id, row);
    this.#late.push({ at: this.#now + lag, row, id });
  }

  #remove(id: number, lag: number): void {
    this.#rows.delete(id);
    this.#late.push({ at: this.#now + lag, row: null, id });
  }

  #catchUp(): void {
    for (const { row, id } of this.#late.filter(({ at }) => at <= this.#now)) {
      const shown = this.#shown.get(id);
      const isOlder = row !== null && row.version < (shown?.version ?? -1);
      if (shown !== undefined && !isOlder) this.#left += 1;
      if (row === null) this.#shown.delete(id);
      else if (!isOlder && this.#rows.has(id)) this.#shown.set(id, row);
    }
    this.#late = this.#late.filter(({ at }) => at > this.#now);
  }

  #matches(row: ModelRow, { operator, value }: Query): boolean {
    if (operator === 'AND') return (value as readonly Query[]).every((each) => this.#matches(row, each));
    if (operator === 'OR') return (value as readonly Query[]).some((each) => this.#matches(row, each));
    const [has, asked] = [this.#unitOf(row.updated_at), this.#unitOf(value as number)];
    if (has === asked) return operator === '=' || this.#rules.isInclusive;
    return operator === (has > asked ? '>' : '<');
  }

  /** What the filter tells apart. */
  #unitOf(time: number): number | string {
    return this.#rules.daysIn === null ? time : dayFormat(this.#rules.daysIn).format(time * 1000);
  }

  #order(a: ModelRow, b: ModelRow): number {
    return (this.#rules.sorts ? b.updated_at - a.updated_at : 0) || b.id - a.id;
  }

  #cursorBehind(row: ModelRow, position: number): string {
    return JSON.stringify(this.#rules.cursors === 'position' ? position : row);
  }
}

/** Where the page behind a cursor begins. */
function startOf(
  found: readonly ModelRow[],
  cursor: string | undefined,
  order: (a: ModelRow, b: ModelRow) => number,
): number {
  if (cursor === undefined) return 0;
  const at: number | ModelRow = JSON.parse(cursor);
  return typeof at === 'number' ? at : found.filter((row) => order(row, at) <= 0).length;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(timeZone: string): Intl.DateTimeFormat {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return format;
}

const DAY = 86_400;
const MONTH = 31 * DAY;

const change: fc.Arbitrary<Omit<Change, 'lag'>> = fc.record({
  kind: fc.constantFrom('create', 'update', 'update', 'delete'),
  pick: fc.nat(1_000),
  ahead: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: MONTH }) },
  ),
});

/**
 * Turns whose changes the search shows within `longestLag` seconds; most are short and quiet, since a search
 * needs many.
 */
function turn(longestLag: number): fc.Arbitrary<Turn> {
  const changes = fc.array(
    fc.tuple(change, fc.nat(longestLag)).map(([of, lag]) => ({ ...of, lag })),
    { maxLength: 3 },
  );
  return fc.record({
    seconds: fc.oneof(
      { weight: 6, arbitrary: fc.nat(2) },
      { weight: 2, arbitrary: fc.nat(100) },
      { weight: 1, arbitrary: fc.nat(2 * longestLag) },
      { weight: 1, arbitrary: fc.nat(DAY) },
    ),
    changes: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: changes }),
    fails: fc.nat(19).map((each) => each === 0),
  });
}

const rules: fc.Arbitrary<SearchRules> = fc
  .record({
    daysIn: fc.option(fc.constantFrom('UTC', 'America/Los_Angeles', 'Asia/Kolkata', 'Pacific/Apia')),
    isInclusive: fc.boolean(),
    cursors: fc.constantFrom('keyset' as const, 'position' as const),
    sorts: fc.nat(4).map((each) => each > 0),
    perPage: fc.integer({ min: 1, max: 5 }),
    weight: fc.constantFrom(1, 700, 3_000),
  })
  // Nobody knows of a search that filters by days or counts positions and does not sort.
  .map((of) => (of.sorts ? of : { ...of, daysIn: null, cursors: 'keyset' }));

/** A workspace with some rows, and a script of what happens to them. */
export function world(longestLag: number): fc.Arbitrary<World> {
  return fc.record({
    rules,
    now: fc.integer({ min: Date.UTC(2011, 11, 28) / 1000, max: Date.UTC(2011, 11, 28) / 1000 + 400 * DAY }),
    ages: fc.array(fc.oneof(fc.nat(3), fc.nat(1_000), fc.nat(6 * DAY)), { maxLength: 25, size: 'max' }),
    turns: fc.array(turn(longestLag), { maxLength: 40, size: 'max' }),
  });
}
