/** Creates topics. For each topic that the brokers refuse, it reports the setting to change. */

import { PublisherError } from '../model/errors.js';
import { isClosedConnection, kafkaFailure } from './client.js';
import type { Cluster } from './cluster.js';
import { errorFromCode } from './protocol-error.js';
import { createTopics, type NewTopic, type Refusal } from './topic-requests.js';

/** A topic to create. */
export type PlannedTopic = NewTopic & {
  /** The setting of its number of partitions. */
  readonly partitionsFrom?: string;
  /** Settings to use instead when the brokers refuse those of `config`: the first list that they accept. */
  readonly fallbacks?: readonly NewTopic['config'][];
};

/** A topic that the brokers refuse to create. */
export interface RefusedTopic {
  readonly plan: PlannedTopic;
  readonly refusal: Refusal;
  /** The topic, the broker's own words, and the setting to change. */
  readonly message: string;
}

/** A request may not ask for more than 10,000 partitions. */
const TOPICS_AT_ONCE = 100;
/** When a broker closes the connection so often and answers other requests, the request is the cause. */
const CLOSED_TRIES = 3;
/** Refusals of settings. */
const OF_SETTINGS = new Set(['POLICY_VIOLATION', 'INVALID_CONFIG']);

/**
 * Creates the topics, or only validates them, with their fallbacks where the brokers refuse a setting. Null
 * when the brokers support no version of the request that is written here.
 */
export async function createWithFallbacks(
  cluster: Cluster,
  plans: readonly PlannedTopic[],
  validateOnly: boolean,
): Promise<readonly RefusedTopic[] | null> {
  const refusals = await createInBatches(cluster, plans, validateOnly);
  if (refusals === null) return null;
  const again = refusals.flatMap(nextPlan);
  if (again.length === 0) return refusals;
  const later = await createWithFallbacks(cluster, again, validateOnly);
  if (later === null) return refusals;
  // The last refusal is about what no fallback can leave out: the advice of an earlier one does not help.
  const isLast = ({ plan }: RefusedTopic) => !again.some(({ topic }) => topic === plan.topic);
  return [...refusals.filter(isLast), ...later];
}

/** The plan with its next fallback; none when the refusal is not about settings, or no fallback is left. */
function nextPlan({ plan, refusal }: RefusedTopic): PlannedTopic[] {
  const [config, ...fallbacks] = plan.fallbacks ?? [];
  return config === undefined || !OF_SETTINGS.has(refusal.type) ? [] : [{ ...plan, config, fallbacks }];
}

async function createInBatches(
  cluster: Cluster,
  plans: readonly PlannedTopic[],
  validateOnly: boolean,
): Promise<readonly RefusedTopic[] | null> {
  const refused: RefusedTopic[] = [];
  for (let at = 0; at < plans.length; at += TOPICS_AT_ONCE) {
    const batch = plans.slice(at, at + TOPICS_AT_ONCE);
    const refusals = await createBatch(cluster, batch, validateOnly);
    if (refusals === null) return null;
    refused.push(...refusals);
  }
  return refused;
}

async function createBatch(
  cluster: Cluster,
  plans: readonly PlannedTopic[],
  validateOnly: boolean,
): Promise<readonly RefusedTopic[] | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      const refusals = await createTopics(cluster, plans, validateOnly);
      return refusals === null ? null : refusals.flatMap((refusal) => refusedTopic(plans, refusal));
    } catch (error) {
      if (!isClosedConnection(error)) throw error;
      if (tries === CLOSED_TRIES) throw closedConnection(plans, error);
    }
  }
}

function closedConnection(plans: readonly PlannedTopic[], cause: unknown): unknown {
  const ofDefault = plans.filter(({ replicationFactor }) => replicationFactor === -1);
  if (ofDefault.length === 0) return cause;
  const names = ofDefault.map(({ topic }) => topic).join(', ');
  return new PublisherError(
    'topic-invalid',
    `Kafka: the broker closes the connection when it is asked to create ${names} with replication factor -1, which stands for its default: ` +
      'set topics.replicationFactor to a number that the cluster accepts, such as 3',
    { cause },
  );
}

function refusedTopic(plans: readonly PlannedTopic[], refusal: Refusal): RefusedTopic[] {
  const plan = plans.find(({ topic }) => topic === refusal.topic);
  return plan === undefined ? [] : [{ plan, refusal, message: messageOf(plan, refusal) }];
}

function messageOf(plan: PlannedTopic, refusal: Refusal): string {
  const { topic, partitions, replicationFactor, config } = plan;
  const asked = Object.entries(config).map(([name, value]) => `${name}=${value}`);
  return (
    `topic ${topic} can't be created: ${refusal.reason} (${refusal.type}); change ${settingsOf(plan, refusal).join(', ')}. ` +
    `Asked for: ${[`${partitions} partitions`, `replication factor ${replicationFactor}`, ...asked].join(', ')}`
  );
}

/**
 * The settings that a refusal is about: those in the broker's message, or those that the error code concerns.
 */
function settingsOf(
  { config, partitionsFrom = 'topics.partitions' }: PlannedTopic,
  { type, reason }: Refusal,
): string[] {
  if (type === 'INVALID_REPLICATION_FACTOR') return ['topics.replicationFactor'];
  if (type === 'INVALID_PARTITIONS') return [partitionsFrom];
  const named = Object.keys(config).filter((name) => reason.includes(name));
  if (named.length > 0) return named.map((name) => `topics.config.${name}`);
  return [`topics.config, ${partitionsFrom} or topics.replicationFactor`];
}

/** One error for all refused topics. Missing permissions are not an error of the configuration. */
export function refused(topics: readonly RefusedTopic[]): PublisherError {
  const forbidden = topics.find(({ refusal }) => refusal.type.endsWith('AUTHORIZATION_FAILED'));
  if (forbidden !== undefined)
    return kafkaFailure(errorFromCode(forbidden.refusal.code), `creating topic ${forbidden.plan.topic}`);
  return new PublisherError('topic-invalid', topics.map(({ message }) => message).join('\n'));
}
