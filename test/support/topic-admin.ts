/** What operators do to topics. */

import type { Admin, Kafka } from 'kafkajs';
import { Topics } from '../../src/kafka/topics.js';

export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Resolves once the topic has this many partitions, with leaders. */
export async function addPartitions(kafka: Kafka, topic: string, count: number): Promise<void> {
  await withAdmin(kafka, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
  const topics = new Topics(kafka, []);
  try {
    while ((await topics.appeared([topic])).get(topic)?.partitions !== count);
  } finally {
    await topics.close();
  }
}

/** Kafka's ID of a topic; null where there is none. */
export async function topicId(kafka: Kafka, topic: string): Promise<string | null> {
  const topics = new Topics(kafka, []);
  try {
    return (await topics.identify([topic])).get(topic)?.id ?? null;
  } finally {
    await topics.close();
  }
}

/** Resolves once nothing of the topic is left. */
export async function deleteTopic(kafka: Kafka, topic: string): Promise<void> {
  await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] }));
  while ((await topicId(kafka, topic)) !== null);
}
