/**
 * A table as a model: pages that a test names, a topic with a place for dead letters, and everything that was
 * told meanwhile.
 */

import type { PublisherError } from '../../../src/model/errors.js';
import { type EventMap, type EventName, Events } from '../../../src/model/events.js';
import type { Change, DeadLetter, OutgoingRecord, RawRow, ShapedRow } from '../../../src/model/row.js';
import { emptyState, type TableState, type Window } from '../../../src/model/state.js';
import type { Page } from '../../../src/model/table.js';
import { EveryRow, type PublishedVersion, RecentRows } from '../../../src/sync/published.js';
import type { RetrySource } from '../../../src/sync/recovery.js';
import type {
  TableSettings,
  TableSink,
  TableSource,
  TableTasks,
  TableWork,
} from '../../../src/sync/source.js';
import { TableLedger } from '../../../src/sync/table-ledger.js';
import { type Logged, rowLogOf, standingIn } from './topic-model.js';

export interface ModelRow {
  readonly id: string;
  /** Epoch seconds. */
  readonly updated_at: number | null;
  readonly text?: string;
  /** No key can be found in it. */
  readonly keyless?: boolean;
  /** It fits no record. */
  readonly tooLarge?: boolean;
  readonly unknown?: readonly string[];
}

export const row = (id: string, updated_at: number | null, more: Partial<ModelRow> = {}): RawRow =>
  ({ id, updated_at, text: '', ...more }) as unknown as RawRow;

/** What a table has set aside can't be read. */
export const NO_RETRY: RetrySource = {
  read: () => Promise.reject(new Error('nothing is set aside')),
  pull: () => {
    throw new Error('nothing is set aside');
  },
};

/** A page of a reading; the only one unless told otherwise. */
export const page = (rows: readonly RawRow[], more: Partial<Page> = {}): Page => {
  const times = rows.map(({ updated_at }) => Number(updated_at ?? 0));
  return {
    rows,
    total: rows.length,
    newest: Math.max(0, ...times) || null,
    last: true,
    fetchedAt: 7,
    ...more,
  };
};

const EVENTS: readonly EventName[] = [
  'cycle:started',
  'cycle:finished',
  'table:started',
  'page:committed',
  'deletions:committed',
  'hints:committed',
  'transaction:committed',
  'window:repeated',
  'table:finished',
  'table:reconciled',
  'set-aside:added',
  'set-aside:recovered',
  'table:failed',
  'table:paused',
  'resync:changed',
  'resync:committed',
];

export class TableModel implements TableSink, TableWork {
  readonly settings: TableSettings;
  readonly #source: TableSource;
  readonly ledger: TableLedger;
  readonly tasks: TableTasks = { reconcile: null, recovery: null, resync: null };
  readonly events = new Events();
  readonly told: { readonly name: EventName; readonly event: EventMap[EventName] }[] = [];
  /** Each commit: its records as text, and the state behind it. */
  readonly commits: { readonly records: readonly string[]; readonly state: TableState }[] = [];
  /** The rows that were committed, in their order; null is a tombstone. */
  readonly log: { readonly key: string; readonly value: string | null }[] = [];
  readonly rowLog = rowLogOf(
    () =>
      this.log.map(({ key, value }) => ({ key, row: value === null ? null : (JSON.parse(value) as object) })),
    ({ updated_at }: ModelRow) => updated_at,
  );
  readonly pulled: Window[] = [];
  readonly letters = new Map<string, DeadLetter>();
  /** What the next readings bring, one list of pages each; an error is thrown. */
  readings: (readonly (Page | Error)[])[] = [];
  /** What the registry answers to the table's schema; null: it accepts it. */
  registryError: PublisherError | null = null;
  /** Why the schema is not registered; null: it is. */
  #unregistered: PublisherError | null = null;
  /** Fails the readings of the topic with it. */
  standingError: Error | null = null;
  /** Fails the next commit with it. */
  commitError: Error | null = null;

  constructor(source: Partial<TableSource> = {}, settings: Partial<TableSettings> = {}) {
    this.settings = { connection: 'acme', startDate: 100, lookback: 60, reconcile: null, ...settings };
    const { startDate } = this.settings;
    this.#source = {
      name: 'contacts',
      method: 'incremental',
      reads: 'searched',
      pull: (window) => this.#pull(window),
      windowsAtOnce: () => 2,
      shape,
      prefetch: async () => undefined,
      prepare: () => this.#register(),
      versionTime,
      isTooOld: (raw) => this.#source.method === 'incremental' && (versionTime(raw) ?? startDate) < startDate,
      grain: async () => ({ unit: 'second' }),
      confirmGone: async (keys) => ({ gone: keys, unread: [] }),
      deletions: null,
      ids: null,
      retry: NO_RETRY,
      ...source,
    };
    const rows = this.#source.reads === 'whole' ? new EveryRow() : new RecentRows();
    this.ledger = new TableLedger(
      { source: this.#source, sink: this, settings: this.settings, events: this.events },
      { state: emptyState(), written: { state: null, at: 0 }, rows },
    );
    for (const name of EVENTS) this.events.on(name, (event) => void this.told.push({ name, event }));
  }

  /** A copy. */
  get source(): TableSource {
    return { ...this.#source };
  }

  /** To be changed as a test wants it. */
  set source(changed: Partial<TableSource>) {
    Object.assign(this.#source, changed);
  }

  /** The table opens with a schema that the registry rejects. */
  openRejected(error: PublisherError): void {
    this.registryError = error;
    this.#unregistered = error;
  }

  async #register(): Promise<boolean> {
    if (this.#unregistered === null) return false;
    if (this.registryError !== null) throw this.registryError;
    this.#unregistered = null;
    return true;
  }

  async *#pull(window: Window): AsyncGenerator<Page> {
    this.pulled.push(window);
    for (const next of this.readings.shift() ?? []) {
      if (next instanceof Error) throw next;
      yield next;
    }
  }

  encode(change: Change) {
    if (this.#unregistered !== null) throw this.#unregistered;
    const value = change.op === 'delete' ? null : change.bytes;
    if (value?.includes('"tooLarge":true')) return { reason: 'too large' };
    return {
      records: [
        { topic: 'rows', key: Buffer.from(change.key), value },
        ...this.removeDeadLetters([change.key]),
      ],
    };
  }

  toDeadLetter(letter: DeadLetter): OutgoingRecord | null {
    if (this.letters.has(letter.key)) return null;
    this.letters.set(letter.key, letter);
    return { topic: 'letters', key: Buffer.from(letter.key), value: Buffer.from(letter.reason) };
  }

  removeDeadLetters(keys: Iterable<string>): OutgoingRecord[] {
    const freed = [...keys].filter((key) => this.letters.delete(key));
    return freed.map((key) => ({ topic: 'letters', key: Buffer.from(key), value: null }));
  }

  deadLetterKeys(): Iterable<string> {
    return this.letters.keys();
  }

  async keysOf(ids: readonly string[]): Promise<readonly string[]> {
    return ids;
  }

  /** Keys that were looked for in the topic, each time. */
  readonly lookedFor: (readonly string[])[] = [];
  /** What the topic has beyond what was committed here. */
  readonly older: Logged<object>[] = [];

  async standing(keys: readonly string[]): Promise<ReadonlyMap<string, PublishedVersion>> {
    this.lookedFor.push(keys);
    if (this.standingError !== null) throw this.standingError;
    const own = this.records.flatMap((line): Logged<object>[] => {
      const [topic, key = '', what] = line.split(' ');
      return topic === 'rows' ? [{ key, row: what === 'gone' ? null : {} }] : [];
    });
    return standingIn([...this.older, ...own], keys, (each) => JSON.stringify(each));
  }

  async commit(records: readonly OutgoingRecord[], state: TableState): Promise<void> {
    await null;
    if (this.commitError !== null) throw this.commitError;
    const lineOf = ({ topic, key, value }: OutgoingRecord) =>
      `${topic} ${key} ${value === null ? 'gone' : topic === 'rows' ? 'there' : value}`;
    this.commits.push({ records: records.map(lineOf), state });
    for (const { topic, key, value } of records)
      if (topic === 'rows') this.log.push({ key: String(key), value: value === null ? null : String(value) });
  }

  /** All records, in the order of their commits. */
  get records(): string[] {
    return this.commits.flatMap(({ records }) => records);
  }

  /** What was told under a name. */
  of<Name extends EventName>(name: Name): EventMap[Name][] {
    return this.told.filter((each) => each.name === name).map(({ event }) => event as EventMap[Name]);
  }
}

const versionTime = ({ updated_at }: RawRow) => updated_at as number | null;

export function shape(raw: RawRow, fetchedAt: number): ShapedRow {
  const { id, updated_at, keyless, unknown = [] } = raw as unknown as ModelRow;
  if (keyless) return { ok: false, letter: { key: `letter-${id}`, reason: 'no key', raw, fetchedAt } };
  const updatedAt = updated_at === null ? null : updated_at * 1000;
  const hash = JSON.stringify(raw);
  const bytes = Buffer.from(hash);
  return {
    ok: true,
    raw,
    redacted: () => raw,
    leftovers: unknown,
    row: { op: 'upsert', key: id, bytes, hash, updatedAt, fetchedAt },
  };
}
