/** Handles a topic that got more partitions, as `topics.onPartitionsAdded` configures. */

import type { TopicReader } from '../kafka/reader.js';
import type { Writer } from '../kafka/writer.js';
import { PublisherError } from '../model/errors.js';
import { type KeyMove, moveKeys } from './move-keys.js';

export interface GrownTopic {
  /** The owner of the topic, such as `acme/contacts` or `acme/dead letters`. */
  readonly owner: string;
  readonly policy: 'refuse' | 'move';
}

/** Moves the keys, with a warning before and after, or throws `topic-invalid`. */
export async function onPartitionsAdded(
  { reader, writer, warn }: { reader: TopicReader; writer: Writer; warn: (message: string) => void },
  { owner, policy }: GrownTopic,
  move: KeyMove,
): Promise<void> {
  if (policy === 'refuse') throw new PublisherError('topic-invalid', grownMessage(owner, move));
  const doing = `${owner}: partitions were added to topic ${move.topic}, which has ${move.partitions} now`;
  warn(`${doing}: its keys are moved`);
  const ended = await moveKeys(reader, writer, move);
  warn(`${doing}: ${ended} versions were ended in old partitions`);
}

/** What happened, and what to do. */
export function grownMessage(
  owner: string,
  { topic, partitions }: Pick<KeyMove, 'topic' | 'partitions'>,
): string {
  return (
    `${owner}: partitions were added to topic ${topic}, which has ${partitions} now, so that keys belong to other partitions than their older versions: ` +
    'nothing is published over that. Set topics.onPartitionsAdded: move to have keys published in their new partitions and ended in the old ones, ' +
    'or delete the topic and have it created and filled again'
  );
}
