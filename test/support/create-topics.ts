/** Creates topics for a test, as they are given and not as the publisher would make them. */

import type { Kafka } from 'kafkajs';
import { type TopicPlan, Topics } from '../../src/kafka/topics.js';

/**
 * Waits until the broker knows them: kafkajs's own wait gives up at once where a broker has not heard of a
 * topic yet.
 */
export async function createTopics(
  kafka: Kafka,
  plans: readonly (Pick<TopicPlan, 'topic'> & Partial<TopicPlan>)[],
): Promise<void> {
  const admin = kafka.admin();
  const topics = new Topics(kafka, []);
  try {
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: false,
      topics: plans.map(({ topic, partitions = 1, config = {} }) => ({
        topic,
        numPartitions: partitions,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
    await topics.appeared(plans.map(({ topic }) => topic));
  } finally {
    await Promise.all([admin.disconnect(), topics.close()]);
  }
}
