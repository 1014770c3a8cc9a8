/**
 * Restores a table when a session starts: its state, and the contents of its topic and of the dead-letter
 * topic.
 */

import type { TopicRecord } from '../kafka/reader.js';
import type { States } from '../kafka/states.js';
import { mustGet } from '../model/must-get.js';
import { emptyState, type TableState } from '../model/state.js';
import { asSearched } from '../model/table.js';
import { restoredState } from '../sync/state-writes.js';
import type { RestoredTable } from '../sync/table-ledger.js';
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
  { context: { config, kafka }, tables, topics, writer, warn, end }: SessionParts,
  states: States,
): Promise<Letters> {
  const [first] = tables;
  if (first === undefined) throw new Error('a connection without tables');
  const mark = await markOf(kafka.reader, mustGet(topics, first.deadLetterTopic), end);
  const known = tables.flatMap(
    ({ connection, table }) => states.get(connection.name, table.name)?.deadLetterTopic ?? [],
  );
  if (known.some((each) => arePartitionsAdded(each, mark))) {
    const at = { owner: `${first.connection.name}/dead letters`, policy: config.topics.onPartitionsAdded };
    const move = { topic: mark.name, partitions: mark.partitions, isOwn: () => true, signal: end };
    await onPartitionsAdded({ reader: kafka.reader, writer, warn }, at, move);
  }
  const hashes = await restoreDeadLetters(kafka.reader, mark.name, mark.partitions, end);
  return { log: new TopicLog(mark), hashes };
}

interface Restoring {
  readonly states: States;
  readonly letters: Letters;
  /** Whether its rows can be asked for by ID: see `EveryRow`. */
  readonly remembersDeleted: boolean;
}

export async function restoreTable(
  parts: SessionParts,
  { table, connection, topic }: PublishedTable,
  { states, letters, remembersDeleted }: Restoring,
): Promise<{ restored: RestoredTable; log: TopicLog }> {
  const { end, writer, warn } = parts;
  const { config, kafka, cutOff } = parts.context;
  const owner = `${connection.name}/${table.name}`;
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
  if (differences.length > 0) warn(beginsAnew(owner, differences));
  // Rows in the topic without a state mean that the state, or the whole state topic, was lost.
  const mayBeLost = state === undefined && !isEmpty(mark);
  const isAnew = differences.length > 0 || mayBeLost;
  const onForeign = once(({ partition, offset }: TopicRecord) =>
    warn(
      `topic ${topic} contains records not written by this publisher (first: partition ${partition}, offset ${offset}). They are ignored here; other consumers may fail on them.`,
    ),
  );
  const before = state === undefined || isAnew ? stateForTopic(state ?? emptyState(), null) : state;
  const { partitions } = mark;
  const known = {
    reads: table.reads,
    state: before,
    isWhole: isAnew,
    partitions,
    signal: end,
    remembersDeleted,
    isChild: asSearched(table)?.parent !== undefined,
    onForeign,
  };
  const restore = () => restorePublished(kafka.reader, topic, codec, known);
  const moved = async () => {
    const at = { owner, policy: config.topics.onPartitionsAdded };
    const isOwn = ({ key }: TopicRecord) => key !== null && codec.decodeKey(key) !== null;
    const move = { topic, partitions, isOwn, signal: end };
    await onPartitionsAdded({ reader: kafka.reader, writer, warn }, at, move);
  };
  const wasRaised = arePartitionsAdded(state?.topic ?? null, mark);
  if (wasRaised) await moved();
  let restored = await restore();
  if (restored.misplaced > 0 && !wasRaised) {
    await moved();
    restored = await restore();
  }
  cutOff.delete(topic);
  const { published: rows } = restored;
  if (mayBeLost && rows.size > 0) {
    const lost = `topic ${topic} has rows, and state topic ${config.state.topic} has no state of them`;
    warn(beginsAnew(owner, [lost]));
  }
  const oldest = rows.restoreFrom();
  const own = state === undefined ? lostState(table, oldest) : isAnew ? stateForTopic(state, oldest) : state;
  const written = restoredState(state);
  return { restored: { state: own, written, rows }, log: new TopicLog(mark) };
}

/** The state of a table that has none; `oldest` as in `stateForTopic`, null where nothing is published. */
function lostState(table: IntercomTable, oldest: number | null): TableState {
  if (oldest === null) return emptyState();
  const { deletions, ids } = asSearched(table) ?? {};
  const state = {
    ...emptyState(),
    deletions: deletions === undefined ? null : { at: 0, ids: [] },
    reconcile: ids === undefined ? null : { dueAt: new Date(0).toISOString(), walk: null },
  };
  return stateForTopic(state, oldest);
}

function beginsAnew(owner: string, differences: readonly string[]): string {
  return (
    `${owner}: the state does not belong to the topic: ${differences.join('; ')}. ` +
    'The table is read again from its start; rows whose last version is in the topic are not published again'
  );
}

/** Passes on the first call only. */
function once<T>(report: (what: T) => void): (what: T) => void {
  let isReported = false;
  return (what) => {
    if (!isReported) report(what);
    isReported = true;
  };
}
