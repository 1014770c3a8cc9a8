/**
 * What a session knows of a table when it begins: its state, and what its topic and the dead letters hold.
 */

import type { ConnectionConfig } from '../config/config.js';
import type { TopicRecord } from '../kafka/reader.js';
import type { States } from '../kafka/states.js';
import { deadLetterTopic } from '../kafka/topics.js';
import { mustGet } from '../model/must-get.js';
import { emptyState, type TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';
import { Lock } from '../sync/lock.js';
import type { TableMemory } from '../sync/source.js';
import { restoredState } from '../sync/state-writes.js';
import type { IntercomTable } from '../tables/all.js';
import { onPartitionsAdded } from './partitions-added.js';
import type { PublishedTable } from './published-table.js';
import { restoreDeadLetters, restorePublished } from './restore.js';
import type { SessionParts } from './session-parts.js';
import {
  arePartitionsAdded,
  differencesOf,
  isEmpty,
  letterDifferencesOf,
  stateForTopic,
} from './topic-identity.js';
import { markOf, TopicLog } from './topic-log.js';

/** The dead letters of a connection. */
export interface Letters {
  readonly log: TopicLog;
  readonly hashes: ReadonlyMap<string, Map<string, string>>;
}

export async function restoreLetters(
  { context: { config, kafka, events }, topics, writer, end }: SessionParts,
  connection: ConnectionConfig,
  states: States,
): Promise<Letters> {
  const facts = mustGet(topics, deadLetterTopic(config.topics.prefix, connection.name));
  const mark = await markOf(kafka.reader, facts, end);
  const known = connection.tables.flatMap(
    ({ name }) => states.get(connection.name, name)?.deadLetterTopic ?? [],
  );
  if (known.some((each) => arePartitionsAdded(each, mark))) {
    const at = { connection: connection.name, what: 'dead letters', policy: config.topics.onPartitionsAdded };
    const move = { topic: mark.name, partitions: mark.partitions, isOwn: () => true, signal: end };
    await onPartitionsAdded({ reader: kafka.reader, writer, events }, at, move);
  }
  const hashes = await restoreDeadLetters(kafka.reader, mark.name, mark.partitions, end);
  return { log: new TopicLog(mark), hashes };
}

interface Restoring {
  readonly states: States;
  readonly letters: Letters;
  /** Whether tombstones are remembered over a restart. */
  readonly remembersDeletes: boolean;
}

export async function restoreTable(
  parts: SessionParts,
  { table, connection, topic }: PublishedTable,
  { states, letters, remembersDeletes }: Restoring,
): Promise<{ memory: TableMemory; log: TopicLog }> {
  const { end } = parts;
  const { config, kafka, events, cutOff } = parts.context;
  const { codec } = mustGet(parts.schemas, table.name);
  const state = states.get(connection.name, table.name);
  const mark = await markOf(kafka.reader, mustGet(parts.topics, topic), end);
  const differences =
    state === undefined
      ? []
      : [
          ...differencesOf(state, mark, topic),
          ...letterDifferencesOf(state, letters.log.mark, letters.log.mark.name),
          ...(cutOff.has(topic) ? [`topic ${topic} was cut off while this instance wrote to it`] : []),
        ];
  if (differences.length > 0) events.emit('warning', beginsAnew(connection.name, table.name, differences));
  // Without a state, rows in the topic mean that it was lost, with the state topic or alone.
  const mayBeLost = state === undefined && !isEmpty(mark);
  const isAnew = differences.length > 0 || mayBeLost;
  const onForeign = once(({ partition, offset }: TopicRecord) => {
    const message = `topic ${topic} contains records not written by this publisher (first: partition ${partition}, offset ${offset}). They are ignored here; other consumers may fail on them.`;
    events.emit('warning', { connection: connection.name, message });
  });
  const before = state === undefined || isAnew ? stateForTopic(state ?? emptyState(), null) : state;
  const { partitions } = mark;
  const known = {
    reads: table.reads,
    state: before,
    isWhole: isAnew,
    partitions,
    signal: end,
    remembersDeletes,
    isChild: table.parent !== undefined,
    onForeign,
  };
  const restore = () => restorePublished(kafka.reader, topic, codec, known);
  const moved = async () => {
    const at = { connection: connection.name, what: table.name, policy: config.topics.onPartitionsAdded };
    const isOwn = ({ key }: TopicRecord) => key !== null && codec.decodeKey(key) !== null;
    const move = { topic, partitions, isOwn, signal: end };
    await onPartitionsAdded({ reader: kafka.reader, writer: parts.writer, events }, at, move);
  };
  const wasRaised = arePartitionsAdded(state?.topic ?? null, mark);
  if (wasRaised) await moved();
  let restored = await restore();
  if (restored.misplaced > 0 && !wasRaised) {
    await moved();
    restored = await restore();
  }
  cutOff.delete(topic);
  const { published } = restored;
  if (mayBeLost && published.size > 0) {
    const lost = `topic ${topic} has rows, and state topic ${config.state.topic} has no state of them`;
    events.emit('warning', beginsAnew(connection.name, table.name, [lost]));
  }
  const oldest = published.restoreFrom();
  const own = state === undefined ? lostState(table, oldest) : isAnew ? stateForTopic(state, oldest) : state;
  const written = restoredState(state);
  const memory = {
    state: own,
    written,
    published,
    lock: new Lock(),
    walk: null,
    recovery: null,
  };
  return { memory, log: new TopicLog(mark) };
}

/** The state of a table that has none; `oldest` as in `stateForTopic`, null where nothing is published. */
function lostState({ deletions, ids }: IntercomTable, oldest: number | null): TableState {
  if (oldest === null) return emptyState();
  const state = {
    ...emptyState(),
    deletions: deletions === undefined ? null : { at: 0, ids: [] },
    reconcile: ids === undefined ? null : { dueAt: new Date(0).toISOString(), walk: null },
  };
  return stateForTopic(state, oldest);
}

function beginsAnew(connection: string, table: TableName, differences: readonly string[]) {
  const message =
    `${connection}/${table}: the state does not belong to the topic: ${differences.join('; ')}. ` +
    'The table is read again from its start; rows whose last version is in the topic are not published again';
  return { connection, message };
}

/** Passes the first call on, and no other. */
function once<T>(report: (what: T) => void): (what: T) => void {
  let isReported = false;
  return (what) => {
    if (!isReported) report(what);
    isReported = true;
  };
}
