/**
 * Finds the record that counts for each key.
 *
 * Within a partition it is the last one. A topic that got more partitions may have a key in several. Then the
 * record in the partition that the key belongs to now counts, because all newer versions go there; without
 * one, the record that was published last.
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

  /** Whether this record replaces all earlier records of its key. */
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
