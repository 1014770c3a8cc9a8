/**
 * One reading of one topic. Partitions are independent of each other: a failure of one, or of its leader,
 * delays no other.
 *
 * Each leader has at most one fetch in flight. When its leader moved, failed or does not answer, a partition
 * is fetched again from the same position, from the leader in the new metadata. A late answer is ignored. So
 * each record is yielded once, and in order.
 */

import { PublisherError } from '../model/errors.js';
import type { Brokers } from './brokers.js';
import { kafkaFailure } from './client.js';
import { type FailedPartition, type FetchedPartition, fetchFrom } from './fetch.js';
import {
  findLeaders,
  type Isolation,
  type Leader,
  type Leaders,
  listOffsets,
  type OffsetQuery,
} from './leaders.js';
import { ageText, describeOpenTransaction, openTransactionText } from './open-transactions.js';
import { typeOf } from './protocol-error.js';
import type { LogExtent, ReadOptions } from './reader.js';
import { isPassing, troubleText } from './trouble.js';
import type { Waits } from './waits.js';
import type { FetchedRecord } from './wire.js';

/** Compressed size. A reply is decompressed as a whole, so more would use memory without being faster. */
const MAX_BYTES = 2 * 1024 * 1024;
const WAIT_MS = 100;
const FOLLOW_WAIT_MS = 500;
/** An existing topic is in the metadata within this time. */
const MAX_UNKNOWN_MS = 5_000;
/** How long a partition may be unreadable. A reading without an end has no such limit. */
const MAX_TROUBLE_MS = 120_000;
/**
 * An election is shorter. After this time the topic was deleted or created again, and its records can't come
 * back.
 */
const MAX_TROUBLE_OF_TYPE_MS: Readonly<Record<string, number>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 30_000,
  OFFSET_OUT_OF_RANGE: 10_000,
};
const WARN_TROUBLE_MS = 10_000;
const WARN_OPEN_TRANSACTION_MS = 15_000;
const RETRY_MS = 250;
/**
 * A fetch without an answer after this time may have gone to a broker that hangs. Another broker may lead its
 * partitions by now.
 */
const SLOW_FETCH_MS = 2_000;

/** The state of a partition while it is read. */
interface Partition {
  readonly id: number;
  position: number;
  /** The offset at which the reading ends. */
  readonly end: number;
  /** Its fetch in flight. */
  fetch: Fetch | null;
  trouble: Trouble | null;
  /** An open transaction before which it stands. */
  held: Held | null;
}

interface Trouble {
  readonly since: number;
  retryAt: number;
}

interface Held {
  readonly offset: number;
  readonly since: number;
  /** Ends the report, once it has begun. */
  release: ((outcome: string | null) => void) | null;
  isReported: boolean;
}

interface Fetch {
  readonly leader: Leader;
  readonly startedAt: number;
  readonly partitions: readonly Partition[];
  readonly answer: Promise<FetchAnswer>;
}

interface FetchAnswer {
  readonly fetch: () => Fetch;
  readonly partitions: readonly (FetchedPartition | FailedPartition)[];
}

export interface ReadingContext {
  readonly brokers: Brokers;
  readonly waits: Waits;
  readonly topic: string;
  readonly options: ReadOptions;
}

export class Reading {
  readonly #brokers: Brokers;
  readonly #waits: Waits;
  readonly #topic: string;
  readonly #options: ReadOptions;
  readonly #isolation: Isolation;
  #doing: string;
  #leaders: Leaders = new Map();
  #refreshing: Promise<void> | null = null;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  /** Ends the report of trouble, once it has begun. */
  #troubled: { readonly since: number; end(outcome: string | null): void } | null = null;

  constructor({ brokers, waits, topic, options }: ReadingContext) {
    this.#brokers = brokers;
    this.#waits = waits;
    this.#topic = topic;
    this.#options = options;
    this.#isolation = options.isolation ?? 'committed';
    this.#doing = `looking up ${topic}`;
  }

  /** The records of one partition after another, in offset order within each. */
  async *run(): AsyncGenerator<{ partition: number; records: readonly FetchedRecord[] }> {
    const partitions = await this.#begin();
    this.#doing = `reading ${this.#topic}`;
    const fetches = new Set<Fetch>();
    try {
      for (;;) {
        this.#throwIfStopped();
        const open = [...partitions.values()].filter(({ position, end }) => position < end);
        if (open.length === 0) {
          this.#options.onEnd?.(new Map([...partitions].map(([id, { position }]) => [id, position])));
          return;
        }
        for (const fetch of this.#fetchesDue(open, fetches)) fetches.add(fetch);
        const answer = await this.#nextAnswer(open, fetches);
        if (answer === null) continue;
        const fetch = answer.fetch();
        fetches.delete(fetch);
        for (const each of answer.partitions) {
          const partition = partitions.get(each.partition);
          if (partition === undefined || partition.fetch !== fetch) continue;
          partition.fetch = null;
          const records = this.#advance(partition, each, fetch);
          if (records.length > 0) yield { partition: partition.id, records };
        }
        this.#reportRecovery(partitions.values());
      }
    } finally {
      this.#troubled?.end(null);
      for (const { held } of partitions.values()) held?.release?.(null);
    }
  }

  /** Where the log of each partition begins and ends, by partition. */
  async extent(): Promise<LogExtent> {
    try {
      await this.#findLeadersWithRetry();
      const starts = await this.#offsets('earliest', this.#isolation);
      const ends = await this.#offsets('latest', this.#isolation);
      const inOrder = (offsets: ReadonlyMap<number, number>) =>
        Array.from({ length: offsets.size }, (_, partition) => offsets.get(partition) ?? 0);
      return { starts: inOrder(starts), ends: inOrder(ends) };
    } finally {
      this.#troubled?.end(null);
    }
  }

  /** Where each partition is read from, and to. */
  async #begin(): Promise<Map<number, Partition>> {
    const { from, until = 'written' } = this.#options;
    await this.#findLeadersWithRetry();
    const starts = await this.#starts(from);
    const ends = until === 'never' ? null : await this.#offsets('latest', END_ISOLATION[until]);
    this.#troubled?.end(`topic ${this.#topic} is read again`);
    this.#troubled = null;
    if (ends !== null) this.#refuseShorter(starts, ends);
    return new Map(
      [...starts].map(([id, position]) => {
        const end = ends === null ? Number.POSITIVE_INFINITY : (ends.get(id) ?? position);
        return [id, { id, position, end, fetch: null, trouble: null, held: null }];
      }),
    );
  }

  async #starts(from: ReadOptions['from']): Promise<Map<number, number>> {
    if (from === 'earliest') return this.#offsets('earliest', this.#isolation);
    if (typeof from !== 'number') {
      const isKnown = [...this.#leaders.keys()].every((id) => from.has(id));
      return new Map(isKnown ? from : [...(await this.#offsets('earliest', this.#isolation)), ...from]);
    }
    // Requested first, so that records that are published between the two requests are not missed.
    const ends = await this.#offsets('latest', this.#isolation);
    const starts = await this.#offsets(from, this.#isolation);
    // When no record is that young, the reading starts at the end of the log.
    return new Map([...starts].map(([id, at]) => [id, at < 0 ? (ends.get(id) ?? 0) : at]));
  }

  /**
   * When an earlier reading ended behind the present end, the topic was truncated, or deleted and created
   * again.
   */
  #refuseShorter(starts: ReadonlyMap<number, number>, ends: ReadonlyMap<number, number>): void {
    for (const [id, start] of starts) {
      const end = ends.get(id) ?? 0;
      if (start <= end) continue;
      throw new PublisherError(
        'kafka-error',
        `Kafka: ${this.#doing} failed: partition ${id} ends at offset ${end}, and was read up to ${start} before`,
      );
    }
  }

  async #findLeadersWithRetry(): Promise<void> {
    const since = performance.now();
    for (;;) {
      this.#throwIfStopped();
      try {
        this.#leaders = await findLeaders(this.#brokers, this.#topic);
        return;
      } catch (error) {
        const isUnknown = typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION';
        this.#judge(error, since, isUnknown ? MAX_UNKNOWN_MS : MAX_TROUBLE_MS);
      }
      await this.#pause(RETRY_MS);
    }
  }

  /** Checks every partition: a partition that is not known (yet) must not count as empty. */
  async #offsets(query: OffsetQuery, isolation: Isolation): Promise<Map<number, number>> {
    const offsets = new Map<number, number>();
    const since = performance.now();
    for (;;) {
      this.#throwIfStopped();
      const missing = [...this.#leaders.keys()].filter((id) => !offsets.has(id));
      if (missing.length === 0) return offsets;
      const errors = await this.#askOffsets(missing, query, isolation, offsets);
      const [error] = errors;
      if (error === undefined) continue;
      for (const each of errors) this.#judge(each, since, MAX_TROUBLE_MS);
      await this.#pause(RETRY_MS);
      await this.#refresh();
    }
  }

  async #askOffsets(
    ids: readonly number[],
    query: OffsetQuery,
    isolation: Isolation,
    offsets: Map<number, number>,
  ): Promise<unknown[]> {
    const errors: unknown[] = [];
    const ask = async (node: number, epochs: ReadonlyMap<number, number>) => {
      const answers = await listOffsets(this.#brokers, {
        topic: this.#topic,
        node,
        epochs,
        query,
        isolation,
      });
      for (const [id, answer] of answers) {
        if ('error' in answer) errors.push(answer.error);
        else offsets.set(id, answer.offset);
      }
    };
    const asked = [...this.#byLeader(ids)].map(([node, led]) =>
      node < 0 ? Promise.reject(new NoLeader(led.keys())) : ask(node, led),
    );
    for (const each of await Promise.allSettled(asked))
      if (each.status === 'rejected') errors.push(each.reason);
    return errors;
  }

  /** The epochs of the partitions by the leader's node ID, -1 where there is none. */
  #byLeader(ids: readonly number[]): Map<number, Map<number, number>> {
    const byLeader = new Map<number, Map<number, number>>();
    for (const id of ids) {
      const { node, epoch } = this.#leaders.get(id) ?? NO_LEADER;
      const led = byLeader.get(node) ?? new Map<number, number>();
      byLeader.set(node, led.set(id, epoch));
    }
    return byLeader;
  }

  /** Starts a fetch for each leader without one in flight that leads partitions which can be fetched now. */
  #fetchesDue(open: readonly Partition[], fetches: ReadonlySet<Fetch>): Fetch[] {
    const now = performance.now();
    const busy = new Set([...fetches].map(({ leader }) => leader.node));
    const due = new Map<number, Partition[]>();
    for (const partition of open) {
      const { node } = this.#leaders.get(partition.id) ?? NO_LEADER;
      if (partition.fetch !== null && !isLost(partition.fetch, node, now)) continue;
      if (partition.trouble !== null && partition.trouble.retryAt > now) continue;
      if (node < 0) this.#noteTrouble(partition, new NoLeader([partition.id]), now);
      else if (!busy.has(node)) due.set(node, [...(due.get(node) ?? []), partition]);
    }
    return [...due].map(([node, partitions]) => this.#startFetch(node, partitions));
  }

  #startFetch(node: number, partitions: readonly Partition[]): Fetch {
    const epochOf = (id: number) => (this.#leaders.get(id) ?? NO_LEADER).epoch;
    const positions = new Map(
      partitions.map(({ id, position }) => [id, { offset: position, epoch: epochOf(id) }]),
    );
    const request = {
      topic: this.#topic,
      node,
      positions,
      isolation: this.#isolation,
      maxBytes: MAX_BYTES,
      maxWaitMs: this.#options.until === 'never' ? FOLLOW_WAIT_MS : WAIT_MS,
    };
    const fetched = fetchFrom(this.#brokers, request).then(
      (answers) => this.#withinRange(node, positions, answers),
      (error: unknown) => partitions.map(({ id }) => ({ partition: id, error: asError(error) })),
    );
    const fetch: Fetch = {
      leader: { node, epoch: 0 },
      startedAt: performance.now(),
      partitions,
      answer: fetched.then((answers) => ({ fetch: () => fetch, partitions: answers })),
    };
    for (const partition of partitions) partition.fetch = fetch;
    return fetch;
  }

  /**
   * Records that retention has deleted meanwhile are skipped; a position behind the end is an error, because
   * the log was truncated or the topic created again.
   */
  async #withinRange(
    node: number,
    positions: ReadonlyMap<number, { offset: number; epoch: number }>,
    answers: readonly (FetchedPartition | FailedPartition)[],
  ): Promise<(FetchedPartition | FailedPartition)[]> {
    const out = answers.filter(isOutOfRange);
    if (out.length === 0) return [...answers];
    const epochs = new Map(out.map(({ partition }) => [partition, positions.get(partition)?.epoch ?? -1]));
    const at = { topic: this.#topic, node, epochs, query: 'earliest', isolation: this.#isolation } as const;
    const starts = await listOffsets(this.#brokers, at).catch(() => null);
    return answers.map((each) => {
      const start = isOutOfRange(each) ? starts?.get(each.partition) : undefined;
      const position = positions.get(each.partition)?.offset ?? 0;
      if (start === undefined || 'error' in start || start.offset <= position) return each;
      const { partition } = each;
      return { partition, records: [], next: start.offset, written: start.offset, stable: start.offset };
    });
  }

  /** Advances the partition by the result of a fetch. */
  #advance(
    partition: Partition,
    fetched: FetchedPartition | FailedPartition,
    fetch: Fetch,
  ): readonly FetchedRecord[] {
    if ('error' in fetched) {
      this.#noteTrouble(partition, fetched.error, fetch.startedAt);
      return [];
    }
    const { next, records, written, stable } = fetched;
    const hasMoved = next > partition.position;
    partition.position = next;
    if (hasMoved || stable > next) this.#release(partition);
    if (hasMoved) {
      partition.trouble = null;
    } else if (partition.end !== Number.POSITIVE_INFINITY && written < partition.end) {
      // Right after an election a leader may not know yet that all of its records are committed.
      this.#noteTrouble(partition, new LogBehind(written, partition.end), fetch.startedAt);
    } else {
      partition.trouble = null;
      if (stable <= next && next < Math.min(partition.end, written)) this.#noteHeld(partition, stable);
      // The partition was fetched alone, so no other one filled the reply: compaction has left no record up
      // to the end.
      else if (fetch.partitions.length === 1 && stable >= partition.end) partition.position = partition.end;
    }
    return records;
  }

  #noteHeld(partition: Partition, offset: number): void {
    const now = performance.now();
    if (partition.held?.offset !== offset) {
      this.#release(partition);
      partition.held = { offset, since: now, release: null, isReported: false };
    }
    const { held } = partition;
    if (held === null || held.isReported || now - held.since < WARN_OPEN_TRANSACTION_MS) return;
    held.isReported = true;
    void this.#reportHeld(partition, held);
  }

  async #reportHeld(partition: Partition, held: Held): Promise<void> {
    const leader = this.#leaders.get(partition.id) ?? NO_LEADER;
    const at = { topic: this.#topic, partition: partition.id, leader, offset: held.offset };
    const transaction = await describeOpenTransaction(this.#brokers, at);
    if (partition.held !== held) return;
    const key = `${this.#topic}/${partition.id}/${held.offset}`;
    held.release = this.#waits.begin(key, this.#topic, openTransactionText(transaction, Date.now()));
  }

  #release(partition: Partition): void {
    const { held } = partition;
    partition.held = null;
    if (held === null) return;
    const waited = ageText(performance.now() - held.since);
    held.release?.(
      `topic ${this.#topic}, partition ${partition.id} is read again: the transaction at offset ${held.offset} has ended, after ${waited}`,
    );
  }

  #noteTrouble(partition: Partition, error: unknown, since: number): void {
    const now = performance.now();
    partition.trouble ??= { since, retryAt: now };
    partition.trouble.retryAt = now + RETRY_MS;
    const limit = this.#options.until === 'never' ? Number.POSITIVE_INFINITY : MAX_TROUBLE_MS;
    this.#judge(error, partition.trouble.since, MAX_TROUBLE_OF_TYPE_MS[typeOf(error)] ?? limit);
    void this.#refresh();
  }

  /** Throws when the error is permanent or has lasted too long; reports an error that lasts. */
  #judge(error: unknown, since: number, limitMs: number): void {
    const lasted = performance.now() - since;
    if (!isPassing(error) || lasted >= limitMs) throw kafkaFailure(error, this.#doing);
    if (lasted < WARN_TROUBLE_MS || this.#troubled !== null) return;
    const message = troubleText(this.#topic, error, lasted);
    const end = this.#waits.begin(this.#topic, this.#topic, message);
    this.#troubled = { since, end };
  }

  #reportRecovery(partitions: Iterable<Partition>): void {
    if (this.#troubled === null) return;
    for (const { trouble } of partitions) if (trouble !== null) return;
    const lasted = ageText(performance.now() - this.#troubled.since);
    this.#troubled.end(`topic ${this.#topic} is read again, after ${lasted}`);
    this.#troubled = null;
  }

  /**
   * Requests the leaders again, with a minimum interval. A failure of the request shows in the next fetch.
   */
  #refresh(): Promise<void> {
    if (performance.now() - this.#refreshedAt < RETRY_MS) return this.#refreshing ?? Promise.resolve();
    this.#refreshing ??= findLeaders(this.#brokers, this.#topic)
      .then(
        (leaders) => {
          // A partition that is missing from one answer still exists.
          this.#leaders = new Map([...this.#leaders, ...leaders]);
        },
        () => undefined,
      )
      .finally(() => {
        this.#refreshedAt = performance.now();
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  /** The first answer of a fetch, or null when a retry is due. */
  async #nextAnswer(open: readonly Partition[], fetches: ReadonlySet<Fetch>): Promise<FetchAnswer | null> {
    const now = performance.now();
    const isSlow = [...fetches].some(({ startedAt }) => now - startedAt > SLOW_FETCH_MS);
    if (isSlow) void this.#refresh();
    const isInTrouble = open.some(({ trouble }) => trouble !== null);
    const answers = [...fetches].map(({ answer }) => answer);
    return firstOf(answers, isInTrouble || isSlow ? RETRY_MS : SLOW_FETCH_MS, this.#options.signal);
  }

  #pause(ms: number): Promise<null> {
    return firstOf([], ms, this.#options.signal);
  }

  #throwIfStopped(): void {
    if (this.#options.signal?.aborted !== true) return;
    throw new PublisherError('stopped', `stopped while ${this.#doing}`);
  }
}

const NO_LEADER: Leader = { node: -1, epoch: -1 };

/** `written`: behind everything that was acknowledged before. `stable`: before the first open transaction. */
const END_ISOLATION = { written: 'uncommitted', stable: 'committed' } as const;

/** As brokers report a partition without a leader. */
class NoLeader extends Error {
  readonly type = 'LEADER_NOT_AVAILABLE';

  constructor(partitions: Iterable<number>) {
    super(`partition ${[...partitions].join(', ')} has no leader`);
  }
}

class LogBehind extends Error {
  readonly type = 'OFFSET_NOT_AVAILABLE';

  constructor(written: number, end: number) {
    super(`the leader's log ends at offset ${written}, and there were records up to ${end}`);
  }
}

/** Whether a fetch has had no answer for long, and its broker no longer leads the partition. */
function isLost({ leader, startedAt }: Fetch, node: number, now: number): boolean {
  return node >= 0 && node !== leader.node && now - startedAt > SLOW_FETCH_MS;
}

function isOutOfRange(each: FetchedPartition | FailedPartition): each is FailedPartition {
  return 'error' in each && typeOf(each.error) === 'OFFSET_OUT_OF_RANGE';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The first of the promises, or null when the time is over or the signal aborts. Removes its listeners. */
function firstOf<T>(
  promises: readonly Promise<T>[],
  ms: number,
  signal: AbortSignal | undefined,
): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    const onAbort = () => settle(() => resolve(null));
    const timer = setTimeout(onAbort, ms);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    for (const each of promises)
      each.then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(asError(error))),
      );
  });
}
