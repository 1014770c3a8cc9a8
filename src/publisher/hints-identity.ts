/** Checks that the notifications which states count as processed belong to the existing topic. */

import { hintsTopic } from '../model/topic-names.js';
import type { HintedTable } from './hint-work.js';
import type { SessionParts } from './session-parts.js';
import type { KnownTopic } from './topic-watch.js';

/**
 * Writes the notifications topic into the states of these tables, and returns the topic when it exists. If
 * the topic was created again, none of its notifications counts as processed, and a warning reports that some
 * may be lost.
 */
export async function adoptHintsTopic(
  { context: { config, kafka }, warn }: Pick<SessionParts, 'context' | 'warn'>,
  tables: readonly HintedTable[],
): Promise<KnownTopic[]> {
  const name = hintsTopic(config.topics.prefix);
  // Notifications are optional: a topic that this Kafka user may not describe does not prevent publishing.
  const topic = await kafka.topics.identify([name]).then(
    (known) => known.get(name),
    () => undefined,
  );
  if (topic === undefined) return [];
  const { id } = topic;
  const ledgers = tables.map(({ ledger }) => ledger);
  const before = ledgers.flatMap(({ state: { hintsTopicId } }) => hintsTopicId ?? []);
  const other = before.find((each) => id !== null && each !== id);
  if (other !== undefined) {
    warn(
      `topic ${name} was deleted and created again (its ID was ${other}, and is ${id}): notifications that were accepted and not processed are lost. ` +
        'Polls find what changed, reconcile finds what was deleted',
    );
  }
  for (const ledger of ledgers) {
    const { hintsTopicId, hintedAt } = ledger.state;
    if (hintsTopicId === id) continue;
    const isOther = hintsTopicId !== null && id !== null;
    ledger.change({ hintsTopicId: id, hintedAt: isOther ? null : hintedAt });
  }
  return [topic];
}
