/**
 * The topic that carries notifications from the instance that received them to the owner of their connection.
 */

import type { Kafka, Producer } from 'kafkajs';
import { ENTITIES, type Entity, type Hint } from '../model/hint.js';
import type { TopicSettings } from '../model/kafka.js';
import { hintsTopic } from '../model/topic-names.js';
import { kafkaFailure } from './client.js';
import type { TopicReader, TopicRecord } from './reader.js';
import type { TopicPlan } from './topics.js';

/** A new owner of a connection processes notifications that are younger than this. */
export const HINTS_KEPT_MS = 60 * 60_000;

/** Short retention, and the broker's timestamps, which rise with the offsets of a partition. */
export function planHints(settings: TopicSettings): TopicPlan {
  return {
    topic: hintsTopic(settings.prefix),
    partitions: settings.partitions,
    replicationFactor: settings.replicationFactor,
    config: {
      ...settings.config,
      'cleanup.policy': 'delete',
      'retention.ms': String(HINTS_KEPT_MS),
      'message.timestamp.type': 'LogAppendTime',
    },
  };
}

/** A notification in the topic. */
export interface KeptHint {
  readonly connection: string;
  readonly hint: Hint;
  /** Epoch milliseconds by the broker's clock. */
  readonly at: number;
}

/** Writes notifications to the topic. */
export class HintWriter {
  readonly #producer: Producer;
  readonly #topic: string;
  #connected: Promise<void> | null = null;

  constructor(kafka: Kafka, topic: string) {
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      retry: { retries: 2, maxRetryTime: 500 },
    });
    this.#topic = topic;
  }

  /** Resolves once Kafka has stored the notification. Throws `kafka-unreachable` or `kafka-error`. */
  async put(connection: string, hint: Hint): Promise<void> {
    try {
      await this.connect();
      await this.#producer.send({
        topic: this.#topic,
        acks: -1,
        timeout: 3_000,
        messages: [{ key: connection, value: JSON.stringify(hint) }],
      });
    } catch (error) {
      throw kafkaFailure(error, 'keeping a notification');
    }
  }

  async connect(): Promise<void> {
    this.#connected ??= this.#producer.connect().catch((error: unknown) => {
      this.#connected = null;
      throw error;
    });
    await this.#connected;
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

/**
 * The notifications of a topic from a time (epoch milliseconds) on, to its end or without end. Records of
 * other programs are left out.
 */
export async function* readHints(
  reader: TopicReader,
  topic: string,
  { from, follow, signal }: { from: number; follow: boolean; signal: AbortSignal },
): AsyncGenerator<readonly KeptHint[]> {
  const until = follow ? 'never' : 'written';
  // Notifications are written without transactions. A transaction that another program leaves open in the
  // topic must not delay them.
  const options = { from, until, isolation: 'uncommitted', signal } as const;
  for await (const records of reader.read(topic, options)) yield records.flatMap(parseHint);
}

/** The notifications in a record of the topic: none or one. */
export function parseHint({
  key,
  value,
  timestamp,
}: Pick<TopicRecord, 'key' | 'value' | 'timestamp'>): KeptHint[] {
  try {
    const json = JSON.parse(value?.toString('utf8') ?? 'null') as Partial<Record<Entity, unknown>> | null;
    if (json === null || key === null) return [];
    // Instances of other versions may know fewer entities, or more.
    const ids = ENTITIES.map((entity) => [entity, idsIn(json[entity])] as const);
    const hint = Object.fromEntries(ids) as Record<Entity, string[]>;
    return [{ connection: key.toString('utf8'), hint, at: timestamp }];
  } catch {
    return [];
  }
}

function idsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
}
