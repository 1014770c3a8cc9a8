/** A table's topic of several partitions with its state, and owners of the table that are killed at any commit. */

import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import type { OutgoingRecord, RawRow } from '../../../src/model/row.js';
import { emptyState, type ResyncMark, type TableState } from '../../../src/model/state.js';
import { RecentRows } from '../../../src/sync/published.js';
import { Resync } from '../../../src/sync/resync.js';
import type { RowLog } from '../../../src/sync/row-log.js';
import type { TableSink, TableSource } from '../../../src/sync/source.js';
import { TableLedger } from '../../../src/sync/table-ledger.js';
import { BEGUN } from './resync-mark.js';
import { page, row, shape, TableModel } from './table-model.js';
import { PlainRows, standingIn } from './topic-model.js';

const PARTITIONS = 3;
export const partitionOf = (key: string) => Number(key) % PARTITIONS;

export interface Logged {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: string | null;
}

/** A topic of several partitions, and the newest state of its table. */
export class Topic {
  readonly logs: Logged[][] = Array.from({ length: PARTITIONS }, () => []);
  state: TableState = emptyState();
  /** Versions that polls have brought. */
  versions = 0;

  append(key: string, value: string | null): void {
    this.logs[partitionOf(key)]?.push({ key, value });
  }

  ends(): number[] {
    return this.logs.map(({ length }) => length);
  }
}

/** What happens at a commit of an owner: a poll brings another version, or the owner is killed. */
export interface Step {
  readonly key: number;
  readonly poll: 'changes' | 'deletes' | 'nothing';
  readonly kill: 'before it lands' | 'behind it' | 'no';
}

export interface OwnerOptions extends Partial<TableSource> {
  readonly maxKeys?: number;
  /** The rows of the source, which polls change too. */
  readonly workspace?: Map<string, RawRow>;
}

/** An owner of the table, until it is killed. */
export class Owner extends PlainRows implements TableSink {
  readonly ledger: TableLedger;
  readonly resync: Resync;
  readonly ended: Promise<void>;
  readonly #topic: Topic;
  readonly #next: () => Step;
  readonly #workspace: Map<string, RawRow>;
  #isDead = false;
  #die: () => void = () => undefined;
  readonly #polls: Promise<unknown>[] = [];

  constructor(topic: Topic, next: () => Step, { maxKeys, workspace, ...more }: OwnerOptions = {}) {
    super();
    this.#topic = topic;
    this.#next = next;
    this.#workspace = workspace ?? new Map();
    const { source, settings, events } = new TableModel(more);
    const restored = { state: topic.state, written: { state: topic.state, at: 0 }, rows: new RecentRows() };
    this.ledger = new TableLedger({ source: { ...source, shape }, sink: this, settings, events }, restored);
    const died = new Promise<void>((resolve) => {
      this.#die = resolve;
    });
    this.resync = new Resync(this.ledger, new Events(), maxKeys);
    const whole = this.resync.ended.then(async (error) => {
      if (error !== null && !this.#isDead) throw error;
      while (this.#polls.length > 0) await Promise.all(this.#polls.splice(0));
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

  async standing(keys: readonly string[]) {
    const log = this.#topic.logs.flat().map(({ key, value }) => ({ key, row: value }));
    return standingIn(log, keys, (value) => value);
  }

  async commit(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    if (this.#isDead) return this.#hang();
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

  /** Publishes what polls and notifications of killed owners have not: rows from a time on, and rows that are gone. */
  async catchUp(keys: readonly string[], since: number): Promise<void> {
    const rows = [...this.#workspace.values()].filter(({ updated_at }) => Number(updated_at) > since);
    const gone = keys.filter((key) => !this.#workspace.has(key));
    const of = { page: page(rows), gone, complete: () => ({ isNews: true }) };
    await (await this.ledger.publishKnowing(keys, of)).committed;
  }

  /** A version that was not there before. */
  async #poll(key: string, poll: 'changes' | 'deletes'): Promise<void> {
    this.#topic.versions += 1;
    const { versions } = this.#topic;
    const rows: RawRow[] = poll === 'changes' ? [row(key, 1_000 + versions, { text: 'of a poll' })] : [];
    for (const each of rows) this.#workspace.set(key, each);
    if (rows.length === 0) this.#workspace.delete(key);
    const gone = poll === 'deletes' ? [key] : [];
    const complete = () => ({ isNews: true });
    const of = { page: { ...page(rows), fetchedAt: versions }, gone, complete };
    const { committed } = await this.ledger.publishKnowing([key], of);
    await committed;
  }
}

/** The state of a table with a resync under way. */
export function stateWith(change: Partial<ResyncMark>): TableState {
  return { ...emptyState(), bookmark: 1, resync: { ...BEGUN, ...change } };
}
