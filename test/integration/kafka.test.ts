import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { ISocketFactory, Kafka, KafkaConfig } from 'kafkajs';
import { afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createKafka } from '../../src/kafka/client.js';
import { COMPRESSION_TYPES } from '../../src/kafka/codecs.js';
import kafkajs from '../../src/kafka/kafkajs.js';
import { type ReadOptions, TopicReader, type TopicRecord } from '../../src/kafka/reader.js';
import { Writer } from '../../src/kafka/writer.js';
import type { OutgoingRecord } from '../../src/model/row.js';
import { createTopics } from '../support/create-topics.js';

let kafka: Kafka;
const open: { close(): Promise<void> }[] = [];

beforeAll(() => {
  kafka = createKafka({ brokers: inject('brokers'), clientId: 'test', ssl: false, sasl: null });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close().catch(() => undefined)));
});

async function createTopic(config: Record<string, string> = {}, partitions = 1): Promise<string> {
  const topic = `t-${randomUUID()}`;
  await createTopics(kafka, [{ topic, partitions, config: { 'cleanup.policy': 'compact', ...config } }]);
  return topic;
}

async function openWriter(
  transactionalId: string,
  compression: keyof typeof COMPRESSION_TYPES = 'none',
): Promise<Writer> {
  const writer = await Writer.open(kafka, { transactionalId, compression: COMPRESSION_TYPES[compression] });
  open.push(writer);
  return writer;
}

function record(topic: string, key: string, value: string | null): OutgoingRecord {
  return {
    topic,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: { op: value === null ? 'delete' : 'upsert' },
  };
}

async function readAll(topic: string, options: Partial<ReadOptions> = {}): Promise<TopicRecord[]> {
  const reader = new TopicReader(kafka);
  open.push(reader);
  const records: TopicRecord[] = [];
  for await (const batch of reader.read(topic, { from: 'earliest', ...options })) records.push(...batch);
  return records;
}

const impatient = (): KafkaConfig => ({
  brokers: inject('brokers'),
  retry: { retries: 0 },
  logLevel: kafkajs.logLevel.NOTHING,
});

/** Sockets that break where they are to send this text, so many times. */
function breaksAt(text: string, times: number): ISocketFactory {
  let left = times;
  return ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect);
    const write = socket.write.bind(socket) as (bytes: Uint8Array) => boolean;
    socket.write = (bytes: Uint8Array | string): boolean => {
      if (left === 0 || !Buffer.from(bytes).includes(text)) return write(Buffer.from(bytes));
      left -= 1;
      socket.destroy(new Error('broken on purpose'));
      return false;
    };
    return socket;
  };
}

const values = (records: readonly TopicRecord[]) => records.map(({ value }) => value?.toString() ?? null);

describe('Writer', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'publishes with %s what is read back',
    async (compression) => {
      const topic = await createTopic();
      const writer = await openWriter(randomUUID(), compression);
      const text = 'é漢😀 '.repeat(500);
      await writer.commit([record(topic, 'a', text), record(topic, 'b', null)]);
      const read = await readAll(topic);
      expect(values(read)).toEqual([text, null]);
      expect(read.map(({ headers }) => String(headers.op))).toEqual(['upsert', 'delete']);
    },
  );

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'publishes what the broker compresses anew with %s',
    async (type) => {
      const topic = await createTopic({ 'compression.type': type });
      const writer = await openWriter(randomUUID());
      const texts = Array.from({ length: 3 }, (_, index) => `${index} ${'é漢😀 '.repeat(20_000)}`);
      await writer.commit(texts.map((text) => record(topic, 'a', text)));
      expect(values(await readAll(topic))).toEqual(texts);
    },
  );

  it('takes commits of several callers one after another', async () => {
    const topic = await createTopic();
    const writer = await openWriter(randomUUID());
    const texts = Array.from({ length: 20 }, (_, index) => String(index));
    await Promise.all(texts.map((text) => writer.commit([record(topic, text, text)])));
    expect(values(await readAll(topic))).toEqual(texts);
  });

  it('publishes more than one request holds, whole', async () => {
    const topic = await createTopic();
    const writer = await openWriter(randomUUID());
    const large = Array.from({ length: 30 }, (_, index) => record(topic, `k${index}`, 'x'.repeat(100_000)));
    await writer.commit(large);
    expect(await readAll(topic)).toHaveLength(30);
  });

  it('puts what waits into one transaction, as far as it is not too large for readers', async () => {
    const writer = await openWriter(randomUUID());
    const transactionsOf = async (count: number, bytes: number) => {
      const topic = await createTopic();
      const texts = Array.from({ length: count }, () => 'x'.repeat(bytes));
      await Promise.all(texts.map((text, index) => writer.commit([record(topic, String(index), text)])));
      // Markers are written after a commit is answered, but before the next transaction can begin.
      await writer.commit([record(await createTopic(), 'next', null)]);
      const admin = kafka.admin();
      const [partition] = await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect());
      // Each transaction ends with a marker, which takes an offset.
      return Number(partition?.high) - count;
    };
    expect(await transactionsOf(20, 10)).toBe(1);
    expect(await transactionsOf(20, 900_000)).toBe(3);
    await writer.commit([]);
  });

  it('says what failed where it can’t take a connection over', async () => {
    const settings = { brokers: ['127.0.0.1:1'], clientId: 'test', ssl: false, sasl: null };
    const opening = Writer.open(createKafka(settings, 'prompt'), {
      transactionalId: randomUUID(),
      compression: COMPRESSION_TYPES.none,
    });
    await expect(opening).rejects.toMatchObject({ code: 'kafka-unreachable' });
    await expect(opening).rejects.toThrow('taking over the connection failed');
  });

  it('leaves no connection behind', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;
    const topic = await createTopic();
    const before = sockets();
    const writer = await openWriter(randomUUID());
    await writer.commit([record(topic, 'a', 'first')]);
    expect(sockets()).toBeGreaterThan(before);
    await writer.close();
    await vi.waitUntil(() => sockets() <= before);
  });

  it('is fenced by the next one: its commit fails and leaves nothing', async () => {
    const topic = await createTopic();
    const id = randomUUID();
    const first = await openWriter(id);
    await first.commit([record(topic, 'a', 'first')]);
    const second = await openWriter(id);
    const late = first.commit([record(topic, 'b', 'too late')]);
    await expect(late).rejects.toMatchObject({ code: 'fenced' });
    await expect(late).rejects.toThrow('committing a transaction');
    await expect(first.commit([record(topic, 'c', 'never')])).rejects.toMatchObject({ code: 'fenced' });
    await second.commit([record(topic, 'd', 'second')]);
    expect(values(await readAll(topic))).toEqual(['first', 'second']);
  });

  it('aborts what its predecessor left open', async () => {
    const topic = await createTopic();
    const id = randomUUID();
    const abandoned = kafka.producer({
      transactionalId: id,
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await abandoned.connect();
    open.push({ close: () => abandoned.disconnect() });
    const transaction = await abandoned.transaction();
    await transaction.send({ topic, messages: [{ key: 'a', value: 'half' }] });
    const writer = await openWriter(id);
    await writer.commit([record(topic, 'b', 'whole')]);
    expect(values(await readAll(topic))).toEqual(['whole']);
  });
});

describe('TopicReader', () => {
  it('leaves no connection behind, however many readings begin at once', async () => {
    const topics = await Promise.all(Array.from({ length: 8 }, () => createTopic()));
    const reader = new TopicReader(kafka);
    const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;
    const before = sockets();
    const read = async (topic: string) => {
      for await (const _ of reader.read(topic, { from: 'earliest' }));
    };
    await Promise.all(topics.map(read));
    await reader.close();
    await vi.waitUntil(() => sockets() <= before);
  });

  it('ends at an empty topic, and at one that holds only aborted records', async () => {
    const topic = await createTopic();
    expect(await readAll(topic)).toEqual([]);
    const producer = kafka.producer({
      transactionalId: randomUUID(),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'a', value: 'aborted' }] });
    await transaction.abort();
    await producer.disconnect();
    expect(await readAll(topic)).toEqual([]);
  });

  it('ends before a transaction that is still open, or waits for it and reads what was committed behind it', async () => {
    const topic = await createTopic();
    const writer = await openWriter(randomUUID());
    await writer.commit([record(topic, 'a', 'before')]);
    const other = kafka.producer({
      transactionalId: randomUUID(),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await other.connect();
    open.push({ close: () => other.disconnect() });
    expect(values(await readAll(topic))).toEqual(['before']);
    const transaction = await other.transaction();
    await transaction.send({ topic, messages: [{ key: 'b', value: 'open' }] });
    await writer.commit([record(topic, 'c', 'behind')]);
    expect(values(await readAll(topic, { until: 'stable' }))).toEqual(['before']);
    const patient = readAll(topic);
    await transaction.abort();
    expect(values(await patient)).toEqual(['before', 'behind']);
  });

  it('waits for a topic that is just being made, and says in the end that there is none', async () => {
    const topic = `t-${randomUUID()}`;
    const reading = readAll(topic, { until: 'stable' });
    await createTopics(kafka, [{ topic, partitions: 3, config: { 'cleanup.policy': 'compact' } }]);
    expect(await reading).toEqual([]);
    const missing = readAll(`never-${topic}`);
    await expect(missing).rejects.toMatchObject({ code: 'kafka-error' });
    await expect(missing).rejects.toThrow(`Kafka: looking up never-${topic} failed: `);
  });

  it('asks once where no other answer can come', async () => {
    const startedAt = performance.now();
    await expect(readAll('no name of a topic!')).rejects.toMatchObject({ code: 'kafka-error' });
    // Five seconds of trying again would be longer.
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  it('throws where it is stopped, whether it has an end of its own or not', async () => {
    const topic = await createTopic();
    const signal = AbortSignal.abort();
    await expect(readAll(topic, { signal })).rejects.toThrow(`stopped while looking up ${topic}`);
    const writer = await openWriter(randomUUID());
    await writer.commit([record(topic, 'a', '1')]);
    const producer = kafka.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1 });
    open.push({ close: () => producer.disconnect() });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'b', value: 'open' }] });
    const reader = new TopicReader(kafka);
    open.push(reader);
    for (const until of ['written', 'never'] as const) {
      const stop = new AbortController();
      const reading = reader.read(topic, { from: 'earliest', until, signal: stop.signal });
      expect((await reading.next()).value).toMatchObject([{ offset: 0 }]);
      // Here it waits for the transaction.
      const next = reading.next();
      stop.abort();
      await expect(next).rejects.toMatchObject({
        code: 'stopped',
        message: `stopped while reading ${topic}`,
      });
    }
    await transaction.abort();
  });

  it('never takes a topic for empty because asking for it failed before', async () => {
    const topic = await createTopic({}, 3);
    const writer = await openWriter(randomUUID());
    await writer.commit(['a', 'b', 'c'].map((key) => record(topic, key, key)));
    const reader = new TopicReader(new kafkajs.Kafka({ ...impatient(), socketFactory: breaksAt(topic, 2) }));
    open.push(reader);
    const read = async (name: string) => {
      const records: TopicRecord[] = [];
      for await (const batch of reader.read(name, { from: 'earliest' })) records.push(...batch);
      return values(records).sort();
    };
    expect(await read(await createTopic())).toEqual([]);
    expect(await read(topic)).toEqual(['a', 'b', 'c']);
  });

  it('begins at a time', async () => {
    const topic = await createTopic({}, 3);
    const writer = await openWriter(randomUUID());
    await writer.commit(['a', 'b', 'c', 'd'].map((key) => record(topic, key, 'before')));
    const last = Math.max(...(await readAll(topic)).map(({ timestamp }) => timestamp));
    await expect.poll(() => Date.now()).toBeGreaterThan(last);
    const between = Date.now();
    await writer.commit([record(topic, 'a', 'after')]);
    expect(values(await readAll(topic, { from: between }))).toEqual(['after']);
    expect(values(await readAll(topic, { from: Date.now() + 60_000 }))).toEqual([]);
  });

  it('reads a log that the broker has compacted, to its end', async () => {
    const topic = await createTopic({
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.001',
      'delete.retention.ms': '0',
      'min.compaction.lag.ms': '0',
    });
    const writer = await openWriter(randomUUID());
    for (let version = 0; version < 30; version += 1)
      await writer.commit([record(topic, 'row', `v${version}`), record(topic, `gone${version % 2}`, null)]);
    const isCompacted = async () => {
      // A segment is only cleaned once another one has begun.
      await writer.commit([record(topic, 'row', 'last')]);
      const read = await readAll(topic);
      expect(read.at(-1)?.value?.toString()).toBe('last');
      return read.length;
    };
    await expect.poll(isCompacted, { timeout: 45_000, interval: 500 }).toBeLessThan(30);
  });
});
