/** Messages are grouped as kafkajs does it, and the client is the one that groups them so. */

import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const internal = createRequire(import.meta.url);
const MODULE = 'kafkajs/src/producer/groupMessagesPerPartition';
// Loaded before ours is put in its place.
const original = internal(MODULE) as (grouping: object) => Record<string, unknown[]>;
const { default: kafkajs, groupByPartition } = await import('../../../src/kafka/kafkajs.js');

const metadata = (partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ partition }));

it('groups messages as kafkajs does', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5)), fc.nat(6), (values, partitions) => {
      const messages = values.map((value, index) => ({ value, index }));
      const partitioner = ({ message }: { message: (typeof messages)[number] }) => message.value;
      const grouping = { topic: 't', partitionMetadata: metadata(partitions), messages, partitioner };
      expect(groupByPartition(grouping)).toEqual(original(grouping));
    }),
  );
});

it('asks the partitioner with what kafkajs gives it', () => {
  const asked: unknown[] = [];
  const partitionMetadata = metadata(3);
  const message = { value: 'v' };
  const partitioner = (at: unknown) => asked.push(at);
  groupByPartition({ topic: 't', partitionMetadata, messages: [message], partitioner });
  expect(asked).toEqual([{ topic: 't', partitionMetadata, message }]);
});

it('stands in the place where the client looks for it', () => {
  expect(internal(MODULE)).toBe(groupByPartition);
  expect(internal('kafkajs')).toBe(kafkajs);
});

it('is what the client sends with: it was in its place before the client was loaded', async () => {
  const sendMessages = internal('kafkajs/src/producer/sendMessages') as (
    parts: object,
  ) => (send: object) => Promise<unknown>;
  const cluster = {
    addMultipleTargetTopics: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    findTopicPartitionMetadata: () => metadata(1),
    isConnected: () => true,
  };
  const partitioner = () => {
    throw new Error('asked');
  };
  const bail = (error: unknown) => {
    throw error;
  };
  const retrier = (send: (give: typeof bail) => unknown) => send(bail);
  const send = sendMessages({ logger: { error: () => undefined }, cluster, partitioner, retrier });
  const failure = await send({ topicMessages: [{ topic: 't', messages: [{}] }] }).catch((error) => error);
  expect(failure).toMatchObject({ message: 'asked', stack: expect.stringContaining('groupByPartition') });
});

it.each([1, 2, 3, 4, 5, 6])('asks for no topic where none is named, in Metadata %i', async (version) => {
  type Request = { encode(): Promise<{ buffer: Buffer }>; apiVersion: number };
  const { protocol } = internal('kafkajs/src/protocol/requests/metadata') as {
    protocol(at: { version: number }): (options: object) => { request: Request };
  };
  const ask = (topics: string[]) => protocol({ version })({ topics, allowAutoTopicCreation: false }).request;
  const flag = version >= 4 ? '00' : '';
  // A length of 0; of -1, all topics would be meant.
  expect((await ask([]).encode()).buffer.toString('hex')).toBe(`00000000${flag}`);
  expect((await ask(['t']).encode()).buffer.toString('hex')).toBe(`00000001000174${flag}`);
  expect(ask([]).apiVersion).toBe(version);
});

it('takes time in proportion to the messages', () => {
  const messages = Array.from({ length: 200_000 }, (_, index) => index);
  const grouping = { topic: 't', partitionMetadata: metadata(1), messages, partitioner: () => 0 };
  // Where each message is added to a copy these are 20 billion steps.
  expect(groupByPartition(grouping)[0]).toHaveLength(messages.length);
}, 2_000);
