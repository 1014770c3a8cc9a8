/** Checks everything that a run needs, without changing anything. */

import { keySchemaText } from '../avro/codec.js';
import { publishedText } from '../avro/published.js';
import { Registry } from '../avro/registry.js';
import type { Config, ConnectionConfig } from '../config/config.js';
import { KafkaAccess } from '../kafka/access.js';
import { planControl } from '../kafka/control.js';
import { planHints } from '../kafka/hints.js';
import { isLongOpen, openTransactionText } from '../kafka/open-transactions.js';
import { problemsOf, type TopicPlan } from '../kafka/topics.js';
import { asPublisherError, PublisherError } from '../model/errors.js';
import { controlTopic, hintsTopic } from '../model/topic-names.js';
import { checkConnection } from './check-connection.js';
import { type Finding, failed, finding } from './finding.js';
import { publishedTables } from './published-table.js';
import { committedStates, stateProblems } from './state-topics.js';
import { currentSchema } from './table-schema.js';
import { topicPlans } from './topic-plans.js';
import { usesHints } from './webhooks.js';

/**
 * Checks credentials, permissions, Kafka, topics, registry and schemas of all connections; yields findings as
 * they are made.
 */
export async function* checkAll(config: Config): AsyncGenerator<Finding> {
  for (const connection of config.connections) yield* checkConnection(connection);
  yield* checkKafka(config);
  yield* checkRegistry(config);
}

async function* checkKafka(config: Config): AsyncGenerator<Finding> {
  let kafka: KafkaAccess;
  try {
    kafka = await KafkaAccess.open(config.kafka);
  } catch (thrown) {
    yield failed('kafka', asPublisherError(thrown));
    return;
  }
  try {
    yield { what: 'kafka', message: config.kafka.brokers.join(', '), error: null };
    for (const connection of config.connections) {
      const plans = topicPlans(config, publishedTables(config, connection));
      yield await finding(`topics of ${connection.name}`, () => topicsOf(config, plans, kafka));
    }
    yield* checkStates(config, kafka);
    yield await finding('control', () => topicsOf(config, [planControl(config.topics)], kafka));
    if (usesHints(config)) {
      yield await finding('notifications', () => topicsOf(config, [planHints(config.topics)], kafka));
    }
    yield* openTransactions(config, kafka);
  } finally {
    await kafka.close();
  }
}

/** A warning for each transaction that would delay a start. Yields nothing when there is none. */
async function* openTransactions(config: Config, kafka: KafkaAccess): AsyncGenerator<Finding> {
  const plans = config.connections.flatMap((connection) =>
    topicPlans(config, publishedTables(config, connection)),
  );
  const { prefix } = config.topics;
  const names = new Set([...plans.map(({ topic }) => topic), hintsTopic(prefix), controlTopic(prefix)]);
  const existing = await kafka.topics.describe([...names]);
  for (const topic of existing.keys()) {
    const what = `open transactions in ${topic}`;
    try {
      const open = await kafka.reader.openTransactions(topic);
      const now = Date.now();
      for (const each of open)
        if (isLongOpen(each, now))
          yield { what, message: openTransactionText(each, now), error: null, warns: true };
    } catch (thrown) {
      yield { what, message: asPublisherError(thrown).message, error: null, warns: true };
    }
  }
}

/** Checks that each state belongs to the existing topic. Yields one finding when all of them do. */
async function* checkStates(config: Config, kafka: KafkaAccess): AsyncGenerator<Finding> {
  yield await finding('states', async () => {
    const states = await committedStates(config, kafka);
    const problems: string[] = [];
    for (const connection of config.connections) {
      for (const [table, each] of await stateProblems(publishedTables(config, connection), states, kafka))
        problems.push(...each.map((problem) => `${connection.name}/${table}: ${problem}`));
    }
    if (problems.length > 0) throw new PublisherError('topic-invalid', problems.join('\n'));
    return `${config.state.topic}, of the topics that are there`;
  });
}

/**
 * Reports the topics that are missing and will be created. Throws with every topic that is not as configured.
 */
async function topicsOf(config: Config, plans: readonly TopicPlan[], kafka: KafkaAccess): Promise<string> {
  const existing = await kafka.topics.describe(plans.map(({ topic }) => topic));
  const absent = plans.filter(({ topic }) => !existing.has(topic));
  const problems = [
    ...plans.flatMap((plan) => problemsOf(plan, existing.get(plan.topic))),
    ...(config.topics.create ? await kafka.topics.validate(absent) : []),
  ];
  const missing = problems.filter(({ kind }) => kind === 'missing');
  const notes = problems.filter(({ kind }) => kind === 'small' || kind === 'slow');
  const wrong = problems.filter(
    ({ kind }) => kind === 'wrong' || kind === 'differs' || (kind === 'missing' && !config.topics.create),
  );
  if (wrong.length > 0)
    throw new PublisherError('topic-invalid', wrong.map(({ message }) => message).join('\n'));
  const there = `${plans.length - missing.length} topics`;
  const summary = missing.length === 0 ? there : `${there}, ${missing.length} more will be created`;
  return [summary, ...notes.map(({ message }) => message)].join('\n');
}

async function* checkRegistry(config: Config): AsyncGenerator<Finding> {
  const what = 'schema registry';
  let registry: Registry;
  try {
    registry = new Registry(config.schemaRegistry);
    await registry.ping();
  } catch (thrown) {
    yield failed(what, asPublisherError(thrown));
    return;
  }
  yield { what, message: config.schemaRegistry.url, error: null };
  for (const connection of config.connections) {
    yield await finding(`schemas of ${connection.name}`, () => schemasOf(config, connection, registry));
  }
}

async function schemasOf(config: Config, connection: ConnectionConfig, registry: Registry): Promise<string> {
  const tables = publishedTables(config, connection);
  for (const published of tables) {
    const { table, topic } = published;
    await registry.verify(`${topic}-key`, keySchemaText(table.name, table.key));
    const schema = await currentSchema(registry, published);
    await registry.verify(`${topic}-value`, publishedText(schema));
  }
  return `${tables.length} tables, ${connection.values} form`;
}
