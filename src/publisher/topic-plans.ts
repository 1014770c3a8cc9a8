/** What a connection needs in Kafka: its topics, and the name that it writes under. */

import type { Config, ConnectionConfig } from '../config/config.js';
import { deadLetterTopic, planTopic, type TopicPlan, tableTopic } from '../kafka/topics.js';

/** A row too large for its topic still fits here, together with the reason. */
const DEAD_LETTER_MAX_BYTES = 40 * 1024 * 1024;

/** Who writes for a connection: opening a writer with it fences every earlier one. */
export function transactionalId(config: Config, connection: ConnectionConfig): string {
  return `${config.state.group}.${connection.name}`;
}

/** The topics that a connection needs, as they are made where they are missing. */
export function topicPlans(config: Config, connection: ConnectionConfig): TopicPlan[] {
  const { prefix } = config.topics;
  const letters = planTopic(deadLetterTopic(prefix, connection.name), config.topics);
  return [
    ...connection.tables.map(({ name }) =>
      planTopic(tableTopic(prefix, connection.name, name), config.topics),
    ),
    {
      ...letters,
      config: { ...letters.config, 'max.message.bytes': letterBytes(config) },
      tooLarge: 'a larger row is not kept in its dead letter, which has only its key and the reason then',
    },
    {
      ...planTopic(config.state.topic, { ...config.topics, partitions: config.state.partitions }),
      partitionsFrom: 'state.partitions',
    },
  ];
}

/** As `topics.config` says, like every topic; what it does not say is made large enough for any row. */
function letterBytes({ topics }: Config): string {
  return topics.config['max.message.bytes'] ?? String(DEAD_LETTER_MAX_BYTES);
}
