/**
 * Kafka's default partitioning of keys: murmur2 of their bytes, as Java clients and kafkajs have it, in
 * 32-bit arithmetic.
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Murmur2 as a signed 32-bit number; the same as `Utils.murmur2` of Kafka's Java client. */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  const whole = length & ~3;
  let h = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let k =
      byte(data, at) | (byte(data, at + 1) << 8) | (byte(data, at + 2) << 16) | (byte(data, at + 3) << 24);
    k = Math.imul(k, M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  const left = length & 3;
  if (left > 2) h ^= byte(data, whole + 2) << 16;
  if (left > 1) h ^= byte(data, whole + 1) << 8;
  if (left > 0) h = Math.imul(h ^ byte(data, whole), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

function byte(data: Uint8Array, at: number): number {
  return data[at] as number;
}

/** The partition of a key in a topic with so many `partitions`. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
