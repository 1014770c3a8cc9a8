/**
 * Which record of a key counts.
 *
 * Within a partition it is the last one. A topic whose partitions were added to may have a key in several:
 * then the one in the partition that the key belongs to now, where all newer versions go, and else the one
 * published last.
 */

import { partitionOf } from './partitioner.js';
import type { TopicRecord } from './reader.js';

type Placed = Pick<TopicRecord, 'key' | 'partition' | 'timestamp'>;

/** Whether the record is in the partition that its key belongs to, of so many. */
export function isAtHome({ key, partition }: Pick<Placed, 'key' | 'partition'>, partitions: number): boolean {
  return key === null || partitionOf(key, partitions) === partition;
}

/** Follows a reading of a whole topic, whose partitions come in any order. */
export class NewestByKey {
  readonly #partitions: number;
  readonly #places = new Map<string, Pick<Placed, 'partition' | 'timestamp'>>();

  /** How many partitions the topic has now. */
  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** Whether this record counts instead of all of its key that came before. */
  isNewest(record: Placed): boolean {
    const name = record.key?.toString('latin1') ?? '';
    const known = this.#places.get(name);
    if (known !== undefined && !this.#supersedes(record, known)) return false;
    this.#places.set(name, { partition: record.partition, timestamp: record.timestamp });
    return true;
  }

  #supersedes(record: Placed, known: Pick<Placed, 'partition' | 'timestamp'>): boolean {
    if (record.partition === known.partition) return true;
    if (isAtHome(record, this.#partitions)) return true;
    if (isAtHome({ key: record.key, partition: known.partition }, this.#partitions)) return false;
    return record.timestamp >= known.timestamp;
  }
}
