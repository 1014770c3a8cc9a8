/**
 * The states of all connections, for the sessions of one instance. The state topic is read once; later
 * readings continue where the last one ended.
 *
 * An owner must see every commit of the owner that it has just fenced. So each request is answered by a
 * reading that begins after it: records that are written before the request are before the end of that
 * reading.
 */

import { setMaxListeners } from 'node:events';
import { PublisherError } from '../model/errors.js';
import { NewestByKey } from './newest.js';
import type { Positions, ReadOptions, TopicReader, TopicRecord } from './reader.js';
import { States } from './states.js';

/** The result of one reading. */
export interface LedgerReading {
  readonly records: number;
  readonly ms: number;
}

/** Reads a topic, as `TopicReader` does. */
export type TopicSource = Pick<TopicReader, 'read' | 'partitions'>;

/**
 * Compaction removes a tombstone once it is older than the topic's `delete.retention.ms` (ten minutes): a
 * reading that continues an older one could miss it. The same applies to a reading of the topic before it was
 * created again.
 */
const CONTINUE_WITHIN_MS = 5 * 60_000;

export class StateLedger {
  readonly #reader: TopicSource;
  readonly #topic: string;
  readonly #onRead: (reading: LedgerReading) => void;
  #states = new States();
  #newest = new NewestByKey(0);
  #positions: Positions | null = null;
  #readAt = Number.NEGATIVE_INFINITY;
  /** Kafka's ID of the topic, as far as it is known. */
  #id: string | null = null;
  /** The reading that has not begun yet; requests join it. */
  #next: SharedReading | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    reader: TopicSource,
    topic: string,
    onRead: (reading: LedgerReading) => void = () => undefined,
  ) {
    this.#reader = reader;
    this.#topic = topic;
    this.#onRead = onRead;
  }

  /** Sets the existing topic: no later reading continues one of another topic with the same name. */
  identify(id: string | null): void {
    if (id === null || id === this.#id) return;
    if (this.#id !== null) this.#positions = null;
    this.#id = id;
  }

  /**
   * The states with everything that was written before the call. Throws what `TopicReader.read` throws, and
   * `stopped` when the signal aborts.
   */
  current(signal: AbortSignal): Promise<States> {
    const reading = this.#next ?? this.#queue();
    return reading.join(signal, () => {
      if (this.#next === reading) this.#next = null;
    });
  }

  #queue(): SharedReading {
    const before = this.#last;
    const reading: SharedReading = new SharedReading(async (signal) => {
      await before;
      if (this.#next === reading) this.#next = null;
      await this.#read(signal);
      return this.#states;
    });
    this.#last = reading.ended;
    this.#next = reading;
    return reading;
  }

  /** Reads up to the present end of the topic. After a failure the next reading starts from the beginning. */
  async #read(signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const from = startedAt - this.#readAt < CONTINUE_WITHIN_MS ? this.#positions : null;
    this.#positions = null;
    if (from === null) return this.#readFrom('earliest', startedAt, signal);
    try {
      await this.#readFrom(from, startedAt, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // The topic may be shorter than before: deleted, or truncated by an unclean election.
      await this.#readFrom('earliest', startedAt, signal);
    }
  }

  async #readFrom(from: ReadOptions['from'], startedAt: number, signal: AbortSignal): Promise<void> {
    const partitions = await this.#reader.partitions(this.#topic, signal);
    if (typeof from === 'object' && from.size !== partitions)
      return this.#readFrom('earliest', startedAt, signal);
    const isAnew = from === 'earliest';
    const id = this.#id;
    const states = isAnew ? new States() : this.#states;
    const newest = isAnew ? new NewestByKey(partitions) : this.#newest;
    let records = 0;
    let positions: Positions | null = null;
    const onEnd = (end: Positions) => {
      positions = end;
    };
    for await (const batch of this.#reader.read(this.#topic, { from, until: 'written', signal, onEnd })) {
      for (const record of batch) if (newest.isNewest(record)) put(states, record);
      records += batch.length;
    }
    this.#states = states;
    this.#newest = newest;
    this.#positions = id === this.#id ? positions : null;
    this.#readAt = startedAt;
    this.#onRead({ records, ms: performance.now() - startedAt });
  }
}

/** Copies a record's value: it is a part of its reply, which is not kept in memory for it. */
function put(states: States, { key, value }: TopicRecord): void {
  states.set(key?.toString('utf8') ?? '', value === null ? null : Buffer.from(value));
}

/** One reading for several requests. It ends early when all of them are abandoned. */
class SharedReading {
  readonly #stop = new AbortController();
  readonly #states: Promise<States>;
  #waiting = 0;

  constructor(read: (signal: AbortSignal) => Promise<States>) {
    this.#states = read(this.#stop.signal);
    this.#states.catch(() => undefined);
  }

  /** Resolves when the reading is over, whether it succeeded or failed. */
  get ended(): Promise<void> {
    return this.#states.then(
      () => undefined,
      () => undefined,
    );
  }

  /**
   * The result, or `stopped` when the signal aborts first; `onAbandoned` is called when no request is left.
   */
  async join(signal: AbortSignal, onAbandoned: () => void): Promise<States> {
    setMaxListeners(0, signal);
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(new PublisherError('stopped', 'stopped while reading the states'));
    });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#waiting += 1;
    try {
      return await Promise.race([this.#states, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#waiting -= 1;
      if (this.#waiting === 0 && signal.aborted) {
        onAbandoned();
        this.#stop.abort();
      }
    }
  }
}
