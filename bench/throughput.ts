/** Rows a second from the API to the topic, over those of a bare producer that sends the same bytes. */

import { performance } from 'node:perf_hooks';
import kafkajs from 'kafkajs';
import { createKafka } from '../src/kafka/client.js';
import { Project } from '../test/support/project.js';
import { readRecords } from '../test/support/topics.js';
import type { Addresses } from './replay.js';

const CONTACTS = 40_000;
const PER_SEND = 150;

/** Prints both and their ratio. The publisher's time counts from its first request to its end. */
export async function benchThroughput(addresses: Addresses, say: (line: string) => void): Promise<void> {
  const project = await Project.open({
    ...addresses,
    simulator: { counts: { contacts: CONTACTS, companies: 0, conversations: 0 }, budget: null, latency: 0 },
    connection: { tables: { contacts: {} } },
  });
  try {
    await project.cycle();
    const ours = (Date.now() - (project.simulator.requests[0]?.at ?? 0)) / 1000;
    const records = await readRecords(project.kafka, project.topic('contacts'));
    const bare = await send(addresses, `${project.prefix}.bare`, records);
    const rate = (seconds: number) => Math.round(CONTACTS / seconds).toLocaleString('en');
    say(
      `throughput: ${CONTACTS} contacts, no latency, no limit: ${rate(ours)} rows/s published, ` +
        `${rate(bare)} rows/s by a bare producer with the same bytes: ${(bare / ours).toFixed(2)}`,
    );
  } finally {
    await project.close();
  }
}

type Sent = Awaited<ReturnType<typeof readRecords>>;

/** Seconds to send the records to a topic of their own, as many at once as a page of the API holds. */
async function send({ brokers }: Addresses, topic: string, records: Sent): Promise<number> {
  const kafka = createKafka({ brokers: [...brokers], clientId: 'bench', ssl: false, sasl: null });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const startedAt = performance.now();
  for (let start = 0; start < records.length; start += PER_SEND) {
    const messages = records.slice(start, start + PER_SEND).map(({ key, value, headers }) => ({
      key,
      value,
      headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, String(each)])),
    }));
    await producer.send({ topic, messages, acks: -1 });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await producer.disconnect();
  return seconds;
}
