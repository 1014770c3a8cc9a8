/** Whether the notifications that states count as processed are those of the topic that is there. */

import type { ConnectionConfig } from '../config/config.js';
import { hintsTopic } from '../kafka/hints.js';
import type { TableName } from '../model/table-names.js';
import type { TableWork } from '../sync/source.js';
import { tablesOf } from '../tables/all.js';
import { hintedTables } from './hint-work.js';
import type { SessionContext } from './session-context.js';
import type { KnownTopic } from './topic-watch.js';

/**
 * Has the states of a connection name the topic of notifications, which is returned where it exists. Where it
 * was created again, none of its notifications counts as processed, and a warning says that some may be lost.
 */
export async function adoptHintsTopic(
  { config, kafka, events }: SessionContext,
  connection: ConnectionConfig,
  work: ReadonlyMap<TableName, TableWork>,
): Promise<KnownTopic[]> {
  const name = hintsTopic(config.topics.prefix);
  // Notifications are an extra: a topic that this user may not describe keeps nothing from being published.
  const topic = await kafka.topics.identify([name]).then(
    (known) => known.get(name),
    () => undefined,
  );
  if (topic === undefined) return [];
  const { id } = topic;
  const memories = hintedTables(tablesOf(connection), work).map(({ work: { memory } }) => memory);
  const before = memories.flatMap(({ state: { hintsTopicId } }) => hintsTopicId ?? []);
  const other = before.find((each) => id !== null && each !== id);
  if (other !== undefined) {
    const message =
      `topic ${name} was deleted and created again (its ID was ${other}, and is ${id}): notifications that were accepted and not processed are lost. ` +
      'Polls find what changed, reconcile finds what was deleted';
    events.emit('warning', { connection: connection.name, message });
  }
  for (const memory of memories) {
    const { hintsTopicId, hintedAt } = memory.state;
    if (hintsTopicId === id) continue;
    const isOther = hintsTopicId !== null && id !== null;
    memory.state = { ...memory.state, hintsTopicId: id, hintedAt: isOther ? null : hintedAt };
  }
  return [topic];
}
