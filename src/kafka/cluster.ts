/** Kafkajs's own cluster connection, which its public API does not expose. */

import type { Kafka } from 'kafkajs';
import { registerCodecs } from './codecs.js';

interface ConnectionPool {
  getConnection(index: number): Promise<unknown>;
  send(exchange: { request: object; response: object }): Promise<unknown>;
}

/** The parts of kafkajs's broker that are used here. */
export interface Broker {
  readonly connectionPool: ConnectionPool;
  /** By API key; null before it is connected. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number } | undefined>> | null;
}

/** The parts of kafkajs's cluster that are used here. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(at: { nodeId: string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
  /** Retries failures as the client's settings say; `bail` ends the retries. */
  retrier<T>(work: (bail: (error: unknown) => void) => Promise<T>): Promise<T>;
  fetchTopicsOffset(
    topics: {
      topic: string;
      partitions: { partition: number }[];
      fromBeginning?: boolean;
      fromTimestamp?: number;
    }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

const READ_COMMITTED = 1;

/** A cluster connection with the client's settings, for reading committed records. */
export function openCluster(kafka: Kafka): Cluster {
  registerCodecs();
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  if (symbol === undefined) throw new Error('this version of kafkajs has no createCluster');
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol];
  if (create === undefined) throw new Error('this version of kafkajs has no createCluster');
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED });
}
