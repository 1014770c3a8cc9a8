/**
 * Works off the notifications of one connection: asks for what they name, and publishes what came of it.
 *
 * Things wait in the order in which they were named, each once: what is named again while it waits is asked for once, and what is named
 * while it is asked for is asked for again.
 */

import type { Detail, IntercomApi } from '../intercom/api.js';
import { pause } from '../intercom/transport.js';
import type { KeptHint } from '../kafka/hints.js';
import { asPublisherError } from '../model/errors.js';
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
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export class HintWork {
  readonly #options: HintWorkOptions;
  /** IDs that wait, with when they were named (epoch milliseconds by the broker's clock). */
  readonly #waiting: Readonly<Record<Entity, Map<string, number>>> = {
    contact: new Map(),
    conversation: new Map(),
    company: new Map(),
  };
  readonly #idle = new Set<() => void>();
  /** Resolves when the work has ended with the session. */
  readonly ended: Promise<void>;

  constructor(options: HintWorkOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#wake(), { once: true });
    this.ended = Promise.all(ENTITIES.map((entity) => this.#run(entity))).then(() => undefined);
  }

  /** From when on notifications are still to be worked off (epoch milliseconds by the broker's clock), or null when none ever was. */
  get since(): number | null {
    const times = this.#options.tables.map(({ work }) => work.memory.state.hintedAt);
    return times.every((time) => time === null) ? null : Math.min(...times.map((time) => time ?? Infinity));
  }

  take({ hint, at }: KeptHint): void {
    for (const entity of ENTITIES) {
      const waiting = this.#waiting[entity];
      for (const id of hint[entity]) if (!waiting.has(id) && waiting.size < MOST_WAITING) waiting.set(id, at);
    }
    this.#wake();
  }

  async #run(entity: Entity): Promise<void> {
    const { signal, tables } = this.#options;
    const concerned = tables.filter(({ table }) => table.hinted?.entity === entity);
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
        const { code, message } = asPublisherError(thrown);
        // Whoever owns the connection next works it off.
        if (signal.aborted || code === 'stopped' || code === 'fenced' || code.startsWith('kafka-')) return;
        this.#options.events.emit('warning', {
          connection: this.#options.connection,
          message: `notifications wait: ${message}`,
        });
        const named = [...waiting];
        waiting.clear();
        for (const [id, at] of [...batch, ...named]) if (!waiting.has(id)) waiting.set(id, at);
        await pause(waitMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    }
  }

  async #publish(
    entity: Entity,
    batch: readonly (readonly [string, number])[],
    tables: readonly HintedTable[],
  ): Promise<void> {
    const { api, events, deletes } = this.#options;
    const details = await Promise.all(
      batch.map(async ([id]) => ({ id, detail: await detailOf(api, entity, id) })),
    );
    const hintedAt = Math.max(...batch.map(([, at]) => at));
    const there = details.flatMap(({ detail }) => detail ?? []);
    const fetched: Omit<Fetched, 'rows'> = {
      gone: deletes ? details.filter(({ detail }) => detail === null).map(({ id }) => id) : [],
      fetchedAt: Math.max(0, ...there.map(({ fetchedAt }) => fetchedAt)) || Date.now(),
    };
    for (const { table, work } of tables) {
      const rows = there.flatMap(({ row }): readonly RawRow[] => table.hinted?.rows(row) ?? []);
      const known = Math.max(hintedAt, work.memory.state.hintedAt ?? 0);
      await publishHinted(work, events, { ...fetched, rows }, known);
    }
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
