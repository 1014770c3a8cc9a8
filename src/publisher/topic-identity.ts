/**
 * Whether a state and a topic belong together. Pure.
 *
 * A state says up to where a table is published; that is worth nothing where the topic is another one, or no
 * longer what it was. Nothing may be skipped then, so the table begins anew.
 */

import { emptyState, type TableState, type TopicMark } from '../model/state.js';

/**
 * What differs between the topic that a state was written for and the one that is there (null: none), in
 * words; empty where they belong together.
 */
export function differencesOf(state: TableState, now: TopicMark | null, name: string): string[] {
  const { topic } = state;
  if (topic === null)
    return isMissed(state, now) ? [`the state counts ${state.records} rows, topic ${name} is empty`] : [];
  return markDifferences(topic, now, name);
}

/** The same of the topic of dead letters, which matters where there are any. */
export function letterDifferencesOf(state: TableState, now: TopicMark | null, name: string): string[] {
  const { deadLetters, deadLetterTopic } = state;
  if (deadLetters === 0) return [];
  if (deadLetterTopic !== null) return markDifferences(deadLetterTopic, now, name);
  // A letter whose row was published later is gone from the topic, but not from its log.
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
 * The state with which a table begins anew whose state does not belong to its topic. `oldest` is when the
 * first of the rows that stand in the topic was published (epoch milliseconds), or null where there are none:
 * what was deleted in the source since then may still stand there.
 */
export function stateForTopic(state: TableState, oldest: number | null): TableState {
  return {
    ...emptyState(),
    resetAt: state.resetAt,
    restoreFrom: oldest,
    deletions:
      state.deletions === null || oldest === null ? null : { at: Math.floor(oldest / 1000), ids: [] },
    // Due at once: reconcile finds what else was deleted.
    reconcile: state.reconcile === null ? null : { dueAt: new Date(0).toISOString(), walk: null },
    updatedAt: new Date().toISOString(),
  };
}
