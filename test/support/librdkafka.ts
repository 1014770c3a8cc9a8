/** Reads topics with librdkafka, `read_committed`: no code of ours. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { python } from './python.js';

const run = promisify(execFile);
const READER = fileURLToPath(new URL('read_topic.py', import.meta.url));
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** A record as read_topic.py prints it. */
export interface PrintedRecord {
  readonly key: Readonly<Record<string, string>>;
  readonly value: Readonly<Record<string, unknown>> | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  readonly offset: number;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** Whether Java's default partitioner would choose that partition. */
  readonly rightPartition: boolean;
}

export interface TopicAddress {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly topic: string;
}

/** Every committed record of all partitions. */
export async function printedRecords({
  brokers,
  registryUrl,
  topic,
}: TopicAddress): Promise<PrintedRecord[]> {
  const args = [READER, brokers.join(','), registryUrl, topic];
  const { stdout } = await run(await python(), args, { maxBuffer: MAX_OUTPUT_BYTES });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as PrintedRecord);
}

/** The same with the key's text, and of values only whether there is one. */
export async function readWithLibrdkafka(at: TopicAddress) {
  const records = await printedRecords(at);
  return records.map(({ key, value, headers, partition, offset, timestamp }) => ({
    key: Object.values(key)[0] ?? '',
    partition,
    offset,
    timestamp,
    headers,
    isTombstone: value === null,
  }));
}
