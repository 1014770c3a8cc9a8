/** Rows a second from the API to the topic, over those of a bare producer that sends the same bytes; and what transactions cost. */

import { performance } from 'node:perf_hooks';
import kafkajs from 'kafkajs';
import { createKafka } from '../src/kafka/client.js';
import { COMPRESSION_TYPES } from '../src/kafka/codecs.js';
import { Writer } from '../src/kafka/writer.js';
import { readRecords } from '../test/support/topics.js';
import { type Addresses, median, rounded, type Say, Stage } from './stage.js';

/** As many at once as a transaction of the publisher holds under load. */
const PER_SEND = 700;
const ROUNDS = 3;

export interface ThroughputFigures {
  readonly overBare: number;
  readonly transactions: number;
}

/** Prints and returns both ratios; the medians of some rounds. */
export async function benchThroughput(
  addresses: Addresses,
  say: Say,
  rows = 100_000,
): Promise<ThroughputFigures> {
  const times: number[] = [];
  const bare: number[] = [];
  const plain: number[] = [];
  const transactional: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const stage = await Stage.open(addresses, { contacts: rows, tables: ['contacts'] });
    try {
      times.push((await stage.cycle()).seconds);
      const kafka = createKafka({ ...client, brokers: [...addresses.brokers] });
      const records = await readRecords(kafka, stage.topic('contacts'));
      bare.push(await send(kafka, `${stage.prefix}.bare`, records, 'none'));
      plain.push(await send(kafka, `${stage.prefix}.plain`, records, 'zstd'));
      transactional.push(await commit(kafka, `${stage.prefix}.committed`, records));
    } finally {
      await stage.close();
    }
  }
  const rate = (seconds: readonly number[]) => rounded(rows / median(seconds));
  const overBare = median(bare) / median(times);
  const transactions = median(plain) / median(transactional);
  say(
    `throughput: ${rows} contacts, no latency, no limit: ${rate(times)} rows/s published, ` +
      `${rate(bare)} rows/s by a bare producer with the same bytes: ${overBare.toFixed(2)}`,
  );
  say(
    `commit: ${rate(transactional)} rows/s in transactions of ${PER_SEND} rows, ${rate(plain)} rows/s without: ${transactions.toFixed(2)}`,
  );
  return { overBare, transactions };
}

const client = { clientId: 'bench', ssl: false, sasl: null } as const;

type Sent = Awaited<ReturnType<typeof readRecords>>;

function messagesOf(records: Sent) {
  return records.map(({ key, value, headers }) => ({
    key,
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, String(each)])),
  }));
}

async function makeTopic(kafka: kafkajs.Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
  await admin.disconnect();
}

/** Seconds to send the records with kafkajs alone. */
async function send(
  kafka: kafkajs.Kafka,
  topic: string,
  records: Sent,
  compression: keyof typeof COMPRESSION_TYPES,
): Promise<number> {
  await makeTopic(kafka, topic);
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const startedAt = performance.now();
  for (let start = 0; start < records.length; start += PER_SEND) {
    const messages = messagesOf(records.slice(start, start + PER_SEND));
    await producer.send({ topic, messages, acks: -1, compression: COMPRESSION_TYPES[compression] });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await producer.disconnect();
  return seconds;
}

/** Seconds to send them in transactions, as the publisher does. */
async function commit(kafka: kafkajs.Kafka, topic: string, records: Sent): Promise<number> {
  await makeTopic(kafka, topic);
  const writer = await Writer.open(kafka, { transactionalId: topic, compression: COMPRESSION_TYPES.zstd });
  const startedAt = performance.now();
  for (let start = 0; start < records.length; start += PER_SEND) {
    const messages = messagesOf(records.slice(start, start + PER_SEND));
    await writer.commit(
      messages.map(({ key, ...rest }) => ({ topic, key: key ?? Buffer.alloc(0), ...rest })),
    );
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await writer.close();
  return seconds;
}
