/**
 * The connections to Kafka that a process shares, for admin requests and for reading. Each Intercom
 * connection has its own writer.
 */

import type { Kafka } from 'kafkajs';
import { Events } from '../model/events.js';
import type { KafkaSettings } from '../model/kafka.js';
import { createKafka } from './client.js';
import { TopicReader } from './reader.js';
import { Topics } from './topics.js';

export class KafkaAccess {
  readonly kafka: Kafka;
  readonly topics: Topics;
  readonly reader: TopicReader;

  private constructor(kafka: Kafka, topics: Topics, events: Events) {
    this.kafka = kafka;
    this.topics = topics;
    this.reader = new TopicReader(kafka, events);
  }

  /**
   * Reports through `events` what readings wait for. Throws `kafka-unreachable` within seconds when no broker
   * answers or accepts the credentials. Later requests are retried for minutes.
   */
  static async open(settings: KafkaSettings, events: Events = new Events()): Promise<KafkaAccess> {
    const probe = new Topics(createKafka(settings, 'prompt'), settings.brokers);
    try {
      await probe.probe();
    } finally {
      // A client that failed to open may still have a connection, which would keep the process from ending.
      await probe.close();
    }
    const kafka = createKafka(settings);
    return new KafkaAccess(kafka, new Topics(kafka, settings.brokers), events);
  }

  async close(): Promise<void> {
    await Promise.all([this.topics.close(), this.reader.close()]);
  }
}
