/** What becomes of a topic whose partitions were added to, as `topics.onPartitionsAdded` says. */

import type { TopicReader } from '../kafka/reader.js';
import type { Writer } from '../kafka/writer.js';
import { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import { type KeyMove, moveKeys } from './move-keys.js';

/** Whose topic it is: a table's, or the dead letters of a connection. */
export interface GrownTopic {
  readonly connection: string;
  readonly what: string;
  readonly policy: 'refuse' | 'move';
}

/** Moves the keys, or throws `topic-invalid`. */
export async function onPartitionsAdded(
  { reader, writer, events }: { reader: TopicReader; writer: Writer; events: Events },
  at: GrownTopic,
  move: KeyMove,
): Promise<void> {
  if (at.policy === 'refuse') throw new PublisherError('topic-invalid', grownMessage(at, move));
  const { connection, what } = at;
  const doing = `${connection}/${what}: partitions were added to topic ${move.topic}, which has ${move.partitions} now`;
  events.emit('warning', { connection, message: `${doing}: its keys are moved` });
  const ended = await moveKeys(reader, writer, move);
  events.emit('warning', { connection, message: `${doing}: ${ended} versions were ended in old partitions` });
}

/** What happened, and what to do. */
export function grownMessage(
  { connection, what }: Pick<GrownTopic, 'connection' | 'what'>,
  { topic, partitions }: Pick<KeyMove, 'topic' | 'partitions'>,
): string {
  return (
    `${connection}/${what}: partitions were added to topic ${topic}, which has ${partitions} now, so that keys belong to other partitions than their older versions: ` +
    'nothing is published over that. Set topics.onPartitionsAdded: move to have keys published in their new partitions and ended in the old ones, ' +
    'or delete the topic and have it created and filled again'
  );
}
