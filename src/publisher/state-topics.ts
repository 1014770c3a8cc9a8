/** Compares states with the topics that they refer to. Changes nothing. */

import type { Config } from '../config/config.js';
import type { KafkaAccess } from '../kafka/access.js';
import { readStates, States } from '../kafka/states.js';
import type { TableState, TopicMark } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import { grownMessage } from './partitions-added.js';
import type { PublishedTable } from './published-table.js';
import { arePartitionsAdded, differencesOf, letterDifferencesOf } from './topic-identity.js';
import { markOf } from './topic-log.js';

/** The states in the state topic; empty when the topic does not exist. */
export async function committedStates(config: Config, kafka: KafkaAccess): Promise<States> {
  const { topic } = config.state;
  const known = await kafka.topics.describe([topic]);
  return known.size === 0 ? new States() : await readStates(kafka.reader, topic, { until: 'stable' });
}

/**
 * By table: why its state does not belong to its topics, and what the next run does. Tables without a
 * mismatch, without a state, or with an unreadable state are left out.
 */
export async function stateProblems(
  tables: readonly PublishedTable[],
  states: States,
  kafka: KafkaAccess,
): Promise<Map<TableName, readonly string[]>> {
  const known = tables.flatMap((published) => {
    const state = readable(states, published);
    return state === undefined ? [] : [{ published, state }];
  });
  const topics = known.flatMap(({ published: { topic, deadLetterTopic } }) => [topic, deadLetterTopic]);
  const marks = await marksOf(kafka, [...new Set(topics)]);
  const problems = known.map(({ published, state }) => {
    const { table, topic, deadLetterTopic } = published;
    const now = { rows: marks.get(topic) ?? null, letters: marks.get(deadLetterTopic) ?? null };
    return [table.name, problemsOfState(published, state, now)] as const;
  });
  return new Map(problems.filter(([, each]) => each.length > 0));
}

function readable(states: States, { connection, table }: PublishedTable): TableState | undefined {
  try {
    return states.get(connection.name, table.name);
  } catch {
    return undefined;
  }
}

async function marksOf(kafka: KafkaAccess, topics: readonly string[]): Promise<Map<string, TopicMark>> {
  const existing = await kafka.topics.describe(topics);
  // The log of a partition without a leader can't be read; `check` reports the partition.
  const led = [...existing.values()].filter(({ leaderless }) => leaderless.length === 0);
  const marks = await Promise.all(led.map((facts) => markOf(kafka.reader, facts)));
  return new Map(marks.map((mark) => [mark.name, mark]));
}

function problemsOfState(
  { connection, table, topic, deadLetterTopic }: PublishedTable,
  state: TableState,
  now: { readonly rows: TopicMark | null; readonly letters: TopicMark | null },
): string[] {
  const differences = [
    ...differencesOf(state, now.rows, topic),
    ...letterDifferencesOf(state, now.letters, deadLetterTopic),
  ];
  const grown = [
    [table.name, state.topic, now.rows],
    ['dead letters', state.deadLetterTopic, now.letters],
  ] as const;
  return [
    ...differences.map((each) => `${each}: the next run reads the table again from its start`),
    ...grown.flatMap(([what, mark, is]) =>
      is !== null && arePartitionsAdded(mark, is)
        ? [grownMessage(`${connection.name}/${what}`, { topic: is.name, partitions: is.partitions })]
        : [],
    ),
  ];
}
