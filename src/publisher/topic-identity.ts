/**
 * Checks whether a state and a topic belong together. Pure.
 *
 * A state records up to where a table is published. It is not valid for a topic that was created again,
 * truncated or restored. No row may be skipped then, so the table is read from its start again.
 */

import { resyncAnew } from '../model/resync.js';
import { stateAnew, type TableState, type TopicMark } from '../model/state.js';

/**
 * The differences between the topic that a state was written for and the existing one (null: none), as texts.
 * Empty when they belong together.
 */
export function differencesOf(state: TableState, now: TopicMark | null, name: string): string[] {
  const { topic } = state;
  if (topic === null)
    return isMissed(state, now) ? [`the state counts ${state.records} rows, topic ${name} is empty`] : [];
  return markDifferences(topic, now, name);
}

/** The same for the dead-letter topic, checked only when the table has dead letters. */
export function letterDifferencesOf(state: TableState, now: TopicMark | null, name: string): string[] {
  const { deadLetters, deadLetterTopic } = state;
  if (deadLetters === 0) return [];
  if (deadLetterTopic !== null) return markDifferences(deadLetterTopic, now, name);
  // A dead letter whose row was published later is deleted from the topic, but the log still counts it.
  return now === null || isEmpty(now)
    ? [`the state counts ${deadLetters} dead letters, topic ${name} is empty`]
    : [];
}

/** Whether partitions were added since the state was written. */
export function arePartitionsAdded(mark: TopicMark | null, now: TopicMark): boolean {
  return mark !== null && isSame(mark, now) && now.partitions > mark.partitions;
}

function markDifferences(mark: TopicMark, now: TopicMark | null, name: string): string[] {
  if (mark.name !== name)
    return [`the state was written for topic ${mark.name}, the configuration names ${name}`];
  if (now === null) return [`topic ${name} was deleted`];
  if (!isSame(mark, now))
    return [`topic ${name} was deleted and created again (its ID was ${mark.id}, and is ${now.id})`];
  return mark.ends.flatMap((end, partition) => {
    const at = `partition ${partition} of topic ${name}`;
    const known = mark.starts[partition] ?? 0;
    const { [partition]: start = 0 } = now.starts;
    const { [partition]: reached = 0 } = now.ends;
    if (reached < end)
      return [
        `${at} ends at offset ${reached}, and had reached ${end}: it was truncated, or restored from an older copy`,
      ];
    if (start > known)
      return [`${at} begins at offset ${start}, and did at ${known}: records were deleted at its front`];
    return [];
  });
}

function isSame(mark: TopicMark, now: TopicMark): boolean {
  return mark.name === now.name && (mark.id === null || now.id === null || mark.id === now.id);
}

function isMissed(state: TableState, now: TopicMark | null): boolean {
  return state.records > 0 && (now === null || isEmpty(now));
}

export function isEmpty({ starts, ends }: TopicMark): boolean {
  return ends.every((end, partition) => end === starts[partition]);
}

/**
 * The new state of a table whose state does not belong to its topic. `oldest` is when the oldest row in the
 * topic was published (epoch milliseconds), or null when the topic has no rows. Rows that were deleted in the
 * source since then may still be in the topic.
 */
export function stateForTopic(state: TableState, oldest: number | null): TableState {
  return {
    ...stateAnew(state),
    resetAt: state.resetAt,
    restoreFrom: oldest,
    deletions:
      state.deletions === null || oldest === null ? null : { at: Math.floor(oldest / 1000), ids: [] },
    // Due at once: reconcile finds the other deleted rows.
    reconcile: state.reconcile === null ? null : { dueAt: new Date(0).toISOString(), walk: null },
    resync: resyncAnew(state.resync),
    updatedAt: new Date().toISOString(),
  };
}
