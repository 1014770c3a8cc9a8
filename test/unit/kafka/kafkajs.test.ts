/** What kafkajs does once it is loaded through `kafkajs.ts`. */

import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

const internal = createRequire(import.meta.url);
const { default: kafkajs } = await import('../../../src/kafka/kafkajs.js');

it('is what others load', () => {
  expect(internal('kafkajs')).toBe(kafkajs);
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
