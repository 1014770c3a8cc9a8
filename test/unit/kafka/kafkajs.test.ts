/** What kafkajs does once it is loaded through `kafkajs.ts`. */

import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import kafkajs, { kafkajsModule } from '../../../src/kafka/kafkajs.js';

const fromNode = createRequire(import.meta.url);

it('is a copy of its own, whole and with the same exports', () => {
  const original = fromNode('kafkajs') as typeof kafkajs;
  expect(kafkajs.Kafka).not.toBe(original.Kafka);
  expect(Object.keys(kafkajs)).toEqual(Object.keys(original));
  expect(kafkajsModule('index')).toBe(kafkajs);
  const { KafkaJSError } = kafkajsModule('src/errors') as typeof kafkajs;
  expect(KafkaJSError).toBe(kafkajs.KafkaJSError);
});

it.each([1, 2, 3, 4, 5, 6])('asks for no topic where none is named, in Metadata %i', async (version) => {
  type Request = { encode(): Promise<{ buffer: Buffer }>; apiVersion: number };
  const { protocol } = kafkajsModule('src/protocol/requests/metadata') as {
    protocol(at: { version: number }): (options: object) => { request: Request };
  };
  const ask = (topics: string[]) => protocol({ version })({ topics, allowAutoTopicCreation: false }).request;
  const flag = version >= 4 ? '00' : '';
  // A length of 0; of -1, all topics would be meant.
  expect((await ask([]).encode()).buffer.toString('hex')).toBe(`00000000${flag}`);
  expect((await ask(['t']).encode()).buffer.toString('hex')).toBe(`00000001000174${flag}`);
  expect(ask([]).apiVersion).toBe(version);
});
