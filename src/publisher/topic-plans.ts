/** The topics that a connection needs in Kafka, and its transactional ID. */

import type { Config, ConnectionConfig } from '../config/config.js';
import { planTopic, type TopicPlan } from '../kafka/topics.js';
import type { PublishedTable } from './published-table.js';

/** A row too large for its topic still fits here, together with the reason. */
const DEAD_LETTER_MAX_BYTES = 40 * 1024 * 1024;

/** The transactional ID of a connection. Opening a writer with it fences every earlier one. */
export function transactionalId(config: Config, connection: ConnectionConfig): string {
  return `${config.state.group}.${connection.name}`;
}

/** The topics that tables need, with the settings for creating missing ones. */
export function topicPlans(config: Config, tables: readonly PublishedTable[]): TopicPlan[] {
  const letters = new Set(tables.map(({ deadLetterTopic }) => deadLetterTopic));
  return [
    ...tables.map(({ topic }) => planTopic(topic, config.topics)),
    ...[...letters].map((topic) => planLetters(config, topic)),
    planStates(config),
  ];
}

function planLetters(config: Config, topic: string): TopicPlan {
  const plan = planTopic(topic, config.topics);
  return {
    ...plan,
    config: { ...plan.config, 'max.message.bytes': letterBytes(config) },
    tooLarge: 'a larger row is not kept in its dead letter, which has only its key and the reason then',
  };
}

/**
 * The state topic is read at each start, so it must stay small. Kafka does not compact the active segment,
 * and by default starts a new segment after a week. Transaction markers are also read: they stay for
 * `delete.retention.ms`. `topics.config` overrides these settings.
 */
const STATE_TOPIC_CONFIG = {
  'segment.ms': String(10 * 60_000),
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
  'delete.retention.ms': String(10 * 60_000),
};

function planStates({ topics, state }: Config): TopicPlan {
  const plan = planTopic(state.topic, { ...topics, partitions: state.partitions });
  return { ...plan, config: { ...STATE_TOPIC_CONFIG, ...plan.config }, partitionsFrom: 'state.partitions' };
}

/**
 * Configured by `topics.config` like every topic. Sizes that it does not set are made large enough for any
 * row.
 */
function letterBytes({ topics }: Config): string {
  return topics.config['max.message.bytes'] ?? String(DEAD_LETTER_MAX_BYTES);
}
