/**
 * Transactions of one transactional ID: begins, produces, and ends them as Kafka's Java client does.
 *
 * Kafkajs's own producer is incorrect on several brokers. One call sends to all partition leaders at the same
 * time. On the first retriable error it sends the batches in flight again with new sequence numbers, so both
 * copies are committed. Here each batch keeps its sequence number. A batch is sent to the partition's current
 * leader until a leader acknowledges it; brokers recognise a repeated batch by its number. Only then the
 * transaction ends, and that request too is repeated until its outcome is known.
 *
 * An error that retries can't resolve aborts the transaction. The whole transaction is then retried with the
 * next epoch, which no batch of the aborted one can enter. The epoch is only raised from this producer's own
 * one: if another instance has initialised the ID since, the coordinator refuses, and the producer is fenced.
 */

import type { CompressionTypes } from 'kafkajs';
import type { OutgoingRecord } from '../model/row.js';
import { isTransactionTimeout, transactionFailure } from './client.js';
import { exchangeOf, type FlexibleReader, type FlexibleWriter } from './flexible.js';
import type { Broker, BrokerLinks, Leaders, ProducerId } from './links.js';
import { errorFromCode, typeOf } from './protocol-error.js';
import type { Retries } from './retries.js';

/** The records of one batch, for one partition. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutgoingRecord[];
}

/** By topic and partition: the offset behind the last record that a transaction wrote there. */
export type EndOffsets = ReadonlyMap<string, ReadonlyMap<number, number>>;

export interface ProducerOptions {
  readonly transactionalId: string;
  readonly compression: CompressionTypes;
  /** Called with a partition whose log is shorter than this producer has written it. */
  readonly onCutOff?: (topic: string, partition: number) => void;
}

/**
 * The coordinator aborts a transaction that is open for longer than this. Readers of committed records wait
 * for open ones.
 */
export const TRANSACTION_TIMEOUT_MS = 60_000;
/** How long a leader may wait for its replicas before it answers. */
const PRODUCE_TIMEOUT_MS = 5_000;
const MAX_TRANSACTIONS = 3;
/** `InitProducerId`, with the producer's own ID and epoch, from version 3 on. */
const INIT_PRODUCER_ID = { apiKey: 22, apiVersion: 4 };

/** The transaction can't be committed, and no other producer is the cause: it may be retried. */
class Aborted extends Error {
  constructor(override readonly cause: unknown) {
    super('the transaction has to be aborted', { cause });
  }
}

/** Errors that neither the records nor the producer's permissions cause. */
const ABORTABLE = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_TXN_STATE',
  'TRANSACTION_ABORTABLE',
  // Errors of newer brokers.
  'KAFKAJS_UNKNOWN_ERROR_CODE',
]);

function abortedBy(error: unknown): unknown {
  return ABORTABLE.has(typeOf(error)) ? new Aborted(error) : error;
}

interface Sent extends PartitionBatch {
  readonly firstSequence: number;
}

interface AddedReply {
  readonly errors: readonly { readonly partitionErrors: readonly { readonly errorCode: number }[] }[];
}

interface ProduceReply {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly { partition: number; errorCode: number; baseOffset: string }[];
  }[];
}

/**
 * The outcome of a batch: acknowledged, to be sent again, or refused. `unanswered`: a broker may have the
 * batch, or may still get it.
 */
type Outcome =
  | { readonly kind: 'written'; readonly end: number }
  | { readonly kind: 'again'; readonly why: Error; readonly unanswered: boolean }
  | { readonly kind: 'refused'; readonly why: Error };

export class TransactionalProducer {
  readonly #links: BrokerLinks;
  readonly #options: ProducerOptions;
  #producer: ProducerId;
  #coordinator: Broker | null = null;
  /** The next sequence number, by topic and partition. */
  readonly #sequences = new Map<string, number>();
  readonly #leaders = new Map<string, Leaders>();
  /** By topic and partition: an offset that the log has reached. */
  readonly #written = new Map<string, number>();
  /** The topics and partitions of the open transaction: its end adds a marker to each of their logs. */
  #open = new Set<string>();

  private constructor(links: BrokerLinks, options: ProducerOptions, producer: ProducerId) {
    this.#links = links;
    this.#options = options;
    this.#producer = producer;
  }

  /**
   * Initialises the transactional ID: its previous producer is fenced, and its open transaction is aborted.
   */
  static async open(
    links: BrokerLinks,
    options: ProducerOptions,
    retries: Retries,
  ): Promise<TransactionalProducer> {
    const { transactionalId } = options;
    const unknown = { producerId: '-1', producerEpoch: -1 };
    const producer = new TransactionalProducer(links, options, unknown);
    const of = { transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS };
    producer.#producer = await producer.#askCoordinator(retries, (coordinator) =>
      coordinator.initProducerId(of),
    );
    return producer;
  }

  /** The number of partitions of a topic. */
  async partitionsOf(topic: string, retries: Retries): Promise<number> {
    if (!this.#leaders.has(topic)) await retries.run(() => this.#refreshLeaders([topic]));
    return this.#leaders.get(topic)?.size ?? 0;
  }

  /**
   * Publishes all batches in one transaction, in rounds of at most one batch for each partition. Resolves
   * once it is committed. Throws `fenced` when another producer has the ID, and the broker's error when it
   * refuses a batch.
   */
  async commit(rounds: readonly (readonly PartitionBatch[])[], retries: Retries): Promise<EndOffsets> {
    for (let transaction = 1; ; transaction += 1) {
      try {
        return await this.#transact(rounds, retries);
      } catch (error) {
        if (!(error instanceof Aborted)) throw error;
        if (transaction === MAX_TRANSACTIONS) throw error.cause;
        await this.#beginAnew(retries);
      }
    }
  }

  async #transact(rounds: readonly (readonly PartitionBatch[])[], retries: Retries): Promise<EndOffsets> {
    const startedAt = performance.now();
    try {
      await this.#addPartitions(rounds.flat(), retries);
      const ends = new Map<string, Map<number, number>>();
      for (const round of rounds) await this.#produce(round, ends, retries);
      await this.#end(true, retries);
      return ends;
    } catch (error) {
      throw explained(error, performance.now() - startedAt);
    }
  }

  async #addPartitions(batches: readonly PartitionBatch[], retries: Retries): Promise<void> {
    const topics = new Map<string, Set<number>>();
    for (const { topic, partition } of batches)
      topics.set(topic, (topics.get(topic) ?? new Set()).add(partition));
    const request = {
      ...this.#producer,
      transactionalId: this.#options.transactionalId,
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
    };
    try {
      await this.#askCoordinator(retries, async (coordinator) => {
        const reply = await this.#links.ask<AddedReply>(coordinator, 'AddPartitionsToTxn', request);
        const codes = reply.errors.flatMap(({ partitionErrors }) =>
          partitionErrors.map(({ errorCode }) => errorCode),
        );
        // Partitions that were not tried because of another one have no reason of their own.
        const code = codes.find((each) => each !== 0 && each !== NOT_ATTEMPTED);
        if (code !== undefined) throw errorFromCode(code);
      });
    } catch (error) {
      throw abortedBy(error);
    }
    this.#open = new Set(batches.map(nameOf));
  }

  /** Sends each batch to its partition's leader until that has acknowledged it. */
  async #produce(
    round: readonly PartitionBatch[],
    ends: Map<string, Map<number, number>>,
    retries: Retries,
  ): Promise<void> {
    let pending = round.map((batch): Sent => ({ ...batch, firstSequence: this.#number(batch) }));
    let refused: Error | null = null;
    await retries.run(async () => {
      const outcomes = await this.#sendToLeaders(pending);
      const again: Sent[] = [];
      let why: Error | null = null;
      for (const [batch, outcome] of outcomes) {
        if (outcome.kind === 'written') {
          this.#noteEnd(batch, outcome.end);
          setEnd(ends, batch, outcome.end);
        } else if (outcome.kind === 'refused') refused ??= outcome.why;
        else {
          // Before an abort, only batches that may still arrive at a broker have to be waited for.
          if (refused === null || outcome.unanswered) again.push(batch);
          why = outcome.why;
        }
      }
      pending = again;
      if (why === null || pending.length === 0) return;
      await this.#refreshLeaders([...new Set(round.map(({ topic }) => topic))]);
      throw why;
    });
    if (refused !== null) throw abortedBy(refused);
  }

  /**
   * Reports a log that ends before records that were written to it: an unclean election has truncated it, or
   * the topic was created again or restored. A refused sequence number does not prove that: a new leader may
   * refuse a number although it has all acknowledged records.
   */
  #noteEnd(batch: PartitionBatch, end: number): void {
    const name = nameOf(batch);
    const base = end - batch.records.length;
    // A broker that has a batch already may not return its offset.
    if (base < 0) return;
    if (base < (this.#written.get(name) ?? 0)) this.#options.onCutOff?.(batch.topic, batch.partition);
    this.#written.set(name, end);
  }

  async #sendToLeaders(batches: readonly Sent[]): Promise<Map<Sent, Outcome>> {
    const byLeader = new Map<number, Sent[]>();
    for (const batch of batches) {
      const leader = this.#leaders.get(batch.topic)?.get(batch.partition) ?? NO_LEADER;
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch]);
    }
    const outcomes = new Map<Sent, Outcome>();
    const sends = [...byLeader].map(async ([leader, led]) => {
      const sent = await this.#sendTo(leader, led);
      for (const [index, outcome] of sent.entries()) outcomes.set(led[index] as Sent, outcome);
    });
    await Promise.all(sends);
    return outcomes;
  }

  /** The outcome of each batch; never throws. */
  async #sendTo(leader: number, batches: readonly Sent[]): Promise<Outcome[]> {
    if (leader === NO_LEADER) return batches.map(({ topic, partition }) => withoutLeader(topic, partition));
    let broker: Broker;
    try {
      broker = await this.#links.node(leader);
    } catch (error) {
      return batches.map(() => ({ kind: 'again', why: asError(error), unanswered: false }));
    }
    try {
      const request = this.#produceRequest(batches);
      const reply = await this.#links.ask<ProduceReply>(broker, 'Produce', request);
      return batches.map((batch) => outcomeOf(batch, reply));
    } catch (error) {
      return batches.map(() => ({ kind: 'again', why: asError(error), unanswered: true }));
    }
  }

  #produceRequest(batches: readonly Sent[]): object {
    const { transactionalId, compression } = this.#options;
    const topics = new Map<string, object[]>();
    for (const { topic, partition, records, firstSequence } of batches) {
      const messages = records.map(({ key, value, headers = {} }) => ({ key, value, headers }));
      topics.set(topic, [...(topics.get(topic) ?? []), { partition, firstSequence, messages }]);
    }
    const topicData = [...topics].map(([topic, partitions]) => ({ topic, partitions }));
    const how = { acks: -1, timeout: PRODUCE_TIMEOUT_MS, compression };
    return { ...this.#producer, ...how, transactionalId, topicData };
  }

  /**
   * Ends the open transaction. The request is repeated until its outcome is known; a coordinator knows a
   * transaction that it has ended.
   */
  async #end(commit: boolean, retries: Retries): Promise<void> {
    const { transactionalId } = this.#options;
    const of = { ...this.#producer, transactionalId, transactionResult: commit };
    await this.#askCoordinator(retries, (coordinator) => coordinator.endTxn(of));
    for (const name of this.#open) {
      const written = this.#written.get(name);
      if (written !== undefined) this.#written.set(name, written + 1);
    }
    this.#open.clear();
  }

  /**
   * Aborts the open transaction and raises the epoch: no batch of the aborted transaction can get into the
   * next one.
   */
  async #beginAnew(retries: Retries): Promise<void> {
    try {
      await this.#end(false, retries);
    } catch (error) {
      // No transaction was open.
      if (typeOf(error) !== 'INVALID_TXN_STATE') throw explained(error, 0);
    }
    this.#producer = await this.#askCoordinator(retries, async (coordinator) => {
      const { errorCode, ...producer } = (await coordinator.connectionPool.send(
        exchangeOf(this.#raiseEpoch()),
      )) as ReturnType<typeof readProducerId>;
      if (errorCode !== 0) throw errorFromCode(errorCode);
      return producer;
    });
    this.#sequences.clear();
  }

  #raiseEpoch() {
    const { producerId, producerEpoch } = this.#producer;
    const { transactionalId } = this.#options;
    return {
      ...INIT_PRODUCER_ID,
      apiName: 'InitProducerId',
      write: (body: FlexibleWriter) => {
        body.writeString(transactionalId).writeInt32(TRANSACTION_TIMEOUT_MS);
        body.writeBigInt64(BigInt(producerId)).writeInt16(producerEpoch).writeTags();
      },
      read: readProducerId,
    };
  }

  /** The batch's sequence number, which no other batch of its partition has. */
  #number(batch: PartitionBatch): number {
    const name = nameOf(batch);
    const first = this.#sequences.get(name) ?? 0;
    this.#sequences.set(name, (first + batch.records.length) % SEQUENCES);
    return first;
  }

  /** Asks the ID's coordinator until it answers, wherever it is. */
  #askCoordinator<T>(retries: Retries, request: (coordinator: Broker) => Promise<T>): Promise<T> {
    return retries.run(async () => {
      const coordinator = await this.#findCoordinator();
      try {
        return await this.#links.using(coordinator, () => request(coordinator));
      } catch (error) {
        if (typeOf(error) !== 'CONCURRENT_TRANSACTIONS') this.#coordinator = null;
        throw error;
      }
    });
  }

  async #findCoordinator(): Promise<Broker> {
    const known = this.#coordinator;
    if (known?.isConnected()) return known;
    this.#coordinator = await this.#links.coordinatorOf(this.#options.transactionalId);
    return this.#coordinator;
  }

  /** A partition that is missing from the metadata keeps its leader. */
  async #refreshLeaders(topics: readonly string[]): Promise<void> {
    const leaders = await this.#links.leaders(topics);
    for (const [topic, found] of leaders) this.#leaders.set(topic, found);
    if (topics.some((topic) => !this.#leaders.has(topic))) throw errorFromCode(UNKNOWN_TOPIC);
  }
}

const NO_LEADER = -1;
/** Sequence numbers are those of Java's int, from 0 on. */
const SEQUENCES = 2 ** 31;
const UNKNOWN_TOPIC = 3;
const LEADER_NOT_AVAILABLE = 5;
const NOT_ATTEMPTED = 55;

function nameOf({ topic, partition }: PartitionBatch): string {
  return `${topic}/${partition}`;
}

function readProducerId(body: FlexibleReader) {
  body.readInt32(); // throttle time
  const errorCode = body.readInt16();
  return { errorCode, producerId: String(body.readBigInt64()), producerEpoch: body.readInt16() };
}

function outcomeOf({ topic, partition, records }: Sent, { topics }: ProduceReply): Outcome {
  const found = topics
    .find(({ topicName }) => topicName === topic)
    ?.partitions.find((each) => each.partition === partition);
  if (found === undefined) {
    return {
      kind: 'again',
      why: new Error(`no answer for ${topic} partition ${partition}`),
      unanswered: true,
    };
  }
  const { errorCode, baseOffset } = found;
  if (errorCode === 0) return { kind: 'written', end: Number(baseOffset) + records.length };
  const why = errorFromCode(errorCode);
  why.message = `${why.message} (${topic} partition ${partition})`;
  return why.retriable ? { kind: 'again', why, unanswered: false } : { kind: 'refused', why };
}

function withoutLeader(topic: string, partition: number): Outcome {
  const why = errorFromCode(LEADER_NOT_AVAILABLE);
  why.message = `${why.message} (${topic} partition ${partition})`;
  return { kind: 'again', why, unanswered: false };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Brokers return the same error to a producer that another one has fenced, and to one whose transaction the
 * coordinator has aborted for its age.
 */
function explained(error: unknown, tookMs: number): unknown {
  const time = { tookMs, timeoutMs: TRANSACTION_TIMEOUT_MS };
  const isTimeout = isTransactionTimeout(error, time);
  return isTimeout ? transactionFailure(error, 'committing a transaction', time) : error;
}

function setEnd(ends: Map<string, Map<number, number>>, at: PartitionBatch, end: number): void {
  const ofTopic = ends.get(at.topic) ?? new Map<number, number>();
  ends.set(at.topic, ofTopic.set(at.partition, end));
}
