/**
 * Describes open transactions that delay `read_committed` readers: their first offset, their producer and
 * their start.
 */

import type { Brokers } from './brokers.js';
import { fetchFrom } from './fetch.js';
import { exchangeOf, type FlexibleReader, type FlexibleRequest } from './flexible.js';
import { findLeaders, type Isolation, type Leader, listOffsets } from './leaders.js';

/** The oldest open transaction of a partition. */
export interface OpenTransaction {
  readonly topic: string;
  readonly partition: number;
  /** The offset of its first record: `read_committed` readers stop before it. */
  readonly offset: number;
  /** Null when the broker does not return it. */
  readonly producerId: string | null;
  /** Epoch milliseconds of its first record, or null where it can't be read. */
  readonly since: number | null;
}

/**
 * Describes the transaction at which `read_committed` readers of a partition stop. Never throws: fields that
 * the broker refuses to return are null.
 */
export async function describeOpenTransaction(
  brokers: Brokers,
  at: {
    readonly topic: string;
    readonly partition: number;
    readonly leader: Leader;
    readonly offset: number;
  },
): Promise<OpenTransaction> {
  const [producerId, since] = await Promise.all([
    producerAt(brokers, at).catch(() => null),
    timeAt(brokers, at).catch(() => null),
  ]);
  const { topic, partition, offset } = at;
  return { topic, partition, offset, producerId, since };
}

/** Describes the oldest open transaction of each partition that has one. */
export async function findOpenTransactions(brokers: Brokers, topic: string): Promise<OpenTransaction[]> {
  const leaders = await findLeaders(brokers, topic);
  const found = await Promise.all(
    [...leaders].map(async ([partition, leader]) => {
      const at = { topic, partition, leader };
      // In this order, a transaction that is committed between the two answers is not reported as open.
      const written = await endOf(brokers, at, 'uncommitted');
      const stable = await endOf(brokers, at, 'committed');
      return stable < written ? describeOpenTransaction(brokers, { ...at, offset: stable }) : null;
    }),
  );
  return found.filter((each) => each !== null);
}

async function endOf(
  brokers: Brokers,
  { topic, partition, leader }: Omit<At, 'offset'>,
  isolation: Isolation,
): Promise<number> {
  const epochs = new Map([[partition, leader.epoch]]);
  const answers = await listOffsets(brokers, {
    topic,
    node: leader.node,
    epochs,
    query: 'latest',
    isolation,
  });
  const answer = answers.get(partition);
  if (answer === undefined) throw new Error(`the broker returned no offset of partition ${partition}`);
  if ('error' in answer) throw answer.error;
  return answer.offset;
}

type At = Parameters<typeof describeOpenTransaction>[1];

async function producerAt(
  brokers: Brokers,
  { topic, partition, leader, offset }: At,
): Promise<string | null> {
  const producers = await brokers.send(leader.node, exchangeOf(describeProducers(topic, partition)));
  const writer = producers.find(({ transactionStart }) => transactionStart === offset);
  return writer === undefined ? null : writer.id;
}

async function timeAt(brokers: Brokers, { topic, partition, leader, offset }: At): Promise<number | null> {
  const [fetched] = await fetchFrom(brokers, {
    topic,
    node: leader.node,
    positions: new Map([[partition, { offset, epoch: leader.epoch }]]),
    isolation: 'uncommitted',
    // A broker sends the first batch whole, however large it is.
    maxBytes: 1,
    maxWaitMs: 0,
  });
  if (fetched === undefined || 'error' in fetched) return null;
  const [first] = fetched.records;
  return first === undefined ? null : Number(first.timestamp);
}

interface ActiveProducer {
  readonly id: string;
  /** The offset at which its open transaction begins, or -1. */
  readonly transactionStart: number;
}

/** DescribeProducers, for one partition. Needs the permission to read the topic. */
function describeProducers(topic: string, partition: number): FlexibleRequest<ActiveProducer[]> {
  return {
    apiKey: 61,
    apiName: 'DescribeProducers',
    apiVersion: 0,
    write: (body) => {
      body.writeArray([topic], (name) => {
        body.writeString(name);
        body.writeArray([partition], (id) => body.writeInt32(id));
        body.writeTags();
      });
      body.writeTags();
    },
    read: (body) => {
      body.readInt32(); // throttle time
      return body.readArray(readTopic).flat(2);
    },
  };
}

function readTopic(body: FlexibleReader): ActiveProducer[][] {
  body.readString();
  const partitions = body.readArray((each) => {
    each.readInt32(); // partition
    each.readInt16(); // error: no producers then
    each.readString(); // its message
    const producers = each.readArray(readProducer);
    each.skipTags();
    return producers;
  });
  body.skipTags();
  return partitions;
}

function readProducer(body: FlexibleReader): ActiveProducer {
  const id = String(body.readBigInt64());
  body.readInt32(); // epoch
  body.readInt32(); // last sequence number
  body.readInt64(); // last timestamp
  body.readInt32(); // coordinator epoch
  const transactionStart = body.readInt64();
  body.skipTags();
  return { id, transactionStart };
}

/** The text for an operator: the transaction, its age, and how to end it. `now` in epoch milliseconds. */
export function openTransactionText(transaction: OpenTransaction, now: number): string {
  const { topic, partition, offset, producerId, since } = transaction;
  const producer = producerId === null ? '' : ` of producer ID ${producerId}`;
  const age = since === null ? '' : `, since ${new Date(since).toISOString()} (${ageText(now - since)})`;
  return `topic ${topic}, partition ${partition}: an open transaction${producer} at offset ${offset}${age} holds readers back; it ends when its producer commits or aborts it, with its transaction.timeout.ms, or with kafka-transactions.sh abort --topic ${topic} --partition ${partition} --start-offset ${offset}`;
}

/** The publisher's own transactions are open for moments, too. */
const MIN_FOREIGN_MS = 20_000;

/**
 * Whether the transaction is open for longer than the publisher's own ones. One of unknown age counts as
 * such.
 */
export function isLongOpen({ since }: OpenTransaction, now: number): boolean {
  return since === null || now - since >= MIN_FOREIGN_MS;
}

/** Whole seconds up to two minutes, then whole minutes. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
