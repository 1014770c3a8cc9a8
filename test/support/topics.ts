/**
 * Reads what stands in topics, decoded by the registry's own client. (`verify-topics.py` does the same
 * without any code of ours.)
 */

import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import kafkajs, { type Kafka } from 'kafkajs';
import { TopicReader, type TopicRecord } from '../../src/kafka/reader.js';

export interface Version {
  readonly key: string;
  readonly keyBytes: Buffer;
  /** Null is a tombstone. */
  readonly value: Readonly<Record<string, unknown>> | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  readonly offset: number;
  /** Epoch milliseconds at which it was published. */
  readonly timestamp: number;
}

export function testKafka(brokers: readonly string[]): Kafka {
  return new kafkajs.Kafka({ brokers: [...brokers], clientId: 'test', logLevel: kafkajs.logLevel.NOTHING });
}

/** All committed versions in a topic, in offset order within each partition. */
export async function readVersions(kafka: Kafka, registryUrl: string, topic: string): Promise<Version[]> {
  return decodeVersions(new SchemaRegistry({ host: registryUrl }), await readRecords(kafka, topic), topic);
}

/** The same of records that were read already. */
export function decodeVersions(
  registry: SchemaRegistry,
  records: readonly TopicRecord[],
  topic: string,
): Promise<Version[]> {
  const versions = records.map(async (record) => {
    const { key, value, headers, partition, offset, timestamp } = record;
    if (key === null) throw new Error(`a record without a key in ${topic}`);
    const [decodedKey] = Object.values((await registry.decode(key)) as Record<string, string>);
    return {
      key: decodedKey ?? '',
      keyBytes: key,
      value: value === null ? null : ((await registry.decode(value)) as Record<string, unknown>),
      headers: Object.fromEntries(Object.entries(headers).map(([name, each]) => [name, String(each)])),
      partition,
      offset,
      timestamp,
    };
  });
  return Promise.all(versions);
}

/** All committed records of a topic. */
export async function readRecords(kafka: Kafka, topic: string): Promise<TopicRecord[]> {
  const reader = new TopicReader(kafka);
  try {
    return await recordsOf(reader, topic);
  } finally {
    await reader.close();
  }
}

/** The same with a reader that stays open. */
export async function recordsOf(reader: TopicReader, topic: string): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  for await (const batch of reader.read(topic, { from: 'earliest' })) records.push(...batch);
  return records;
}

/** The latest version of each key; keys whose latest version is a tombstone are left out. */
export function latestByKey(versions: readonly Version[]): Map<string, Version> {
  const latest = new Map<string, Version>();
  for (const version of versions) {
    if (version.value === null) latest.delete(version.key);
    else latest.set(version.key, version);
  }
  return latest;
}
