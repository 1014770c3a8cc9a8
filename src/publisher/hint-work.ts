/**
 * Works off the notifications of one connection: asks for what they name, and publishes what came of it.
 *
 * Things wait in the order in which they were named, each once: what is named again while it waits is asked for once, and what is named
 * while it is asked for is asked for again.
 */

import type { Detail, IntercomApi } from '../intercom/api.js';
import { pause } from '../intercom/transport.js';
import type { KeptHint } from '../kafka/hints.js';
import { asPublisherError, type ErrorCode, type PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { ENTITIES, type Entity } from '../model/hint.js';
import type { RawRow } from '../model/row.js';
import type { TableName } from '../model/table-names.js';
import { type Fetched, publishHinted } from '../sync/hinted.js';
import type { TableWork } from '../sync/source.js';
import type { IntercomTable } from '../tables/all.js';

/** A table that notifications concern. */
export interface HintedTable {
  readonly table: IntercomTable;
  readonly work: TableWork;
}

export interface HintWorkOptions {
  readonly connection: string;
  readonly tables: readonly HintedTable[];
  readonly api: IntercomApi;
  readonly events: Events;
  /** Whether what is gone becomes a tombstone. */
  readonly deletes: boolean;
  /** Ends with the session. */
  readonly signal: AbortSignal;
}

/** Things asked for together. */
const AT_ONCE = 25;
/** More may not wait: the next poll finds what changed, and `reconcile` what went. */
const MOST_WAITING = 20_000;
/** A broker that takes a partition over may be behind by so much. */
const MARGIN_MS = 10_000;
/** One thing that can't be asked for, while others can, is asked for again so often. */
const MOST_FAILURES = 2;
/** Answers that may concern one thing alone: those that are certain to, and those that are where another one was answered. */
const REFUSED = new Set<ErrorCode>(['api-rejected', 'api-forbidden']);
const BROKEN = new Set<ErrorCode>(['api-error', 'api-unreadable']);
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

interface Waiting {
  /** When it was named (epoch milliseconds by the broker's clock). */
  readonly at: number;
  /** How often it could not be asked for. */
  readonly failures: number;
}

interface Answer {
  readonly id: string;
  /** Null: it is gone. */
  readonly detail: Detail | null;
}

interface Failed {
  readonly id: string;
  readonly waiting: Waiting;
  readonly error: PublisherError;
}

export class HintWork {
  readonly #options: HintWorkOptions;
  /** IDs that wait. */
  readonly #waiting: Readonly<Record<Entity, Map<string, Waiting>>> = {
    contact: new Map(),
    conversation: new Map(),
    company: new Map(),
  };
  /** What was worked off before this session began, by the time of the notification. */
  readonly #workedOff: ReadonlyMap<Entity, number | null>;
  readonly #idle = new Set<() => void>();
  #isCaughtUp = false;
  /** Resolves with the first failure that the work can't outlast, or with null at its end. */
  readonly broken: Promise<PublisherError | null>;
  /** Resolves when all work has come to rest. */
  readonly ended: Promise<void>;

  constructor(options: HintWorkOptions) {
    this.#options = options;
    this.#workedOff = new Map(ENTITIES.map((entity) => [entity, earliest(this.#concernedBy(entity))]));
    options.signal.addEventListener('abort', () => this.#wake(), { once: true });
    const runs = ENTITIES.map((entity) => this.#run(entity));
    this.ended = Promise.all(runs).then(() => undefined);
    this.broken = new Promise((resolve) => {
      for (const run of runs) void run.then((error) => (error === null ? undefined : resolve(error)));
      void this.ended.then(() => resolve(null));
    });
  }

  /** From when on notifications are still to be worked off (epoch milliseconds by the broker's clock), or null: as many as there are. */
  get since(): number | null {
    const times = ENTITIES.filter((entity) => this.#concernedBy(entity).length > 0).map(
      (entity) => this.#workedOff.get(entity) ?? null,
    );
    return times.includes(null) ? null : Math.min(...times.map(Number));
  }

  take({ hint, at }: KeptHint): void {
    for (const entity of ENTITIES) {
      const waiting = this.#waiting[entity];
      const workedOff = this.#workedOff.get(entity) ?? null;
      if (workedOff !== null && at < workedOff - MARGIN_MS) continue;
      for (const id of hint[entity]) {
        if (!waiting.has(id) && waiting.size < MOST_WAITING) waiting.set(id, { at, failures: 0 });
      }
    }
    this.#wake();
  }

  /** Everything from before the session began has been taken: from now on times rise. */
  caughtUp(): void {
    this.#isCaughtUp = true;
  }

  #concernedBy(entity: Entity): HintedTable[] {
    return this.#options.tables.filter(({ table }) => table.hinted?.entity === entity);
  }

  async #run(entity: Entity): Promise<PublisherError | null> {
    const { signal } = this.#options;
    const concerned = this.#concernedBy(entity);
    const waiting = this.#waiting[entity];
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      if (waiting.size === 0) {
        await this.#named();
        continue;
      }
      const batch = [...waiting].slice(0, AT_ONCE);
      for (const [id] of batch) waiting.delete(id);
      try {
        if (concerned.length > 0) await this.#publish(entity, batch, concerned);
        waitMs = FIRST_WAIT_MS;
      } catch (thrown) {
        const error = asPublisherError(thrown);
        const { code, message } = error;
        if (signal.aborted || code === 'stopped') return null;
        // Whoever owns the connection next works it off.
        if (code === 'fenced' || code === 'plan-restricted' || code.startsWith('kafka-')) return error;
        this.#options.events.emit('warning', {
          connection: this.#options.connection,
          message: `notifications wait: ${message}`,
        });
        const named = [...waiting];
        waiting.clear();
        for (const [id, since] of [...batch, ...named]) if (!waiting.has(id)) waiting.set(id, since);
        await pause(waitMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    }
    return null;
  }

  async #publish(
    entity: Entity,
    batch: readonly (readonly [string, Waiting])[],
    tables: readonly HintedTable[],
  ): Promise<void> {
    const { events, deletes } = this.#options;
    const answers = await Promise.all(batch.map(([id, waiting]) => this.#ask(entity, id, waiting)));
    const details = answers.filter((answer) => 'detail' in answer);
    const failures = answers.filter((answer) => 'error' in answer);
    const [outage] = failures.filter(({ error }) => !REFUSED.has(error.code));
    if (outage !== undefined && details.length === 0) throw outage.error;
    for (const failure of failures) this.#putOff(entity, failure);
    // What still waits, or may still come from before the session, must be found again by the next owner.
    const oldest = Math.min(...[...this.#waiting[entity].values()].map(({ at }) => at));
    const newest = Math.max(...batch.map(([, { at }]) => at));
    const hintedAt = this.#isCaughtUp ? Math.min(oldest, newest) : null;
    const there = details.flatMap(({ detail }) => detail ?? []);
    const fetched: Omit<Fetched, 'rows'> = {
      gone: deletes ? details.filter(({ detail }) => detail === null).map(({ id }) => id) : [],
      fetchedAt: Math.max(0, ...there.map(({ fetchedAt }) => fetchedAt)) || Date.now(),
    };
    for (const { table, work } of tables) {
      const rows = there.flatMap(({ row }): readonly RawRow[] => table.hinted?.rows(row) ?? []);
      await publishHinted(work, events, { ...fetched, rows }, hintedAt);
    }
  }

  /** What there is of one thing, or why it can't be told; throws what concerns all of them for certain. */
  async #ask(entity: Entity, id: string, waiting: Waiting): Promise<Answer | Failed> {
    try {
      return { id, detail: await detailOf(this.#options.api, entity, id) };
    } catch (thrown) {
      const error = asPublisherError(thrown);
      if (!REFUSED.has(error.code) && !BROKEN.has(error.code)) throw error;
      return { id, waiting, error };
    }
  }

  /** Asks for it again behind the others, a few times. */
  #putOff(entity: Entity, { id, waiting: { at, failures }, error }: Failed): void {
    const waiting = this.#waiting[entity];
    if (waiting.has(id)) return;
    if (failures < MOST_FAILURES) {
      waiting.set(id, { at, failures: failures + 1 });
      return;
    }
    const { connection, events } = this.#options;
    const message = `the notification of ${entity} ${id} is left to polls and reconcile: ${error.message}`;
    events.emit('warning', { connection, message });
  }

  /** Waits until something is named, or the session ends. */
  #named(): Promise<void> {
    return new Promise((resolve) => this.#idle.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}

/** The time up to which all of these tables have worked off their notifications, or null. */
function earliest(tables: readonly HintedTable[]): number | null {
  const times = tables.map(({ work }) => work.memory.state.hintedAt);
  return times.length === 0 || times.includes(null) ? null : Math.min(...times.map(Number));
}

async function detailOf(api: IntercomApi, entity: Entity, id: string): Promise<Detail | null> {
  const detail = await api.find(entity, id);
  if (detail === null || entity !== 'contact') return detail;
  return { ...detail, row: await api.completeContact(detail.row) };
}

/** The tables of a connection that notifications concern. */
export function hintedTables(
  tables: readonly IntercomTable[],
  work: ReadonlyMap<TableName, TableWork>,
): HintedTable[] {
  return tables.flatMap((table) => {
    const own = work.get(table.name);
    return table.hinted === undefined || own === undefined ? [] : [{ table, work: own }];
  });
}
