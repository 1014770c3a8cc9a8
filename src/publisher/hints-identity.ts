/** Whether the notifications that states count as processed are those of the topic that is there. */

import { hintsTopic } from '../model/topic-names.js';
import type { HintedTable } from './hint-work.js';
import type { SessionParts } from './session-parts.js';
import type { KnownTopic } from './topic-watch.js';

/**
 * Has the states of these tables name the topic of notifications, which is returned where it exists. Where it
 * was created again, none of its notifications counts as processed, and a warning says that some may be lost.
 */
export async function adoptHintsTopic(
  { context: { config, kafka }, warn }: Pick<SessionParts, 'context' | 'warn'>,
  tables: readonly HintedTable[],
): Promise<KnownTopic[]> {
  const name = hintsTopic(config.topics.prefix);
  // Notifications are an extra: a topic that this user may not describe keeps nothing from being published.
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
