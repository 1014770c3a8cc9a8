/** The connections to Kafka that a process shares: admin work and reading. Writers are one per connection. */

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
   * answers or lets us in; afterwards everything is patient.
   */
  static async open(settings: KafkaSettings, events: Events = new Events()): Promise<KafkaAccess> {
    const probe = new Topics(createKafka(settings, 'prompt'), settings.brokers);
    try {
      await probe.probe();
    } finally {
      // What failed half-way still holds a connection, which would keep the process from ending.
      await probe.close();
    }
    const kafka = createKafka(settings);
    return new KafkaAccess(kafka, new Topics(kafka, settings.brokers), events);
  }

  async close(): Promise<void> {
    await Promise.all([this.topics.close(), this.reader.close()]);
  }
}
