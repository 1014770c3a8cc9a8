/** Which broker of a cluster does what, by its node ID. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { openCluster } from '../../src/kafka/cluster.js';
import { exchangeOf, type FlexibleReader } from '../../src/kafka/flexible.js';

/** As kafkajs and the protocol number them. */
const COORDINATOR_TYPES = { group: 0, transaction: 1 } as const;

interface AnyBroker {
  readonly connectionPool: { send(exchange: object): Promise<unknown> };
}

interface Coordinators {
  refreshMetadata(): Promise<void>;
  findGroupCoordinatorMetadata(of: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ coordinator: { nodeId: number } }>;
  findControllerBroker(): Promise<AnyBroker>;
}

/** The coordinator of a consumer group, or of a transactional ID. */
export function findCoordinator(
  kafka: Kafka,
  type: keyof typeof COORDINATOR_TYPES,
  id: string,
): Promise<number> {
  return withCluster(kafka, async (cluster) => {
    await cluster.refreshMetadata();
    const coordinatorType = COORDINATOR_TYPES[type];
    const { coordinator } = await cluster.findGroupCoordinatorMetadata({ groupId: id, coordinatorType });
    return coordinator.nodeId;
  });
}

/**
 * The controller. In KRaft metadata name any broker that is alive; only the quorum itself knows its leader.
 */
export function findController(kafka: Kafka): Promise<number> {
  return withCluster(kafka, async (cluster) => {
    await cluster.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    return (await broker.connectionPool.send(exchangeOf(DESCRIBE_QUORUM))) as number;
  });
}

const DESCRIBE_QUORUM = {
  apiKey: 55,
  apiName: 'DescribeQuorum',
  apiVersion: 0,
  write: (body: Parameters<Parameters<typeof exchangeOf>[0]['write']>[0]) => {
    body.writeArray(['__cluster_metadata'], (topic) => {
      body.writeString(topic);
      body.writeArray([0], (partition) => body.writeInt32(partition).writeTags()).writeTags();
    });
    body.writeTags();
  },
  read: (body: FlexibleReader): number => {
    failOn(body.readInt16());
    const [leader] = body
      .readArray((topics) => {
        topics.readString();
        // What follows the leader is not needed.
        const partitions = topics.readUnsignedVarint();
        if (partitions < 2) throw new Error('the quorum has no partition');
        topics.readInt32();
        failOn(topics.readInt16());
        return topics.readInt32();
      })
      .slice(0, 1);
    if (leader === undefined || leader < 0) throw new Error('the quorum has no leader');
    return leader;
  },
};

function failOn(code: number): void {
  if (code !== 0) throw new Error(`DescribeQuorum: error ${code}`);
}

/** Between two tries: brokers that have just come back answer a little later. */
const TRY_AGAIN_MS = 500;
const MAX_TRIES = 60;

async function withCluster<T>(kafka: Kafka, work: (cluster: Coordinators) => Promise<T>): Promise<T> {
  const cluster = openCluster(kafka);
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        await cluster.connect();
        return await work(cluster as unknown as Coordinators);
      } catch (error) {
        if (tries >= MAX_TRIES) throw error;
        await delay(TRY_AGAIN_MS);
      }
    }
  } finally {
    await cluster.disconnect();
  }
}
