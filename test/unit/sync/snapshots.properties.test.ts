/**
 * Readings of a whole table, one after another, of a workspace that changes between them: the topic follows
 * it exactly.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import type { RawRow, ShapedRow } from '../../../src/model/row.js';
import { emptyState } from '../../../src/model/state.js';
import type { Page } from '../../../src/model/table.js';
import { EveryRow } from '../../../src/sync/published.js';
import type { TableSource } from '../../../src/sync/source.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { TableLedger } from '../../../src/sync/table-ledger.js';
import { runs } from '../../support/runs.js';
import { NO_RETRY } from './table-model.js';
import { TopicModel } from './topic-model.js';

interface Row {
  readonly id: string;
  readonly content: number;
  /** Epoch seconds; some rows have no time. */
  readonly updated_at: number | null;
}

interface Change {
  readonly key: number;
  readonly kind: 'put' | 'delete';
  /** Seconds by which the version is newer than the last one of its key; 0: content alone has changed. */
  readonly later: number;
}

/** One reading: what changed before it, and how it goes. */
interface Reading {
  readonly changes: readonly Change[];
  readonly perPage: number;
  /** Pages behind which it breaks off, or null. */
  readonly breaksAfter: number | null;
  /** Keys that it misses although they are there. */
  readonly misses: readonly number[];
  readonly isReversed: boolean;
}

const START = 1_000;

class Workspace {
  readonly rows = new Map<string, Row>();
  readonly #times = new Map<number, number>();
  #contents = 0;

  apply({ key, kind, later }: Change): void {
    if (kind === 'delete') this.rows.delete(String(key));
    else this.#put(key, later);
  }

  #put(key: number, later: number): void {
    const time = (this.#times.get(key) ?? START - 500) + later;
    this.#times.set(key, time);
    this.#contents += 1;
    const id = String(key);
    this.rows.set(id, { id, content: this.#contents, updated_at: key % 3 === 0 ? null : time });
  }

  /** The rows that a table of the method is to hold. */
  expected(method: TableSource['method']): Map<string, Row> {
    const rows = [...this.rows].filter(
      ([, row]) => method === 'full_table' || (row.updated_at ?? START) >= START,
    );
    return new Map(rows);
  }

  async *pages({ perPage, breaksAfter, misses, isReversed }: Reading): AsyncGenerator<Page> {
    const shown = [...this.rows.values()].filter(({ id }) => !misses.includes(Number(id)));
    if (isReversed) shown.reverse();
    const count = Math.max(1, Math.ceil(shown.length / perPage));
    for (let page = 0; page < count; page += 1) {
      if (page === breaksAfter) throw new PublisherError('api-unreachable', 'the reading breaks here');
      const rows = shown.slice(page * perPage, (page + 1) * perPage) as unknown as RawRow[];
      yield { rows, total: null, newest: null, last: page === count - 1, fetchedAt: 1 };
    }
  }
}

function shape(raw: RawRow, fetchedAt: number): ShapedRow {
  const { id, content, updated_at } = raw as unknown as Row;
  const updatedAt = updated_at === null ? null : updated_at * 1000;
  const row = {
    op: 'upsert',
    key: id,
    bytes: Buffer.from(JSON.stringify(raw)),
    hash: String(content),
    updatedAt,
    fetchedAt,
  } as const;
  return { ok: true, raw, redacted: () => raw, row, leftovers: [] };
}

class Replica {
  readonly workspace = new Workspace();
  readonly topic = new TopicModel<Row>();
  readonly #rows = new EveryRow(false);
  #state = emptyState();
  readonly #method: TableSource['method'];

  constructor(method: TableSource['method']) {
    this.#method = method;
  }

  /** Reads the workspace; a reading that breaks off is given up. */
  async read(reading: Reading): Promise<void> {
    const source: TableSource = {
      name: 'companies',
      method: this.#method,
      reads: 'whole',
      windowsAtOnce: () => 1,
      pull: () => this.workspace.pages(reading),
      shape,
      prefetch: async () => undefined,
      prepare: async () => false,
      versionTime: (raw) => raw.updated_at as number | null,
      isTooOld: ({ updated_at: time }) =>
        this.#method === 'incremental' && time !== null && Number(time) < START,
      grain: async () => ({ unit: 'second' }),
      confirmGone: async (keys) => {
        const shown = keys.filter(
          (each) => this.workspace.rows.has(each) && !reading.misses.includes(Number(each)),
        );
        expect(shown).toEqual([]);
        return { gone: keys.filter((each) => !this.workspace.rows.has(each)), unread: [] };
      },
      deletions: null,
      ids: null,
      retry: NO_RETRY,
    };
    const settings = { connection: 'acme', startDate: START, lookback: 0, reconcile: null };
    const ledger = new TableLedger(
      { source, sink: this.topic, settings, events: new Events() },
      { state: this.#state, written: { state: null, at: 0 }, rows: this.#rows },
    );
    const cycle = new TableCycle(
      { ledger, tasks: { reconcile: null, recovery: null, resync: null } },
      new Events(),
    );
    await cycle.run(false).catch((error: unknown) => {
      if (!(error instanceof PublisherError) || error.code !== 'api-unreachable') throw error;
    });
    this.#state = ledger.state;
  }
}

const KEYS = 12;
const key = fc.nat(KEYS - 1);
const change: fc.Arbitrary<Change> = fc.record({
  key,
  kind: fc.constantFrom('put', 'put', 'delete'),
  later: fc.nat(600),
});
const reading: fc.Arbitrary<Reading> = fc.record({
  changes: fc.array(change, { maxLength: 10 }),
  perPage: fc.integer({ min: 1, max: 5 }),
  breaksAfter: fc.option(fc.nat(3), { freq: 3 }),
  misses: fc.array(key, { maxLength: 2 }),
  isReversed: fc.boolean(),
});
const readings = fc.array(reading, { minLength: 1, maxLength: 10 });
const method = fc.constantFrom('incremental' as const, 'full_table' as const);
const COMPLETE = { breaksAfter: null, misses: [] };

it('brings the topic to the rows of the workspace, whatever changed between the readings', async () => {
  await fc.assert(
    fc.asyncProperty(method, readings, async (kind, all) => {
      const replica = new Replica(kind);
      const { workspace, topic } = replica;
      for (const each of all) {
        for (const of of each.changes) workspace.apply(of);
        await replica.read(each);
        if (each.breaksAfter !== null || each.misses.length > 0) await replica.read({ ...each, ...COMPLETE });
        expect(topic.rows).toEqual(workspace.expected(kind));
      }
    }),
    { numRuns: runs(200) },
  );
});

it('publishes nothing when nothing changed, however the rows are paged and in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(method, reading, fc.array(reading), async (kind, first, again) => {
      const replica = new Replica(kind);
      const { workspace, topic } = replica;
      for (const of of first.changes) workspace.apply(of);
      await replica.read({ ...first, ...COMPLETE });
      const published = topic.log.length;
      for (const each of again) await replica.read(each);
      expect(topic.log.length).toBe(published);
    }),
    { numRuns: runs(200) },
  );
});

it('buries only what is gone, once, and never lets an older version follow a newer one', async () => {
  await fc.assert(
    fc.asyncProperty(method, readings, async (kind, all) => {
      const replica = new Replica(kind);
      const { workspace, topic } = replica;
      for (const each of all) {
        for (const of of each.changes) workspace.apply(of);
        const before = topic.rows;
        const offset = topic.log.length;
        await replica.read(each);
        const published = topic.log.slice(offset);
        expect(new Set(published.map((record) => record.key)).size).toBe(published.length);
        for (const { key: id, row } of published) {
          const known = before.get(id);
          if (row === null) expect([known !== undefined, workspace.rows.has(id)]).toEqual([true, false]);
          else expect(row.content).toBeGreaterThan(known?.content ?? -1);
        }
      }
    }),
    { numRuns: runs(200) },
  );
});
