/** Republishing while polls publish, and while owners are killed at any commit. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import type { Change, OutgoingRecord, RawRow } from '../../../src/model/row.js';
import { emptyState, type TableState } from '../../../src/model/state.js';
import { RecentRows } from '../../../src/sync/published.js';
import { Resync } from '../../../src/sync/resync.js';
import type { RowLog } from '../../../src/sync/row-log.js';
import type { TableSink } from '../../../src/sync/source.js';
import { TableLedger } from '../../../src/sync/table-ledger.js';
import { runs } from '../../support/runs.js';
import { page, row, shape, TableModel } from './table-model.js';
import { standingIn } from './topic-model.js';

const PARTITIONS = 3;
const partitionOf = (key: string) => Number(key) % PARTITIONS;

interface Logged {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: string | null;
}

/** A topic of several partitions, and the newest state of its table. */
class Topic {
  readonly logs: Logged[][] = Array.from({ length: PARTITIONS }, () => []);
  state: TableState = emptyState();

  append(key: string, value: string | null): void {
    this.logs[partitionOf(key)]?.push({ key, value });
  }

  ends(): number[] {
    return this.logs.map(({ length }) => length);
  }
}

/** What happens at a commit of an owner: a poll brings another version, or the owner is killed. */
interface Step {
  readonly key: number;
  readonly poll: 'changes' | 'deletes' | 'nothing';
  readonly kill: 'before it lands' | 'behind it' | 'no';
}

/** An owner of the table, until it is killed. */
class Owner implements TableSink {
  readonly ledger: TableLedger;
  readonly resync: Resync;
  readonly ended: Promise<void>;
  readonly #topic: Topic;
  readonly #next: () => Step;
  #isDead = false;
  #die: () => void = () => undefined;
  #polls: Promise<unknown>[] = [];

  constructor(topic: Topic, next: () => Step, maxKeys: number) {
    this.#topic = topic;
    this.#next = next;
    const { source, settings, events } = new TableModel();
    const restored = { state: topic.state, written: { state: topic.state, at: 0 }, rows: new RecentRows() };
    this.ledger = new TableLedger({ source: { ...source, shape }, sink: this, settings, events }, restored);
    const died = new Promise<void>((resolve) => {
      this.#die = resolve;
    });
    this.resync = new Resync(this.ledger, new Events(), maxKeys);
    const whole = this.resync.ended.then(async (error) => {
      if (error !== null && !this.#isDead) throw error;
      await Promise.all(this.#polls);
    });
    this.ended = Promise.race([whole, died]);
  }

  readonly rowLog: RowLog = {
    ends: async () => this.#topic.ends(),
    read: (from, of) => this.#read(from, of.signal),
  };

  async *#read(from: readonly (number | null)[], signal: AbortSignal) {
    const ends = this.#topic.ends();
    const at = ends.map((_, partition) => from[partition] ?? 0);
    for (let turn = 0; at.some((offset, partition) => offset < (ends[partition] ?? 0)); turn += 1) {
      await null;
      if (signal.aborted) throw new PublisherError('stopped', 'stopped');
      const partition = turn % PARTITIONS;
      const offset = at[partition] ?? 0;
      const logged = this.#topic.logs[partition]?.[offset];
      if (logged === undefined || offset >= (ends[partition] ?? 0)) continue;
      at[partition] = offset + 1;
      const { key, value } = logged;
      const record = {
        topic: 'rows',
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(value),
      };
      yield [
        { key, partition, offset, again: () => (value === null ? null : record), versionTime: () => null },
      ];
    }
  }

  encode(change: Change) {
    const value = change.op === 'delete' ? null : change.bytes;
    return { records: [{ topic: 'rows', key: Buffer.from(change.key), value }] };
  }

  toDeadLetter(): never {
    throw new Error('every row has a key');
  }

  removeDeadLetters(): readonly OutgoingRecord[] {
    return [];
  }

  deadLetterKeys(): Iterable<string> {
    return [];
  }

  async keysOf(ids: readonly string[]): Promise<readonly string[]> {
    return ids;
  }

  async standing(keys: readonly string[]) {
    const log = this.#topic.logs.flat().map(({ key, value }) => ({ key, row: value }));
    return standingIn(log, keys, (value) => value);
  }

  async commit(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    const { key, poll, kill } = this.#next();
    if (poll !== 'nothing') this.#polls.push(this.#poll(String(key), poll));
    await null;
    if (kill === 'before it lands') this.#isDead = true;
    if (this.#isDead) return this.#hang();
    for (const { key: bytes, value } of records) this.#topic.append(String(bytes), value && String(value));
    this.#topic.state = state;
    if (kill !== 'behind it') return;
    this.#isDead = true;
    return this.#hang();
  }

  /** A killed owner answers nothing more. */
  #hang(): Promise<void> {
    this.#die();
    return new Promise(() => undefined);
  }

  /** A version that was not there before. */
  async #poll(key: string, poll: 'changes' | 'deletes'): Promise<void> {
    versions += 1;
    const rows: RawRow[] = poll === 'changes' ? [row(key, 1_000 + versions, { text: 'of a poll' })] : [];
    const gone = poll === 'deletes' ? [key] : [];
    const complete = () => ({ isNews: true });
    const of = { page: { ...page(rows), fetchedAt: versions }, gone, complete };
    const { committed } = await this.ledger.publishKnowing([key], of);
    await committed;
  }
}

let versions = 0;

const KEYS = 12;
const key = fc.integer({ min: 0, max: KEYS - 1 });
const before = fc.array(fc.record({ key, isGone: fc.boolean() }), { maxLength: 40 });
const step = fc.record({
  key,
  poll: fc.constantFrom('changes', 'changes', 'deletes', 'nothing'),
  kill: fc.constantFrom('before it lands', 'behind it', 'no', 'no', 'no', 'no'),
}) as fc.Arbitrary<Step>;
const REST: Step = { key: 0, poll: 'nothing', kill: 'no' };

it('publishes each row once more exactly once, whoever is killed, and nothing that is older than what polls publish', async () => {
  await fc.assert(
    fc.asyncProperty(
      before,
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      async (log, steps, maxKeys) => {
        versions = 0;
        const topic = new Topic();
        for (const { key: id, isGone } of log) {
          versions += 1;
          topic.append(String(id), isGone ? null : JSON.stringify(row(String(id), versions)));
        }
        const ends = topic.ends();
        const stood = new Map<string, string | null>();
        for (const each of topic.logs.flat()) stood.set(each.key, each.value);
        topic.state = stateAt(ends);
        const left = [...steps];
        while (topic.state.resync?.phase !== 'finished')
          await new Owner(topic, () => left.shift() ?? REST, maxKeys).ended;
        let republished = 0;
        for (let id = 0; id < KEYS; id += 1) {
          const own = String(id);
          const partition = topic.logs[partitionOf(own)] ?? [];
          const since = partition.slice(ends[partitionOf(own)]).filter((each) => each.key === own);
          const old = stood.get(own) ?? null;
          const values = since.flatMap(({ value }) => value ?? []);
          expect(new Set(values).size).toBe(values.length);
          const isAgain = old !== null && values.includes(old);
          // Once more, or not at all where a poll was first.
          if (isAgain) expect(since[0]?.value).toBe(old);
          if (old !== null) expect(since.length).toBeGreaterThan(0);
          republished += isAgain ? 1 : 0;
        }
        expect(topic.state.resync.republished).toBe(republished);
      },
    ),
    { numRuns: runs(300) },
  );
});

function stateAt(ends: readonly number[]): TableState {
  const started = { startedAt: new Date(0).toISOString(), finishedAt: null };
  return {
    ...emptyState(),
    bookmark: 1,
    resync: {
      revision: 1,
      since: null,
      republish: true,
      phase: 'republishing',
      ...started,
      until: 1,
      reached: null,
      ends,
      offsets: [],
      records: 0,
      deletes: 0,
      republished: 0,
      error: null,
    },
  };
}
