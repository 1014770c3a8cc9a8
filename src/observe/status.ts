/** The data of the status page: the status of every connection and table, collected from the events. */

import type {
  AtConnection,
  AtTable,
  BudgetUse,
  EventMap,
  Events,
  LetterChanges,
  Progress,
} from '../model/events.js';
import { type ResyncStatus, resyncStatus } from '../model/resync.js';
import type { SetAside } from '../model/set-aside.js';
import { type CycleSummary, type ResyncMark, type StateError, secondsSince } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import { adviceOn } from './advice.js';
import { History, type Minutes, NO_MINUTES } from './history.js';
import { keyOf } from './instruments.js';
import { NextPolls } from './next-polls.js';
import type { Readiness } from './readiness.js';
import { Revisions, type Seen } from './revisions.js';
import { type ShownLetter, StandingLetters } from './standing-letters.js';

export interface ConfiguredTable {
  readonly name: TableName;
  /** Cron expression; null: back to back. */
  readonly schedule: string | null;
}

export interface ConfiguredConnection {
  readonly name: string;
  /** Epoch seconds; left out: not known. */
  readonly startDate?: number;
  readonly tables: readonly ConfiguredTable[];
}

export interface StatusOptions {
  readonly version: string;
  /** As configured now. */
  readonly connections: () => readonly ConfiguredConnection[];
  readonly readiness: () => Promise<Readiness>;
  /** The time in epoch milliseconds at which a cron expression comes round next. */
  readonly nextTime: (schedule: string) => number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** The JSON of `/api/status`. Times are ISO 8601 in UTC. */
export interface Status {
  readonly version: string;
  readonly startedAt: string;
  readonly now: string;
  readonly ready: boolean;
  /** Why the instance is not ready. */
  readonly reasons: readonly string[];
  /** Warnings for the operator while it is ready. */
  readonly notes: readonly string[];
  /** Names this answer: with `?since=REVISION` the next one has only what changed. */
  readonly revision: string;
  /**
   * Whether the answer has every connection and table. Otherwise it has those that changed, and of histories
   * only the minutes since the previous answer.
   */
  readonly complete: boolean;
  readonly connections: readonly ConnectionStatus[];
}

export interface ConnectionStatus {
  readonly name: string;
  /** Whether it has every table and whole histories: it may in an answer that is not complete. */
  readonly complete: boolean;
  /**
   * `starting`: assigned to this instance, and not restored yet. `elsewhere`: assigned to another instance,
   * or to none.
   */
  readonly state: 'owned' | 'starting' | 'failed' | 'elsewhere';
  readonly error: (ShownError & { readonly retryAt: string | null }) | null;
  readonly budget: BudgetStatus | null;
  /** Rows and tombstones published in the last whole minute. */
  readonly perMinute: number;
  /** The same for each minute of the last hour. */
  readonly history: Minutes;
  readonly tables: readonly TableStatus[];
}

export interface ShownError extends StateError {
  /** What to do, as in docs/operations.md; null for codes that this version does not know. */
  readonly advice: string | null;
}

/** The use of the app's request budget. */
export interface BudgetStatus extends Pick<BudgetUse, 'used' | 'limit'> {
  /** When the last request was answered. */
  readonly at: string;
  /** The most requests in one window, for each minute of the last hour. */
  readonly history: Minutes;
}

export interface TableStatus {
  readonly name: TableName;
  /**
   * `waiting`: never read, and its first cycle has not started. `unknown`: no event of it has arrived yet.
   */
  readonly state: 'unknown' | 'waiting' | 'running' | 'paused' | 'failed' | 'ok';
  readonly bookmark: string | null;
  /** ISO 8601: when the last complete cycle started. */
  readonly freshAsOf: string | null;
  /** Seconds from that time until now. */
  readonly lag: number | null;
  /** Since the table's state began. */
  readonly records: number;
  readonly deletes: number;
  readonly deadLetters: number;
  readonly unknownFields: number;
  /** The rows that can't be read, and are retried. */
  readonly setAside: readonly SetAside[];
  /** The newest dead letters that this instance has written and not removed since; never their rows. */
  readonly letters: readonly ShownLetter[];
  readonly perMinute: number;
  readonly history: Minutes;
  readonly cycle: CycleSummary | null;
  /** Cron expression in UTC; null: it is polled back to back. */
  readonly schedule: string | null;
  /** When it is polled next; null while it is paused, read back to back, or not served here. */
  readonly nextPollAt: string | null;
  /** Of the running cycle. */
  readonly progress: Progress | null;
  readonly error: ShownError | null;
  /** The last resync, under way or ended; null: none. */
  readonly resync: ResyncStatus | null;
}

interface TableFacts {
  restored: boolean;
  running: boolean;
  progress: Progress | null;
  error: StateError | null;
  records: number;
  deletes: number;
  deadLetters: number;
  unknownFields: number;
  setAside: readonly SetAside[];
  bookmark: number | null;
  freshAsOf: string | null;
  paused: boolean;
  cycle: CycleSummary | null;
  resync: ResyncMark | null;
  readonly letters: StandingLetters;
  readonly history: History;
}

interface ConnectionFacts {
  owned: boolean;
  error: (StateError & { readonly retryAt: string | null }) | null;
  budget: Omit<BudgetStatus, 'history'> | null;
  readonly budgetHistory: History;
  readonly history: History;
  readonly tables: Map<TableName, TableFacts>;
}

export class StatusBoard {
  readonly #options: StatusOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #connections = new Map<string, ConnectionFacts>();
  readonly #revisions = new Revisions();
  readonly #nextPolls: NextPolls;
  #configured: readonly ConfiguredConnection[] = [];
  #assigned: readonly string[] = [];

  /** Follows the events from now on. */
  constructor(events: Events, options: StatusOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.#nextPolls = new NextPolls(options.nextTime);
    this.#followConnections(events);
    this.#followTables(events);
  }

  /** Everything, or what changed since the answer with the revision `since`. */
  async status(since: string | null = null): Promise<Status> {
    const { version, readiness } = this.#options;
    const { ready, reasons, notes = [] } = await readiness();
    const configured = this.#readConfigured();
    const now = this.#now();
    const seen = this.#revisions.seen(since, now);
    return {
      version,
      startedAt: iso(this.#startedAt),
      now: iso(now),
      ready,
      reasons,
      notes,
      revision: this.#revisions.token(now),
      complete: seen === null,
      connections: configured.flatMap((each) => this.#connectionStatus(each, now, seen) ?? []),
    };
  }

  /** The connections as configured now. */
  #readConfigured(): readonly ConfiguredConnection[] {
    const configured = this.#options.connections();
    if (configured !== this.#configured) this.#revisions.touchAll();
    this.#configured = configured;
    return configured;
  }

  #followConnections(events: Events): void {
    events.on('instance:assigned', ({ connections }) => {
      for (const name of changedBetween(this.#assigned, connections)) this.#revisions.renew(name);
      this.#assigned = connections;
      // This instance does not receive the events of another instance.
      for (const name of this.#connections.keys()) {
        if (!connections.includes(name)) this.#connections.delete(name);
      }
    });
    events.on('connection:owned', (event) => {
      Object.assign(this.#connection(event), { owned: true, error: null });
    });
    events.on('connection:released', (event) => {
      const connection = this.#connection(event);
      connection.owned = false;
      for (const table of connection.tables.keys())
        Object.assign(this.#table({ ...event, table }), { running: false, progress: null });
    });
    events.on('connection:failed', (event) => {
      const { error, retryInMs } = event;
      const retryAt = retryInMs === null ? null : iso(this.#now() + retryInMs);
      this.#connection(event).error = { ...this.#reason(error), retryAt };
    });
    events.on('api:attempt', (event) => {
      const { used, limit } = event.budget;
      const connection = this.#connection(event);
      connection.budget = { used, limit, at: iso(this.#now()) };
      connection.budgetHistory.raise(used, this.#now());
    });
  }

  #followTables(events: Events): void {
    events.on('table:restored', (event) => {
      const { bookmark, freshAsOf, paused, cycle, error, resync } = event.state;
      const { records, deletes, deadLetters, unknownFields, setAside } = event.state;
      const counts = { records, deletes, deadLetters, unknownFields, setAside };
      Object.assign(this.#table(event), {
        restored: true,
        bookmark,
        freshAsOf,
        paused,
        cycle,
        error,
        resync,
        ...counts,
      });
    });
    events.on('resync:changed', (event) => {
      this.#table(event).resync = event.resync;
    });
    events.on('table:paused', (event) => {
      this.#table(event).paused = event.isPaused;
    });
    events.on('set-aside:changed', (event) => {
      this.#table(event).setAside = event.entries;
    });
    events.on('table:started', (event) => {
      Object.assign(this.#table(event), { running: true, progress: null });
    });
    events.on('page:committed', (event) => this.#add(event));
    events.on('deletions:committed', (event) => {
      this.#table(event).deletes += event.deletes;
      this.#beat(event, event.deletes);
    });
    events.on('hints:committed', (event) => this.#count(event, 0));
    events.on('resync:committed', (event) => this.#count(event, event.republished));
    events.on('table:finished', (event) => {
      const { summary: cycle, bookmark } = event;
      const freshAsOf = cycle.startedAt;
      const facts = { running: false, progress: null, error: null, cycle, freshAsOf, bookmark };
      Object.assign(this.#table(event), facts);
    });
    events.on('table:failed', (event) => {
      const error = this.#reason(event.error);
      Object.assign(this.#table(event), { running: false, progress: null, error });
    });
  }

  #add(event: EventMap['page:committed']): void {
    const { bookmark, progress } = event;
    Object.assign(this.#table(event), { bookmark, progress });
    this.#count(event, 0);
  }

  /** `again`: rows that were published once more as they were. */
  #count(event: EventMap['page:committed' | 'hints:committed' | 'resync:committed'], again: number): void {
    const table = this.#table(event);
    table.records += event.records;
    table.deletes += event.deletes;
    table.deadLetters += event.deadLetters;
    for (const count of event.unknownFields.values()) table.unknownFields += count;
    this.#showLetters(table, event.letters);
    this.#beat(event, event.records + event.deletes + again);
  }

  #showLetters(table: TableFacts, changes: LetterChanges | undefined): void {
    if (changes !== undefined) table.letters.apply(changes, iso(this.#now()));
  }

  #beat(event: AtTable, count: number): void {
    this.#table(event).history.add(count, this.#now());
    this.#connection(event).history.add(count, this.#now());
  }

  #reason({ code, message }: { readonly code: string; readonly message: string }): StateError {
    return { code, message, at: iso(this.#now()) };
  }

  /** The facts of a connection, which are about to change. */
  #connection({ connection }: AtConnection): ConnectionFacts {
    this.#revisions.touch(connection);
    const known = this.#connections.get(connection);
    if (known !== undefined) return known;
    const histories = { history: new History(), budgetHistory: new History() };
    const facts = { owned: false, error: null, budget: null, ...histories, tables: new Map() };
    this.#connections.set(connection, facts);
    return facts;
  }

  /** The facts of a table, which are about to change. */
  #table(event: AtTable): TableFacts {
    this.#revisions.touch(keyOf(event));
    const { tables } = this.#connection(event);
    const facts = tables.get(event.table) ?? noFacts();
    tables.set(event.table, facts);
    return facts;
  }

  /** Null when nothing of it is newer than what the client has seen. */
  #connectionStatus(
    { name, startDate = 0, tables }: ConfiguredConnection,
    now: number,
    client: Seen | null,
  ): ConnectionStatus | null {
    // Each change of a table is one of its connection.
    if (client !== null && !this.#revisions.isNewer(name, client)) return null;
    const seen = client === null || this.#revisions.isRenewed(name, client) ? null : client;
    const facts = this.#connections.get(name);
    const from = seen?.at ?? 0;
    const isShown = (table: ConfiguredTable) =>
      seen === null || this.#revisions.isNewer(keyOf({ connection: name, table: table.name }), seen);
    return {
      name,
      complete: seen === null,
      state: this.#stateOf(name, facts),
      error: facts?.error ? { ...withAdvice(facts.error), retryAt: facts.error.retryAt } : null,
      budget: facts?.budget ? { ...facts.budget, history: facts.budgetHistory.minutes(now, from) } : null,
      perMinute: facts?.history.lastMinute(now) ?? 0,
      history: facts?.history.minutes(now, from) ?? NO_MINUTES,
      tables: tables.filter(isShown).map((table) => ({
        ...tableStatus(table.name, facts?.tables.get(table.name) ?? noFacts(), { now, from, startDate }),
        schedule: table.schedule,
        nextPollAt: this.#nextPollAt(table, facts, now),
      })),
    };
  }

  #nextPollAt({ name, schedule }: ConfiguredTable, facts: ConnectionFacts | undefined, now: number) {
    const isPolled = facts?.owned === true && facts.tables.get(name)?.paused !== true;
    return isPolled && schedule !== null ? iso(this.#nextPolls.of(schedule, now)) : null;
  }

  #stateOf(name: string, facts: ConnectionFacts | undefined): ConnectionStatus['state'] {
    if (facts?.owned === true) return 'owned';
    if (!this.#assigned.includes(name)) return 'elsewhere';
    return facts?.error ? 'failed' : 'starting';
  }
}

function noFacts(): TableFacts {
  return {
    restored: false,
    running: false,
    progress: null,
    error: null,
    records: 0,
    deletes: 0,
    deadLetters: 0,
    unknownFields: 0,
    setAside: [],
    bookmark: null,
    freshAsOf: null,
    paused: false,
    cycle: null,
    resync: null,
    letters: new StandingLetters(),
    history: new History(),
  };
}

function tableStatus(
  name: TableName,
  facts: TableFacts,
  { now, from, startDate }: { readonly now: number; readonly from: number; readonly startDate: number },
): Omit<TableStatus, 'schedule' | 'nextPollAt'> {
  const { bookmark, records, deletes, deadLetters, unknownFields, setAside } = facts;
  const { freshAsOf, cycle, progress, error, letters, history } = facts;
  return {
    name,
    state: stateOf(facts),
    bookmark: bookmark === null ? null : iso(bookmark * 1_000),
    freshAsOf,
    lag: secondsSince(freshAsOf, now),
    records,
    deletes,
    deadLetters,
    unknownFields,
    setAside,
    letters: letters.newest,
    perMinute: history.lastMinute(now),
    history: history.minutes(now, from),
    cycle,
    progress,
    error: error === null ? null : withAdvice(error),
    resync: resyncStatus(facts.resync, startDate),
  };
}

function withAdvice({ code, message, at }: StateError): ShownError {
  return { code, message, at, advice: adviceOn(code) };
}

/** The names that are in one of the lists only. */
function changedBetween(before: readonly string[], after: readonly string[]): readonly string[] {
  const [old, current] = [new Set(before), new Set(after)];
  return [...before.filter((name) => !current.has(name)), ...after.filter((name) => !old.has(name))];
}

function stateOf({ restored, running, paused, error, cycle }: TableFacts): TableStatus['state'] {
  if (running) return 'running';
  if (paused) return 'paused';
  if (error !== null) return 'failed';
  if (cycle !== null) return 'ok';
  return restored ? 'waiting' : 'unknown';
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
