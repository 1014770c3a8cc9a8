/** Follows a topic's log while a session writes to it, for the mark in the table's states. */

import { partitionOf } from '../kafka/partitioner.js';
import type { LogExtent, TopicReader } from '../kafka/reader.js';
import type { TopicFacts } from '../kafka/topics.js';
import type { EndOffsets } from '../kafka/transaction.js';
import type { OutgoingRecord } from '../model/row.js';
import type { TopicMark } from '../model/state.js';

/** The topic as it is now. */
export async function markOf(
  reader: TopicReader,
  { topic, id, partitions }: TopicFacts,
  signal?: AbortSignal,
): Promise<TopicMark> {
  const extent = await reader.extent(topic, signal);
  return { name: topic, id, partitions, ...within(extent, partitions) };
}

/** Without partitions that were added between the two requests. The next session handles them. */
function within({ starts, ends }: LogExtent, partitions: number): LogExtent {
  return { starts: starts.slice(0, partitions), ends: ends.slice(0, partitions) };
}

export class TopicLog {
  #mark: TopicMark;

  constructor(mark: TopicMark) {
    this.#mark = mark;
  }

  get mark(): TopicMark {
    return this.#mark;
  }

  /**
   * The mark for the state of a commit with these records. After the commit the log ends behind them or
   * later.
   */
  markBehind(records: readonly OutgoingRecord[]): TopicMark {
    const { name, partitions } = this.#mark;
    const ends = [...this.#mark.ends];
    for (const { topic, key, partition = partitionOf(key, partitions) } of records)
      if (topic === name) ends[partition] = (ends[partition] ?? 0) + 1;
    return { ...this.#mark, ends };
  }

  /** Records the offsets that a commit has reached. */
  reached(offsets: EndOffsets): void {
    const reached = offsets.get(this.#mark.name);
    if (reached === undefined) return;
    const ends = this.#mark.ends.map((end, partition) => Math.max(end, reached.get(partition) ?? 0));
    this.#mark = { ...this.#mark, ends };
  }
}
