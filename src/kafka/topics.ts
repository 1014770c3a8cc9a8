/** Creates the topics that a connection needs, and compares them with existing ones. */

import type { Admin, Kafka } from 'kafkajs';
import { PublisherError } from '../model/errors.js';
import type { TopicSettings } from '../model/kafka.js';
import { kafkaFailure } from './client.js';
import { type Cluster, openCluster } from './cluster.js';
import kafkajs from './kafkajs.js';
import { errorFromCode } from './protocol-error.js';
import { createWithFallbacks, refused } from './topic-creation.js';
import { type DescribedTopic, describeTopics, UNKNOWN_TOPIC } from './topic-requests.js';

/** The planned topic. */
export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
  /** The setting of its number of partitions; `topics.partitions` when left out. */
  readonly partitionsFrom?: string;
  /** Whether an existing topic may have another number of partitions. */
  readonly hasAnyPartitions?: boolean;
  /**
   * Settings to use instead, in this order, when the brokers refuse those of `config`. An existing topic may
   * have any of them. What the last one leaves out is advice.
   */
  readonly fallbacks?: readonly Readonly<Record<string, string>>[];
  /**
   * What happens to a record that is too large for it; when left out, the row goes to the dead-letter topic.
   */
  readonly tooLarge?: string;
}

/** The existing topic. */
export interface TopicFacts {
  readonly topic: string;
  /** Kafka's ID of the topic, new whenever it is created; null where the brokers return none. */
  readonly id: string | null;
  readonly partitions: number;
  /** Partitions without a leader now. */
  readonly leaderless: readonly number[];
  readonly cleanupPolicy: string;
  readonly maxMessageBytes: number;
  readonly config: ReadonlyMap<string, string>;
}

/**
 * A problem with a topic. `missing`: it does not exist. `wrong`: it must not be published to. `differs`: it
 * is not as configured, but works. `small`: it accepts only smaller rows than usual. `slow`: it lacks a
 * setting that would make it smaller.
 */
export interface TopicProblem {
  readonly kind: 'missing' | 'wrong' | 'differs' | 'small' | 'slow';
  readonly topic: string;
  /** The problem and what to do. */
  readonly message: string;
}

/**
 * Rows of this size and less can be published: the largest row that Intercom is known to send is a
 * conversation of some megabytes.
 */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
/** Milliseconds within which all brokers know a created topic. */
const APPEAR_MS = 20_000;
const MAX_MESSAGE_SETTING = 'max.message.bytes';
const LEADER_NOT_AVAILABLE = 5;

/** How topics of this program are created. */
export function planTopic(topic: string, settings: TopicSettings): TopicPlan {
  return {
    topic,
    partitions: settings.partitions,
    replicationFactor: settings.replicationFactor,
    config: {
      'max.message.bytes': String(MAX_MESSAGE_BYTES),
      ...settings.config,
      'cleanup.policy': 'compact',
    },
  };
}

/** Admin work on topics, on one connection. */
export class Topics {
  readonly #admin: Admin;
  readonly #cluster: Cluster;
  readonly #brokers: readonly string[];
  #connected: Promise<void> | null = null;

  constructor(kafka: Kafka, brokers: readonly string[]) {
    this.#admin = kafka.admin();
    this.#cluster = openCluster(kafka);
    this.#brokers = brokers;
  }

  /** Throws `kafka-unreachable` when no broker answers. */
  async connect(): Promise<void> {
    this.#connected ??= this.#admin.connect().catch((error: unknown) => {
      this.#connected = null;
      throw error;
    });
    await this.#guard('connecting', () => this.#connected ?? Promise.resolve());
  }

  /**
   * Connects and sends a request: a broker that expects SASL, or another token, closes the connection only
   * then.
   */
  async probe(): Promise<void> {
    await this.connect();
    await this.#guard('the first request', () => this.#admin.describeCluster());
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.disconnect(), this.#cluster.disconnect()]);
  }

  /** The existing topics of the list, with the settings that matter. No other topic is requested. */
  async describe(topics: readonly string[]): Promise<Map<string, TopicFacts>> {
    await this.connect();
    return this.#guard('describing topics', async () => {
      if (topics.length === 0) return new Map();
      const existing = existingOf(await describeTopics(this.#cluster, topics));
      if (existing.length === 0) return new Map();
      const configs = await this.#configsOf(existing.map(({ topic }) => topic));
      return new Map(
        existing.map((each) => [each.topic, factsOf(each, configs.get(each.topic) ?? new Map())]),
      );
    });
  }

  /** The same without their settings, which cost a request more. */
  async identify(
    topics: readonly string[],
  ): Promise<Map<string, Pick<TopicFacts, 'topic' | 'id' | 'partitions'>>> {
    await this.connect();
    return this.#guard('describing topics', async () => {
      const existing = existingOf(await describeTopics(this.#cluster, topics));
      return new Map(
        existing.map(({ topic, id, partitions }) => [topic, { topic, id, partitions: partitions.length }]),
      );
    });
  }

  async #configsOf(names: readonly string[]): Promise<Map<string, Map<string, string>>> {
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
    });
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    );
  }

  /**
   * Makes sure that every planned topic exists and is compacted; missing ones are created when `create` is
   * true. Throws `topic-missing` or `topic-invalid` with all topics that are not as they must be. Returns the
   * existing topics.
   */
  async ensure(plans: readonly TopicPlan[], create: boolean): Promise<Map<string, TopicFacts>> {
    const names = plans.map(({ topic }) => topic);
    let existing = await this.describe(names);
    const missing = plans.filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0 && create) {
      await this.#create(missing);
      existing = await this.appeared(names);
    }
    const fatal = plans.flatMap((plan) => problemsOf(plan, existing.get(plan.topic))).filter(isFatal);
    if (fatal.length > 0) {
      const code = fatal.some(({ kind }) => kind === 'wrong') ? 'topic-invalid' : 'topic-missing';
      throw new PublisherError(code, fatal.map(({ message }) => message).join('\n'));
    }
    return existing;
  }

  /** Member IDs of the consumer group; empty when it has no members. */
  async groupMembers(group: string): Promise<string[]> {
    await this.connect();
    return this.#guard(`describing the group ${group}`, async () => {
      const { groups } = await this.#admin.describeGroups([group]);
      return groups.flatMap(({ members }) =>
        members.map(({ clientHost, memberId }) => `${memberId} ${clientHost}`),
      );
    });
  }

  /**
   * Asks the brokers whether they would create these missing topics. Returns the ones that they would refuse.
   */
  async validate(plans: readonly TopicPlan[]): Promise<TopicProblem[]> {
    await this.connect();
    return this.#guard('checking whether topics can be created', async () => {
      const refusals = await createWithFallbacks(this.#cluster, plans, true);
      return (refusals ?? []).map(({ plan, message }) => ({ kind: 'wrong', topic: plan.topic, message }));
    });
  }

  async #create(plans: readonly TopicPlan[]): Promise<void> {
    await this.#guard('creating topics', async () => {
      const refusals = await createWithFallbacks(this.#cluster, plans, false);
      if (refusals === null) await this.#createPlainly(plans);
      else if (refusals.length > 0) throw refused(refusals);
    });
  }

  /** With kafkajs's own request, for brokers that know no newer one. */
  async #createPlainly(plans: readonly TopicPlan[]): Promise<void> {
    await this.#admin.createTopics({
      // Kafkajs fails at once when a broker does not know the topic yet; `appeared` waits for it.
      waitForLeaders: false,
      topics: plans.map(({ topic, partitions, replicationFactor, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
  }

  /**
   * Waits until the topics are known, and describes them: a created topic is not known to every broker at
   * once.
   */
  async appeared(names: readonly string[]): Promise<Map<string, TopicFacts>> {
    const deadline = Date.now() + APPEAR_MS;
    for (;;) {
      const isOver = Date.now() > deadline;
      const existing = await this.describe(names).catch((error: unknown) => {
        if (isOver) throw error;
        return new Map<string, TopicFacts>();
      });
      if (isOver || names.every((name) => isUp(existing.get(name)))) return existing;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #guard<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw kafkaFailure(error, doing, this.#brokers);
    }
  }
}

function existingOf(described: readonly DescribedTopic[]): DescribedTopic[] {
  const existing = described.filter(({ errorCode }) => errorCode !== UNKNOWN_TOPIC);
  // A topic without a leader exists all the same.
  const failed = existing.find(({ errorCode }) => errorCode !== 0 && errorCode !== LEADER_NOT_AVAILABLE);
  if (failed !== undefined)
    throw kafkaFailure(errorFromCode(failed.errorCode), `describing topic ${failed.topic}`);
  return existing;
}

function factsOf({ topic, id, partitions }: DescribedTopic, config: ReadonlyMap<string, string>): TopicFacts {
  return {
    topic,
    id,
    partitions: partitions.length,
    leaderless: partitions.filter(({ leader }) => leader === null).map(({ partition }) => partition),
    cleanupPolicy: config.get('cleanup.policy') ?? 'delete',
    maxMessageBytes: Number(config.get(MAX_MESSAGE_SETTING) ?? 1_048_588),
    config,
  };
}

/** A topic that can be written to. */
function isUp(facts: TopicFacts | undefined): boolean {
  return facts !== undefined && facts.partitions > 0 && facts.leaderless.length === 0;
}

/**
 * All differences of an existing topic from the plan. A `wrong` topic must not be published to, one that
 * `differs` may be.
 */
export function problemsOf(plan: TopicPlan, facts: TopicFacts | undefined): TopicProblem[] {
  const { topic } = plan;
  if (facts === undefined) {
    const message = `topic ${topic} does not exist: create it (cleanup.policy=${plan.config['cleanup.policy']}, ${plan.partitions} partitions), or set topics.create: true`;
    return [{ kind: 'missing', topic, message }];
  }
  const leaderless = leaderProblems(facts);
  // Topics without rows may have any settings.
  if (plan.config['cleanup.policy'] !== 'compact') return leaderless;
  if (facts.cleanupPolicy !== 'compact') {
    const message =
      `topic ${topic} has cleanup.policy=${facts.cleanupPolicy}, which drops rows that never changed: ` +
      `set it to compact (kafka-configs --alter --topic ${topic} --add-config cleanup.policy=compact), or use another topics.prefix`;
    return [{ kind: 'wrong', topic, message }];
  }
  return [...leaderless, ...partitionProblems(plan, facts), ...configProblems(plan, facts)];
}

function leaderProblems({ topic, leaderless }: TopicFacts): TopicProblem[] {
  if (leaderless.length === 0) return [];
  const message = `topic ${topic} has no leader for partition ${leaderless.join(', ')}: start the brokers that hold it`;
  return [{ kind: 'differs', topic, message }];
}

function partitionProblems(plan: TopicPlan, facts: TopicFacts): TopicProblem[] {
  const { topic, partitions, partitionsFrom = 'topics.partitions', hasAnyPartitions = false } = plan;
  if (facts.partitions === partitions || hasAnyPartitions) return [];
  const message =
    `topic ${topic} has ${facts.partitions} partitions, the configuration says ${partitions}: where it was created with ${facts.partitions}, ` +
    `set ${partitionsFrom}: ${facts.partitions}; where partitions were added later, its keys have moved: see topics.onPartitionsAdded`;
  return [{ kind: 'differs', topic, message }];
}

function configProblems(plan: TopicPlan, facts: TopicFacts): TopicProblem[] {
  const { config, fallbacks = [] } = plan;
  const required = fallbacks.at(-1) ?? config;
  // What the last fallback leaves out is no problem where the topic is as another one says.
  const isAsCreated = [config, ...fallbacks.slice(0, -1)].some((settings) => has(facts, settings));
  const compared = isAsCreated ? required : config;
  return Object.entries(compared).flatMap(([name, wanted]) => {
    if (hasSetting(facts, name, wanted)) return [];
    if (name === MAX_MESSAGE_SETTING) return [small(plan, facts)];
    return [name in required ? differs(facts, name, wanted) : slow(facts, name, wanted)];
  });
}

function has(facts: TopicFacts, settings: TopicPlan['config']): boolean {
  return Object.entries(settings).every(([name, wanted]) => hasSetting(facts, name, wanted));
}

/** Whether the topic has the setting. It may accept larger records; other values of its policy are `wrong`. */
function hasSetting({ config }: TopicFacts, name: string, wanted: string): boolean {
  if (name === 'cleanup.policy') return true;
  const actual = config.get(name);
  return name === MAX_MESSAGE_SETTING ? Number(actual) >= Number(wanted) : actual === wanted;
}

function differs({ topic, config }: TopicFacts, name: string, wanted: string): TopicProblem {
  const message =
    `topic ${topic} has ${name}=${config.get(name) ?? 'unset'}, the configuration says ${wanted}: ` +
    `change it (${alterCommand(topic, name, wanted)}), or topics.config`;
  return { kind: 'differs', topic, message };
}

function slow({ topic, config }: TopicFacts, name: string, wanted: string): TopicProblem {
  const message =
    `topic ${topic} has ${name}=${config.get(name) ?? 'unset'}: a start reads less of it with ${wanted}, ` +
    `where the brokers accept that (${alterCommand(topic, name, wanted)})`;
  return { kind: 'slow', topic, message };
}

function alterCommand(topic: string, name: string, wanted: string): string {
  return `kafka-configs --alter --topic ${topic} --add-config ${name}=${wanted}`;
}

function small(plan: TopicPlan, { maxMessageBytes }: TopicFacts): TopicProblem {
  const { topic, config, tooLarge = 'a larger row goes to the dead-letter topic' } = plan;
  const message = `topic ${topic} accepts ${maxMessageBytes} bytes per record (${MAX_MESSAGE_SETTING}): ${tooLarge}; ${config[MAX_MESSAGE_SETTING]} bytes are enough`;
  return { kind: 'small', topic, message };
}

function isFatal({ kind }: TopicProblem): boolean {
  return kind === 'missing' || kind === 'wrong';
}
