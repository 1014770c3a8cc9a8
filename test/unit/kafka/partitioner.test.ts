import { createRequire } from 'node:module';
import fc from 'fast-check';
import type { ICustomPartitioner } from 'kafkajs';
import { expect, it } from 'vitest';
import { murmur2, partitionOf } from '../../../src/kafka/partitioner.js';

const kafkajs = createRequire(import.meta.url)('kafkajs') as {
  Partitioners: { DefaultPartitioner: ICustomPartitioner };
};

it('hashes as Kafka’s Java client does', () => {
  // From the tests of Kafka's Utils.
  const known: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [text, hash] of known) expect(murmur2(Buffer.from(text))).toBe(hash);
});

it('chooses the same partition as kafkajs for every key', () => {
  const theirs = kafkajs.Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 64 }), (bytes, partitions) => {
      const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
        partitionId,
        leader: 0,
        isr: [],
        partitionErrorCode: 0,
        replicas: [],
      }));
      const at = { topic: 't', partitionMetadata, message: { key: Buffer.from(bytes), value: null } };
      expect(partitionOf(bytes, partitions)).toBe(theirs(at));
    }),
    { numRuns: 1_000 },
  );
});
