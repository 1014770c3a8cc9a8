/** The data of the status page: the status of every connection and table, collected from the events. */

import type { AtConnection, AtTable, BudgetUse, EventMap, Events, Progress } from '../model/events.js';
import { type ResyncStatus, resyncStatus } from '../model/resync.js';
import type { SetAside } from '../model/set-aside.js';
import { type CycleSummary, type ResyncMark, type StateError, secondsSince } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import { Activity } from './activity.js';
import type { Readiness } from './readiness.js';

export interface ConfiguredConnection {
  readonly name: string;
  /** Epoch seconds; left out: not known. */
  readonly startDate?: number;
  readonly tables: readonly { readonly name: TableName }[];
}

export interface StatusOptions {
  readonly version: string;
  /** As configured now. */
  readonly connections: () => readonly ConfiguredConnection[];
  readonly readiness: () => Promise<Readiness>;
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
  readonly connections: readonly ConnectionStatus[];
}

export interface ConnectionStatus {
  readonly name: string;
  /**
   * `starting`: assigned to this instance, and not restored yet. `elsewhere`: assigned to another instance,
   * or to none.
   */
  readonly state: 'owned' | 'starting' | 'failed' | 'elsewhere';
  readonly error: (StateError & { readonly retryAt: string | null }) | null;
  readonly budget: Pick<BudgetUse, 'used' | 'limit'> | null;
  /** Rows and tombstones published in the last whole minute. */
  readonly perMinute: number;
  /** The same for the last ten minutes, in spans of ten seconds, oldest first. */
  readonly activity: readonly number[];
  readonly tables: readonly TableStatus[];
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
  readonly perMinute: number;
  readonly activity: readonly number[];
  readonly cycle: CycleSummary | null;
  /** Of the running cycle. */
  readonly progress: Progress | null;
  readonly error: StateError | null;
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
  readonly activity: Activity;
}

interface ConnectionFacts {
  owned: boolean;
  error: ConnectionStatus['error'];
  budget: ConnectionStatus['budget'];
  readonly activity: Activity;
  readonly tables: Map<TableName, TableFacts>;
}

export class StatusBoard {
  readonly #options: StatusOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #connections = new Map<string, ConnectionFacts>();
  #assigned: readonly string[] = [];

  /** Follows the events from now on. */
  constructor(events: Events, options: StatusOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.#followConnections(events);
    this.#followTables(events);
  }

  async status(): Promise<Status> {
    const { version, connections, readiness } = this.#options;
    const { ready, reasons, notes = [] } = await readiness();
    return {
      version,
      startedAt: iso(this.#startedAt),
      now: iso(this.#now()),
      ready,
      reasons,
      notes,
      connections: connections().map((each) => this.#connectionStatus(each)),
    };
  }

  #followConnections(events: Events): void {
    events.on('instance:assigned', ({ connections }) => {
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
      for (const table of connection.tables.values())
        Object.assign(table, { running: false, progress: null });
    });
    events.on('connection:failed', (event) => {
      const { error, retryInMs } = event;
      const retryAt = retryInMs === null ? null : iso(this.#now() + retryInMs);
      this.#connection(event).error = { ...this.#reason(error), retryAt };
    });
    events.on('api:attempt', (event) => {
      const { used, limit } = event.budget;
      this.#connection(event).budget = { used, limit };
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
    this.#beat(event, event.records + event.deletes + again);
  }

  #beat(event: AtTable, count: number): void {
    this.#table(event).activity.add(count, this.#now());
    this.#connection(event).activity.add(count, this.#now());
  }

  #reason({ code, message }: { readonly code: string; readonly message: string }): StateError {
    return { code, message, at: iso(this.#now()) };
  }

  #connection({ connection }: AtConnection): ConnectionFacts {
    const known = this.#connections.get(connection);
    if (known !== undefined) return known;
    const facts = { owned: false, error: null, budget: null, activity: new Activity(), tables: new Map() };
    this.#connections.set(connection, facts);
    return facts;
  }

  #table(event: AtTable): TableFacts {
    const { tables } = this.#connection(event);
    const facts = tables.get(event.table) ?? noFacts();
    tables.set(event.table, facts);
    return facts;
  }

  #connectionStatus({ name, startDate = 0, tables }: ConfiguredConnection): ConnectionStatus {
    const facts = this.#connections.get(name);
    const now = this.#now();
    const activity = facts?.activity ?? new Activity();
    return {
      name,
      state: this.#stateOf(name, facts),
      error: facts?.error ?? null,
      budget: facts?.budget ?? null,
      perMinute: activity.perMinute(now),
      activity: activity.recent(now),
      tables: tables.map((table) =>
        tableStatus(table.name, facts?.tables.get(table.name) ?? noFacts(), { now, startDate }),
      ),
    };
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
    activity: new Activity(),
  };
}

function tableStatus(
  name: TableName,
  facts: TableFacts,
  { now, startDate }: { readonly now: number; readonly startDate: number },
): TableStatus {
  const { bookmark, records, deletes, deadLetters, unknownFields, setAside } = facts;
  const { freshAsOf, cycle, progress, error, activity } = facts;
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
    perMinute: activity.perMinute(now),
    activity: activity.recent(now),
    cycle,
    progress,
    error,
    resync: resyncStatus(facts.resync, startDate),
  };
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
