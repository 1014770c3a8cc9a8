/**
 * Processes the notifications of one connection: fetches the entities that they name, and publishes the rows.
 *
 * IDs are processed in order of arrival. An ID that arrives again while queued is ignored; one that arrives
 * while in flight is fetched once more. An ID that can't be fetched, while others can, is retried at growing
 * intervals and delays no other ID. Its tables set it aside meanwhile, and retry it for longer. When only a
 * few IDs are pending and none of them can be fetched, a control request decides: if Intercom answers it,
 * they are treated the same.
 *
 * Several tables may concern one ID. What fails in one of them delays no other one. Only a failure that
 * concerns the connection ends the session.
 */

import type { Detail, IntercomApi } from '../intercom/api.js';
import type { KeptHint } from '../kafka/hints.js';
import { asPublisherError, type PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { ENTITIES, type Entity } from '../model/hint.js';
import { mustGet } from '../model/must-get.js';
import { pause } from '../model/pause.js';
import type { RawRow } from '../model/row.js';
import { isIsolable, isRefusal, MAX_FROM_NOTIFICATIONS, MAX_HANDFUL } from '../model/set-aside.js';
import type { TableName } from '../model/table-names.js';
import { publishBeyondMemory, publishNotified } from '../sync/notified.js';
import type { Fetched } from '../sync/source.js';
import type { TableLedger } from '../sync/table-ledger.js';
import type { IntercomTable } from '../tables/all.js';
import { RegistryHold } from './registry-hold.js';

/** A table that notifications concern. */
export interface HintedTable {
  readonly table: IntercomTable;
  readonly ledger: TableLedger;
}

export interface HintWorkOptions {
  readonly tables: readonly HintedTable[];
  readonly api: Pick<IntercomApi, 'whole' | 'workspace'>;
  readonly events: Events;
  /** Warns of something that concerns the connection. */
  readonly warn: (message: string) => void;
  /** Whether a deleted entity becomes a tombstone. */
  readonly deletes: boolean;
  /** Ends with the session. */
  readonly signal: AbortSignal;
}

/** IDs that are fetched together, and answers that are published together. */
const AT_ONCE = 25;
/**
 * IDs in the queue at most. Further ones are dropped: the next poll finds their changes, `reconcile` their
 * deletions.
 */
const MAX_WAITING = 20_000;
/** The clocks of brokers and instances may differ by as much. */
export const MARGIN_MS = 10_000;
/** Batches that wait for a reading of a topic, at most. Each keeps its rows in memory. */
const MAX_LOOKUPS = 40;
/**
 * An ID that can't be fetched while others can is retried after 1 s, 4 s, 16 s, 64 s and 256 s, then left to
 * the retries of its tables, polls and reconcile.
 */
const MAX_FAILURES = 5;
const FIRST_WAIT_MS = 1_000;
const FAILURE_GROWTH = 4;
/**
 * After so many failures of an ID while no other one is fetched, a control request shows whether the ID or
 * Intercom is at fault.
 */
const TRIES_ALONE = 2;
/** While nothing can be fetched, every ID is retried without end, at intervals up to this. */
const MAX_WAIT_MS = 60_000;

interface Waiting {
  /** Time of its notification (epoch milliseconds by the broker's clock). */
  readonly at: number;
  /** Failed requests: in all, and while other IDs could be fetched. */
  readonly tries: number;
  readonly failures: number;
  /** When it was last requested, by the clock of `#answeredAt`. */
  readonly lastAt?: number;
}

interface Answer {
  readonly id: string;
  readonly waiting: Waiting;
  /** Epoch milliseconds. */
  readonly askedAt: number;
  /** Null: Intercom has no such entity any more. */
  readonly detail: Detail | null;
}

/**
 * The IDs of one entity type by their state: queued, in flight or to be retried. An ID that arrives again
 * while in flight is also queued.
 */
class Queue {
  readonly entity: Entity;
  readonly waiting = new Map<string, Waiting>();
  readonly inFlight = new Map<string, Waiting>();
  readonly answers: Answer[] = [];
  /** Failed, and the next retry is not due yet. */
  readonly setAside = new Map<string, Waiting>();
  /** Rows that wait for a reading of their topic. */
  readonly lookups = new Map<Promise<void>, { readonly at: number }>();

  constructor(entity: Entity) {
    this.entity = entity;
  }

  /** The time of the oldest notification that is not processed yet; `Infinity` when there is none. */
  get oldest(): number {
    const { waiting, inFlight, setAside, lookups } = this;
    const times = [waiting, inFlight, setAside, lookups].flatMap((each) =>
      [...each.values()].map(({ at }) => at),
    );
    return this.answers.reduce((oldest, answer) => Math.min(oldest, answer.waiting.at), least(times));
  }

  /** An ID that arrives again while queued is fetched once. */
  add(id: string, waiting: Waiting): void {
    this.setAside.delete(id);
    if (!this.waiting.has(id) && this.waiting.size < MAX_WAITING) this.waiting.set(id, waiting);
  }

  /** Moves as many IDs in flight as may be requested now. */
  *drain(): Generator<readonly [string, Waiting]> {
    for (const [id, waiting] of this.waiting) {
      if (this.inFlight.size + this.answers.length >= AT_ONCE) return;
      // Two concurrent answers for one ID would have no order.
      if (this.inFlight.has(id)) continue;
      this.waiting.delete(id);
      this.inFlight.set(id, waiting);
      yield [id, waiting];
    }
  }
}

export class HintWork {
  readonly #options: HintWorkOptions;
  readonly #queues: ReadonlyMap<Entity, Queue> = new Map(
    ENTITIES.map((entity) => [entity, new Queue(entity)]),
  );
  /** By entity, the time of the notification up to which earlier sessions have processed them. */
  readonly #processedUntil: ReadonlyMap<Entity, number | null>;
  /** By table, the IDs that wait for the schema registry. */
  readonly #holds: ReadonlyMap<TableLedger, RegistryHold<Waiting>>;
  readonly #idle = new Set<() => void>();
  #isCaughtUp = false;
  /** When an ID was last fetched, by a monotonic clock. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  #isWarned = false;
  #break: (error: PublisherError | null) => void = () => undefined;
  /** Resolves with the first failure that ends the work, or with null when the work ends without one. */
  readonly broken: Promise<PublisherError | null>;
  /** Resolves when all work has ended. */
  readonly ended: Promise<void>;

  constructor(options: HintWorkOptions) {
    this.#options = options;
    this.#processedUntil = new Map(ENTITIES.map((entity) => [entity, earliest(this.#concernedBy(entity))]));
    this.#holds = new Map(options.tables.map((each) => [each.ledger, this.#createHold(each)]));
    options.signal.addEventListener('abort', () => this.#wake(), { once: true });
    this.broken = new Promise((resolve) => {
      this.#break = resolve;
    });
    const runs = [...this.#queues].map(([entity, queue]) => this.#run(entity, queue));
    this.ended = Promise.all(runs).then(() => this.#break(null));
  }

  /**
   * The time from which notifications are not processed yet (epoch milliseconds by the broker's clock). Null:
   * all that the topic holds.
   */
  get since(): number | null {
    const times = ENTITIES.filter((entity) => this.#concernedBy(entity).length > 0).map(
      (entity) => this.#processedUntil.get(entity) ?? null,
    );
    return times.length === 0 || times.includes(null) ? null : Math.min(...times.map(Number));
  }

  receive({ hint, at }: KeptHint): void {
    for (const [entity, queue] of this.#queues) {
      const processedUntil = this.#processedUntil.get(entity) ?? null;
      if (processedUntil !== null && at < processedUntil - MARGIN_MS) continue;
      if (this.#concernedBy(entity).length === 0) continue;
      for (const id of hint[entity]) queue.add(id, { at, tries: 0, failures: 0 });
    }
    this.#wake();
  }

  /**
   * Called when every notification from before the session has been received. From now on their times rise.
   */
  caughtUp(): void {
    this.#isCaughtUp = true;
  }

  #concernedBy(entity: Entity): HintedTable[] {
    return this.#options.tables.filter(
      ({ table, ledger }) => table.hinted?.entity === entity && !ledger.state.paused,
    );
  }

  async #run(entity: Entity, queue: Queue): Promise<void> {
    const { signal } = this.#options;
    const fetches = new Set<Promise<void>>();
    while (!signal.aborted) {
      for (const [id, waiting] of queue.drain()) {
        const fetch: Promise<void> = this.#process(entity, queue, id, waiting).finally(() =>
          fetches.delete(fetch),
        );
        fetches.add(fetch);
      }
      const batch = queue.answers.splice(0);
      if (batch.length === 0) await this.#woken();
      else await this.#publish(queue, batch);
    }
    await Promise.all([...fetches, ...queue.lookups.keys()]);
  }

  /** Holds an ID that no table can publish now, instead of requesting it. */
  #process(entity: Entity, queue: Queue, id: string, waiting: Waiting): Promise<void> {
    const holds = this.#concernedBy(entity).map(({ ledger }) => mustGet(this.#holds, ledger));
    if (holds.length === 0 || !holds.every(({ isHolding }) => isHolding))
      return this.#fetch(entity, queue, id, waiting);
    for (const hold of holds) hold.add(id, waiting);
    queue.inFlight.delete(id);
    return Promise.resolve();
  }

  async #fetch(entity: Entity, queue: Queue, id: string, waiting: Waiting): Promise<void> {
    const [askedAt, startedAt] = [Date.now(), performance.now()];
    try {
      const detail = await this.#options.api.whole(entity, id);
      this.#answeredAt = performance.now();
      this.#isWarned = false;
      queue.answers.push({ id, waiting, askedAt, detail });
    } catch (thrown) {
      const error = asPublisherError(thrown);
      // The ID stays in flight, so that the next owner starts before its notification.
      if (isFatal(error)) return this.#break(error);
      const isAnswered = this.#answeredAt >= (waiting.lastAt ?? startedAt);
      const isOwn =
        isIsolable(error) && (isRefusal(error) || isAnswered || (await this.#failsAlone(queue, waiting)));
      this.#putAside(entity, queue, { id, waiting: { ...waiting, lastAt: startedAt }, error, isOwn });
    }
    queue.inFlight.delete(id);
    this.#wake();
  }

  /** Whether only a few IDs are pending, and Intercom answers a control request for the workspace. */
  async #failsAlone({ setAside, inFlight, waiting }: Queue, { tries }: Waiting): Promise<boolean> {
    const isHandful = setAside.size + inFlight.size + waiting.size <= MAX_HANDFUL.row;
    if (tries < TRIES_ALONE || !isHandful) return false;
    return this.#options.api.workspace().then(
      () => true,
      () => false,
    );
  }

  /** Publishes answers in each table that they concern, until the session ends. */
  async #publish(queue: Queue, batch: readonly Answer[]): Promise<void> {
    for (const hinted of this.#concernedBy(queue.entity)) {
      const failure = await this.#publishIn(hinted, queue, batch).catch(asPublisherError);
      if (failure && this.#failed(hinted, queue, batch, failure)) return;
    }
  }

  async #publishIn(hinted: HintedTable, queue: Queue, batch: readonly Answer[]): Promise<void> {
    const { events, deletes } = this.#options;
    const { table, ledger } = hinted;
    const hold = mustGet(this.#holds, ledger);
    if (hold.isHolding) return holdBatch(hold, batch);
    const newest = Math.max(...batch.map(({ waiting: { at } }) => at));
    if (deletes) queueReplaced(queue, ledger, batch, newest);
    const gone = deletes ? batch.filter(({ detail }) => detail === null).map(({ id }) => id) : [];
    const hintedAt = this.#isCaughtUp ? Math.min(queue.oldest, newest) : null;
    const beyond = await publishNotified(ledger, events, { ...foundRows(table, batch), gone }, hintedAt);
    if (beyond === null) this.#endSetAside(ledger, batch);
    else await this.#lookUp(hinted, queue, batch, { beyond, at: newest });
  }

  /**
   * Processes answers later that a table could not publish. Returns whether the session ends: the IDs then
   * stay in flight, so that the next owner starts before their notifications.
   */
  #failed(hinted: HintedTable, queue: Queue, batch: readonly Answer[], error: PublisherError): boolean {
    if (isFatal(error)) this.#break(error);
    const isOver = isFatal(error) || this.#options.signal.aborted;
    if (isOver) for (const { id, waiting } of batch) queue.inFlight.set(id, waiting);
    else if (error.origin === 'registry') this.#hold(hinted, batch, error);
    else
      for (const { id, waiting } of batch)
        this.#putAside(queue.entity, queue, { id, waiting, error, isOwn: false });
    return isOver;
  }

  /** Holds answers until the schema registry lets their table publish. */
  #hold({ table, ledger }: HintedTable, batch: readonly Answer[], { message }: PublisherError): void {
    const hold = mustGet(this.#holds, ledger);
    holdBatch(hold, batch);
    if (hold.begin()) this.#options.warn(`processing of notifications for ${table.name} paused: ${message}`);
  }

  #createHold({ table, ledger }: HintedTable): RegistryHold<Waiting> {
    return new RegistryHold<Waiting>({
      prepare: () => ledger.prepare(),
      onReleased: (held) => {
        const queue = table.hinted === undefined ? undefined : this.#queues.get(table.hinted.entity);
        for (const [id, waiting] of held) queue?.add(id, waiting);
        this.#wake();
      },
      signal: this.#options.signal,
    });
  }

  /** Ends the retries of rows that were set aside and are published now. */
  #endSetAside(ledger: TableLedger, batch: readonly Answer[]): void {
    const { deletes } = this.#options;
    const answered = new Set(batch.flatMap(({ id, detail }) => (detail !== null || deletes ? [id] : [])));
    for (const entry of ledger.state.setAside)
      if (entry.id !== null && answered.has(entry.id)) ledger.retried(entry, []);
  }

  /**
   * Sets an ID aside in its tables, in the state that covers its notification. When notifications delete
   * nothing, a retry must not delete either.
   */
  #setAside(entity: Entity, id: string, error: PublisherError): void {
    if (!this.#options.deletes) return;
    for (const { ledger } of this.#concernedBy(entity))
      if (ledger.state.setAside.length < MAX_FROM_NOTIFICATIONS)
        ledger.setAside([{ id, window: null, error }]);
  }

  /**
   * Publishes rows that need a reading of the topic first, concurrently with other work. Waits while too many
   * such batches are pending.
   */
  async #lookUp(
    hinted: HintedTable,
    queue: Queue,
    batch: readonly Answer[],
    { beyond, at }: { beyond: Fetched; at: number },
  ): Promise<void> {
    const { lookups } = queue;
    const lookup: Promise<void> = publishBeyondMemory(hinted.ledger, this.#options.events, beyond)
      .then(() => this.#endSetAside(hinted.ledger, batch))
      .catch((thrown: unknown) => this.#failed(hinted, queue, batch, asPublisherError(thrown)))
      .then(() => void lookups.delete(lookup));
    lookups.set(lookup, { at });
    if (lookups.size >= MAX_LOOKUPS) await Promise.race(lookups.keys());
  }

  /**
   * Schedules a retry of an ID. `isOwn`: other IDs could be fetched meanwhile, so this one may be given up.
   */
  #putAside(
    entity: Entity,
    queue: Queue,
    { id, waiting, error, isOwn }: { id: string; waiting: Waiting; error: PublisherError; isOwn: boolean },
  ): void {
    const { signal } = this.#options;
    if (signal.aborted || queue.waiting.has(id)) return;
    const { tries, failures } = waiting;
    if (!isOwn && !this.#isWarned) this.#options.warn(`processing of notifications paused: ${error.message}`);
    this.#isWarned ||= !isOwn;
    if (isOwn && failures === 0) {
      this.#options.warn(`${entity} ${id} is set aside after a notification: ${error.message}`);
      this.#setAside(entity, id, error);
    }
    if (isOwn && failures >= MAX_FAILURES) {
      this.#options.warn(
        `gave up on the notification for ${entity} ${id}; a poll or reconcile will find the change: ${error.message}`,
      );
      return;
    }
    const again = { ...waiting, tries: tries + 1, failures: isOwn ? failures + 1 : failures };
    queue.setAside.set(id, again);
    const waitMs = isOwn ? FAILURE_GROWTH ** failures * FIRST_WAIT_MS : 2 ** tries * FIRST_WAIT_MS;
    void pause(isOwn ? waitMs : Math.min(waitMs, MAX_WAIT_MS), signal).then(
      () => {
        if (queue.setAside.get(id) === again) queue.add(id, again);
        this.#wake();
      },
      () => undefined,
    );
  }

  /** Waits until an ID arrives, is answered or is due again, or the session ends. */
  #woken(): Promise<void> {
    return new Promise((resolve) => this.#idle.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}

function holdBatch(hold: RegistryHold<Waiting>, batch: readonly Answer[]): void {
  for (const { id, waiting } of batch) hold.add(id, waiting);
}

/** Whether the failure ends the session: the next owner of the connection processes the notifications. */
function isFatal({ reach }: PublisherError): boolean {
  return reach === 'connection';
}

/**
 * Also fetches the IDs that the rows have replaced: the notification of a merge names only the surviving
 * contact.
 */
function queueReplaced(queue: Queue, ledger: TableLedger, batch: readonly Answer[], at: number): void {
  const rows = batch.flatMap(({ detail }) => (detail === null ? [] : [detail.row]));
  const { source, settings, state } = ledger;
  const since = (state.bookmark ?? at / 1000) - settings.lookback;
  const ids = source.replaced?.due(rows, since) ?? [];
  source.replaced?.add(ids);
  for (const id of ids) if (ledger.known(id)?.gone !== true) queue.add(id, { at, tries: 0, failures: 0 });
}

/** The rows of a table in the answers, each with the time of its request. */
function foundRows({ hinted }: IntercomTable, batch: readonly Answer[]): Omit<Fetched, 'gone'> {
  const times = new Map<RawRow, number>();
  for (const { detail, askedAt } of batch)
    for (const row of detail === null ? [] : (hinted?.rows(detail.row) ?? [])) times.set(row, askedAt);
  const fetchedAt = batch.reduce((latest, { detail }) => Math.max(latest, detail?.fetchedAt ?? 0), 0);
  return {
    rows: [...times.keys()],
    fetchedAt: fetchedAt || Date.now(),
    askedAt: (row) => times.get(row) ?? 0,
  };
}

function least(times: readonly number[]): number {
  return times.reduce((smallest, time) => Math.min(smallest, time), Number.POSITIVE_INFINITY);
}

/** The time up to which all of these tables have processed their notifications, or null. */
function earliest(tables: readonly HintedTable[]): number | null {
  const times = tables.map(({ ledger }) => ledger.state.hintedAt);
  return times.length === 0 || times.includes(null) ? null : Math.min(...times.map(Number));
}

/** The tables of a connection that notifications concern. */
export function hintedTables(
  tables: readonly { readonly table: IntercomTable }[],
  work: ReadonlyMap<TableName, { readonly ledger: TableLedger }>,
): HintedTable[] {
  return tables.flatMap(({ table }) => {
    const own = work.get(table.name);
    return table.hinted === undefined || own === undefined ? [] : [{ table, ledger: own.ledger }];
  });
}
