/**
 * Measures rows a second from the API to the topic, relative to kafkajs sending the same bytes and to the
 * simplest pipe, and the cost of transactions.
 */

import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Kafka } from 'kafkajs';
import { valueSchema } from '../src/avro/codec.js';
import { publishedText } from '../src/avro/published.js';
import { createKafka } from '../src/kafka/client.js';
import { COMPRESSION_TYPES } from '../src/kafka/codecs.js';
import kafkajs from '../src/kafka/kafkajs.js';
import { partitionOf } from '../src/kafka/partitioner.js';
import { Writer } from '../src/kafka/writer.js';
import type { OutgoingRecord } from '../src/model/row.js';
import { createTopics } from '../test/support/create-topics.js';
import { readRecords } from '../test/support/topics.js';
import type { PlainRecord, PlainTask } from './plain.js';
import { type Addresses, median, PER_PAGE, rounded, type Say, Stage } from './stage.js';

/** Records in a transaction of the publisher in such a cycle. */
const PER_SEND = 1_400;
const PARTITIONS = 3;
const ROUNDS = 3;
/**
 * Runs with and without transactions in each round. Their order alternates, because each leaves garbage to
 * the next one.
 */
const TURNS = 4;
/** No list is cut, so that only pages are requested. */
const WHOLE_LISTS = 1_000;

export interface ThroughputFigures {
  readonly overBare: number;
  readonly overPipe: number;
  readonly transactions: number;
  /** The writer's transactions over those of kafkajs. */
  readonly overKafkajs: number;
}

/** Prints and returns the ratios; the medians of some rounds. */
export async function benchThroughput(
  addresses: Addresses,
  say: Say,
  rows = 100_000,
): Promise<ThroughputFigures> {
  const measured: Round[] = [];
  const stage = await Stage.open(addresses, {
    contacts: rows,
    tables: ['contacts'],
    sublistLimit: WHOLE_LISTS,
    shown: true,
  });
  try {
    while (measured.length < ROUNDS) measured.push(await round(stage, addresses));
  } finally {
    await stage.close();
  }
  const seconds = (of: keyof Round) => median(measured.map((each) => each[of]));
  const rate = (of: keyof Round) => rounded(rows / seconds(of));
  const overBare = seconds('bare') / seconds('published');
  const overPipe = seconds('pipe') / seconds('published');
  const transactions = seconds('sent') / seconds('committed');
  const overKafkajs = seconds('transacted') / seconds('committed');
  say(
    `throughput: ${rows} contacts, no latency, no limit: ${rate('published')} rows/s published, ${rate('bare')} rows/s by kafkajs ` +
      `with the same bytes: ${overBare.toFixed(2)}; ${rate('pipe')} rows/s by the simplest pipe: ${overPipe.toFixed(2)}`,
  );
  say(
    `commit: ${rate('committed')} rows/s in transactions of ${PER_SEND} rows, ${rate('sent')} rows/s without: ${transactions.toFixed(2)}; ` +
      `${rate('transacted')} rows/s by kafkajs's own transactions: ${overKafkajs.toFixed(2)}`,
  );
  return { overBare, overPipe, transactions, overKafkajs };
}

/** Seconds for all rows. */
interface Round {
  /** By the publisher, from the API. */
  readonly published: number;
  /** By kafkajs alone, the same bytes. */
  readonly bare: number;
  /** By the simplest pipe, from the API. */
  readonly pipe: number;
  /** The same bytes as the publisher sends them, without transactions and with them. */
  readonly sent: number;
  readonly committed: number;
  /** In transactions of kafkajs. */
  readonly transacted: number;
}

async function round(stage: Stage, addresses: Addresses): Promise<Round> {
  await stage.renew();
  const published = (await stage.cycle()).seconds;
  const { brokers } = addresses;
  const kafka = createKafka({ clientId: 'bench', ssl: false, sasl: null, brokers: [...brokers] });
  const records = await readRecords(kafka, stage.topic('contacts'));
  const topic = (name: string) => makeTopic(kafka, `${stage.prefix}.${name}`);
  const file = stage.file('records');
  await writeFile(file, records.map((record) => `${JSON.stringify(portable(record))}\n`).join(''));
  const bareWork = { records: file, perSend: PER_PAGE };
  const bare = await plainly({ brokers, topic: await topic('bare'), work: bareWork });
  const { url, token } = stage;
  const pipeWork = { url, token, schema: publishedText(valueSchema('contacts', 'flat')) };
  const pipe = await plainly({ brokers, topic: await topic('pipe'), work: pipeWork });
  const ways = {
    sent: (to: string) => send(kafka, to, records),
    committed: (to: string) => commit(kafka, to, records),
    transacted: (to: string) => transact(kafka, to, records),
  };
  const times = { sent: [] as number[], committed: [] as number[], transacted: [] as number[] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    const order = ['sent', 'committed', 'transacted'] as const;
    for (const way of turn % 2 === 0 ? order : order.toReversed())
      times[way].push(await ways[way](await topic(`${way}-${turn}`)));
  }
  const { sent, committed, transacted } = times;
  return {
    published,
    bare,
    pipe,
    sent: median(sent),
    committed: median(committed),
    transacted: median(transacted),
  };
}

/** The time of a plain process, in seconds. */
async function plainly(task: PlainTask): Promise<number> {
  const script = fileURLToPath(new URL('plain.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  const seconds = Number.parseFloat(text);
  if (Number.isNaN(seconds)) throw new Error(`a plain process ended without a figure: ${text}`);
  return seconds;
}

function portable({ key, value, headers }: Sent[number]): PlainRecord {
  const texts = Object.entries(headers).map(([name, each]) => [name, String(each)]);
  const base64 = (bytes: Buffer | null) => (bytes ?? Buffer.alloc(0)).toString('base64');
  return { key: base64(key), value: base64(value), headers: Object.fromEntries(texts) };
}

type Sent = Awaited<ReturnType<typeof readRecords>>;

/** The records in the form of kafkajs. */
function messagesOf(records: Sent) {
  return records.map(({ key, value, headers }) => ({ key, value, headers: textsIn(headers) }));
}

/** The records in the form of the writer: both forms have one object for each record. */
function outgoing(topic: string, records: Sent): OutgoingRecord[] {
  return records.map(({ key, value, headers }) => ({
    topic,
    key: key ?? Buffer.alloc(0),
    value,
    headers: textsIn(headers),
  }));
}

function textsIn(headers: Sent[number]['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, String(each)]));
}

async function makeTopic(kafka: Kafka, topic: string): Promise<string> {
  await createTopics(kafka, [{ topic, partitions: PARTITIONS }]);
  return topic;
}

/** Seconds to send the records without transactions, encoded and compressed as the publisher does. */
async function send(kafka: Kafka, topic: string, records: Sent): Promise<number> {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const startedAt = performance.now();
  for (let start = 0; start < records.length; start += PER_SEND) {
    const messages = messagesOf(records.slice(start, start + PER_SEND));
    await producer.send({ topic, messages, acks: -1, compression: COMPRESSION_TYPES.zstd });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await producer.disconnect();
  return seconds;
}

/** Seconds to send them in transactions, as the publisher does. */
async function commit(kafka: Kafka, topic: string, records: Sent): Promise<number> {
  const writer = await Writer.open(kafka, { transactionalId: topic, compression: COMPRESSION_TYPES.zstd });
  const startedAt = performance.now();
  for (let start = 0; start < records.length; start += PER_SEND) {
    await writer.commit(outgoing(topic, records.slice(start, start + PER_SEND)));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await writer.close();
  return seconds;
}

/**
 * Seconds to send them in transactions of kafkajs: one send for each partition, which is correct on several
 * brokers.
 */
async function transact(kafka: Kafka, topic: string, records: Sent): Promise<number> {
  const producer = kafka.producer({
    transactionalId: `kafkajs-${topic}`,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  const startedAt = performance.now();
  for (let start = 0; start < records.length; start += PER_SEND) {
    const byPartition = new Map<number, ReturnType<typeof messagesOf>>();
    for (const message of messagesOf(records.slice(start, start + PER_SEND))) {
      const partition = partitionOf(message.key ?? Buffer.alloc(0), PARTITIONS);
      const messages = byPartition.get(partition) ?? [];
      messages.push(message);
      byPartition.set(partition, messages);
    }
    const transaction = await producer.transaction();
    const sends = [...byPartition.values()].map((messages) =>
      transaction.send({ topic, messages, acks: -1, compression: COMPRESSION_TYPES.zstd }),
    );
    await Promise.all(sends);
    await transaction.commit();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await producer.disconnect();
  return seconds;
}
