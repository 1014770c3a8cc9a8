/**
 * How instances share the connections: through a Kafka consumer group over the state topic.
 *
 * Whoever is assigned a partition owns the connections that belong to it. Nothing is consumed this way; the group only decides.
 * That two instances may think for a moment that they own a connection does no harm: the later one fences the other.
 */

import type { Consumer, Kafka } from 'kafkajs';
import { stickyAssigner } from './assigner.js';
import { kafkaFailure } from './client.js';

export interface GroupOptions {
  readonly group: string;
  readonly topic: string;
  /** Called with the partitions that this instance owns from now on. */
  readonly onAssigned: (partitions: ReadonlySet<number>) => void;
  /** Called when the membership is lost for good. */
  readonly onLost: (error: Error) => void;
}

const SESSION_TIMEOUT_MS = 15_000;
/** A rebalance is noticed with a heartbeat: how soon an instance that comes gets its share, and one that goes is replaced. */
const HEARTBEAT_MS = 1_000;

/** How long a rebalance waits for an instance; kafkajs waits 5 s longer for the answer before it gives a connection up. */
const REBALANCE_TIMEOUT_MS = 20_000;

export class Group {
  readonly #consumer: Consumer;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** Joins the group. Throws `kafka-unreachable`. */
  static async join(kafka: Kafka, options: GroupOptions): Promise<Group> {
    const { group, topic, onAssigned, onLost } = options;
    let owned: readonly number[] = [];
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      // Nothing is fetched; kafkajs looks after its heartbeats between two fetches, and leaves when one is over.
      maxWaitTimeInMs: HEARTBEAT_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(topic, () => owned)],
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[topic] ?? [];
      owned = partitions;
      if (partitions.length > 0) consumer.pause([{ topic, partitions }]);
      onAssigned(new Set(partitions));
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) onLost(payload.error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic });
      await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    } catch (error) {
      await consumer.disconnect().catch(() => undefined);
      throw kafkaFailure(error, `joining the group ${group}`);
    }
    return new Group(consumer);
  }

  /** Leaves at once, so that the others take over without waiting for a time-out. */
  async leave(): Promise<void> {
    await this.#consumer.disconnect();
  }
}

/**
 * The partition that decides who owns a connection: connections in the order of their names are dealt out over the partitions, so that
 * they spread evenly whatever they are called.
 */
export function ownerPartition(names: readonly string[], connection: string, partitions: number): number {
  return [...names].sort().indexOf(connection) % partitions;
}
