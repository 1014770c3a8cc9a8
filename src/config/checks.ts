/** Checks across settings: those that contradict each other. */

import { z } from 'zod';

import { TABLE_NAMES } from '../model/table-names.js';
import { controlTopic, DEAD_LETTERS, hintsTopic, tableTopic } from '../model/topic-names.js';
import { connectionSettings } from './connection-settings.js';
import { formatPath, isMapping, type Path } from './path.js';
import type { Problem } from './problem.js';
import { fileSettings } from './settings.js';

/**
 * All contradictions in the tree (with `defaults` merged). Parts that are invalid in themselves are skipped.
 */
export function contradictions(tree: unknown): Problem[] {
  return [...doubleAddresses(tree), ...repeatedNames(tree), ...impossibleTopics(tree)];
}

function doubleAddresses(tree: unknown): Problem[] {
  if (!isMapping(tree)) return [];
  const connections = Array.isArray(tree.connections) ? tree.connections : [];
  const places = [
    { path: ['defaults'], given: tree.defaults },
    ...connections.map((given: unknown, index) => ({ path: ['connections', index], given })),
  ];
  return places
    .filter(({ given }) => isMapping(given) && given.region !== undefined && given.baseUrl !== undefined)
    .map(({ path }) => ({
      path: [...path, 'baseUrl'],
      text: 'expected region or baseUrl, got both',
      ofKey: true,
    }));
}

const named = z.object({ connections: z.array(z.unknown()) });
const nameOf = z.object({ name: z.string() });

function repeatedNames(tree: unknown): Problem[] {
  const names = (named.safeParse(tree).data?.connections ?? []).map(
    (connection) => nameOf.safeParse(connection).data?.name,
  );
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (name === undefined || first === index) return [];
    const text = `expected a name of its own, got that of connections[${first}]`;
    return [{ path: ['connections', index, 'name'], text }];
  });
}

const { topics, state } = fileSettings.shape;
const namingTopics = z.object({
  topics: z.object({ prefix: topics.unwrap().shape.prefix }).prefault({}),
  state: z.object({ topic: state.unwrap().shape.topic }).prefault({}),
  connections: z.array(connectionSettings.pick({ name: true, tables: true }).strip()),
});

/** A planned topic: the setting that its name comes from, and its name in messages. */
interface PlannedTopic {
  readonly topic: string;
  readonly path: Path;
  readonly what: string;
}

/** Kafka's limit for the name of a topic. */
const MAX_TOPIC_LENGTH = 249;

/**
 * Topics that Kafka would refuse: names that are too long, and pairs that differ only in `.` and `_`, which
 * Kafka's metrics can't distinguish (`p.a_company.segments` and `p.a.company_segments`). Names may come from
 * the environment and are not shown.
 */
function impossibleTopics(tree: unknown): Problem[] {
  const { data } = namingTopics.safeParse(tree);
  if (data === undefined) return [];
  const planned = new Map<string, PlannedTopic>();
  const tooLong = new Map<string, Problem>();
  const clashes: Problem[] = [];
  for (const each of plannedTopics(data)) {
    const { topic, path, what } = each;
    if (topic.length > MAX_TOPIC_LENGTH) {
      const text = `expected topic names of at most ${MAX_TOPIC_LENGTH} characters: shorten it or topics.prefix`;
      tooLong.set(formatPath(path), { path, text });
    }
    const sameToKafka = topic.replaceAll('.', '_');
    const other = planned.get(sameToKafka);
    if (other === undefined) planned.set(sameToKafka, each);
    else
      clashes.push({
        path,
        text: `expected topics that differ in more than . and _, but ${what} and ${other.what} do not`,
      });
  }
  return [...tooLong.values(), ...clashes];
}

/** All topics; connections with a repeated name are reported by `repeatedNames` and left out. */
function plannedTopics({ topics, state, connections }: z.output<typeof namingTopics>): PlannedTopic[] {
  const names = connections.map(({ name }) => name);
  const published = connections.flatMap(({ name, tables }, index) => {
    if (names.indexOf(name) !== index) return [];
    const chosen = Object.keys(tables ?? {});
    return [...(chosen.length > 0 ? chosen : TABLE_NAMES), DEAD_LETTERS].map((table) => ({
      topic: tableTopic(topics.prefix, name, table),
      path: ['connections', index, 'name'],
      what: `that of ${table} of connections[${index}]`,
    }));
  });
  return [
    { topic: hintsTopic(topics.prefix), path: ['topics', 'prefix'], what: 'that of the hints' },
    { topic: controlTopic(topics.prefix), path: ['topics', 'prefix'], what: 'that of the control' },
    { topic: state.topic, path: ['state', 'topic'], what: 'that of the state' },
    ...published,
  ];
}
