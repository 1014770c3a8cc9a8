/**
 * Measures the speed of reading a topic: by kafkajs's own consumer, which only receives the bytes; decoded,
 * with the latest record of each key; and as `replay` prints it.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type kafkajs from 'kafkajs';
import { Decoder } from '../src/avro/decoder.js';
import { Registry } from '../src/avro/registry.js';
import { createKafka } from '../src/kafka/client.js';
import { TopicReader, type TopicRecord } from '../src/kafka/reader.js';
import { COMMAND } from '../test/support/command.js';
import { Project } from '../test/support/project.js';
import { type Addresses, median, type Say } from './stage.js';

const CONTACTS = 40_000;
const ROUNDS = 3;

/**
 * Prints rows a second of each method, and their ratios to the plain consumer; the median of some alternating
 * rounds.
 */
export async function benchReplay(addresses: Addresses, say: Say): Promise<void> {
  const project = await Project.open({
    ...addresses,
    simulator: { counts: { contacts: CONTACTS, companies: 0, conversations: 0 }, budget: null },
    connection: { tables: { contacts: {} } },
  });
  try {
    await project.cycle();
    const topic = project.topic('contacts');
    const ways = {
      'kafkajs consumer, bytes only': () => consume(addresses, topic),
      'decoded, latest per key': () => readLatest(addresses, topic),
      'replay, as NDJSON (whole process)': () => replay(project.config),
    };
    const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, read] of Object.entries(ways)) times.get(name)?.push(await read());
    const [bare = 0] = [...times.values()].map(median);
    for (const [name, measured] of times) {
      const ms = median(measured);
      say(
        `${name.padEnd(36)} ${Math.round((CONTACTS * 1000) / ms)
          .toLocaleString('en')
          .padStart(9)} rows/s  ${(bare / ms).toFixed(2)}`,
      );
    }
  } finally {
    await project.close();
  }
}

/** Milliseconds from the first fetch to the last record. */
async function consume({ brokers }: Addresses, topic: string): Promise<number> {
  const kafka = createKafka({ brokers: [...brokers], clientId: 'bench', ssl: false, sasl: null });
  const consumer = kafka.consumer({
    groupId: `bench-${Date.now()}`,
    maxBytesPerPartition: 8 << 20,
    maxBytes: 32 << 20,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const latest = new Map<string, kafkajs.Message['value']>();
  let startedAt = 0;
  consumer.on(consumer.events.FETCH_START, () => {
    startedAt ||= performance.now();
  });
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ message }) => {
          latest.set(message.key?.toString('latin1') ?? '', message.value);
          count += 1;
          if (count === CONTACTS) resolve();
        },
      })
      .catch(reject);
  });
  const ms = performance.now() - startedAt;
  await consumer.disconnect();
  return ms;
}

async function readLatest({ brokers, registryUrl }: Addresses, topic: string): Promise<number> {
  const reader = new TopicReader(
    createKafka({ brokers: [...brokers], clientId: 'bench', ssl: false, sasl: null }),
  );
  const decoder = new Decoder(
    new Registry({ url: registryUrl, auth: null, ssl: null, register: 'always', compatibility: 'keep' }),
  );
  try {
    for await (const _ of reader.read(topic, { from: Date.now(), until: 'stable' })) break;
    const startedAt = performance.now();
    const latest = new Map<string, TopicRecord>();
    for await (const records of reader.read(topic, { from: 'earliest', until: 'stable' }))
      for (const record of records) latest.set(record.key?.toString('latin1') ?? '', record);
    await decoder.prepare([...latest.values()].map(({ value }) => value));
    let rows = 0;
    for (const { value } of latest.values())
      if (value !== null && decoder.decode(value).id !== null) rows += 1;
    if (rows !== CONTACTS) throw new Error(`${rows} rows for ${CONTACTS}`);
    return performance.now() - startedAt;
  } finally {
    await reader.close();
  }
}

async function replay(config: string): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...COMMAND, 'replay', 'acme', 'contacts', '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.resume();
  await once(child, 'close');
  return performance.now() - startedAt;
}
