/** `replay`: reads a table's topic back, decoded. */

import type { Command } from 'commander';
import { Registry } from '../../avro/registry.js';
import { KafkaAccess } from '../../kafka/access.js';
import { headerText, type ReadFrom, type ReadOptions, type TopicRecord } from '../../kafka/reader.js';
import { tableTopic } from '../../kafka/topics.js';
import { PublisherError } from '../../model/errors.js';
import {
  type CommonOptions,
  onInterruption,
  printRemark,
  printResult,
  readConfig,
  withCommonOptions,
} from '../context.js';
import { EXIT } from '../exit.js';
import { connectionOf, tableOf } from './preview.js';

interface ReplayOptions extends CommonOptions {
  readonly from: string;
  readonly follow?: boolean;
  readonly history?: boolean;
  readonly key?: string;
}

interface Version {
  readonly key: string;
  /** Null: deleted. */
  readonly value: Record<string, unknown> | null;
  readonly op: string | null;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: string;
}

export function replayCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('replay'))
    .description('read a table back from its topic as NDJSON: the latest version of every key')
    .argument('<connection>', 'a connection of the file')
    .argument('<table>', 'one of its tables')
    .option('--from <when>', 'earliest, or an ISO 8601 time', 'earliest')
    .option('--history', 'every version, tombstones included, in the order of the topic')
    .option('--follow', 'go on with what is published next')
    .option('--key <key>', 'only this key')
    .action(async (name: string, table: string, options: ReplayOptions) =>
      finish(await replay(name, table, options)),
    );
}

async function replay(name: string, tableName: string, options: ReplayOptions): Promise<number> {
  const from = startOf(options.from);
  const config = await readConfig(options);
  const connection = connectionOf(config, name);
  const table = tableOf(connection, tableName);
  const topic = tableTopic(config.topics.prefix, connection.name, table.name);
  const registry = new Registry(config.schemaRegistry);
  const interruption = onInterruption();
  const kafka = await KafkaAccess.open(config.kafka);
  try {
    if ((await kafka.topics.describe([topic])).size === 0) {
      throw new PublisherError(
        'topic-missing',
        `topic ${topic} does not exist: nothing was published to it yet`,
      );
    }
    const decode = decoder(registry, table.key);
    const wanted = (version: Version) => options.key === undefined || version.key === options.key;
    const read = { from, signal: interruption.signal, until: 'stable' as const };
    if (options.history !== true) {
      await printLatest(kafka, topic, read, decode, wanted);
      if (options.follow !== true) return interruption.code() ?? EXIT.done;
    }
    const since = options.history === true ? from : Date.now();
    for await (const records of kafka.reader.read(topic, {
      ...read,
      from: since,
      until: options.follow === true ? 'never' : 'stable',
    })) {
      for (const record of records) print(await decode(record), wanted);
    }
    return interruption.code() ?? EXIT.done;
  } finally {
    await kafka.close();
  }
}

type Decode = (record: TopicRecord) => Promise<Version>;

/** Keeps the newest record of each key undecoded until the end: only what is printed is decoded. */
async function printLatest(
  kafka: KafkaAccess,
  topic: string,
  read: ReadOptions,
  decode: Decode,
  wanted: (version: Version) => boolean,
): Promise<void> {
  const latest = new Map<string, TopicRecord>();
  let count = 0;
  for await (const records of kafka.reader.read(topic, read)) {
    for (const record of records) {
      const key = record.key?.toString('base64') ?? '';
      if (record.value === null) latest.delete(key);
      else latest.set(key, record);
    }
    count += records.length;
  }
  for (const record of latest.values()) print(await decode(record), wanted);
  printRemark(`${topic}: ${latest.size} rows of ${count} records`);
}

function print(version: Version, wanted: (version: Version) => boolean): void {
  if (wanted(version)) printResult(JSON.stringify(version));
}

function decoder(registry: Registry, keyName: string): Decode {
  return async (record) => ({
    key: record.key === null ? '' : String((await registry.decode(record.key))[keyName]),
    value: record.value === null ? null : await registry.decode(record.value),
    op: headerText(record, 'op'),
    partition: record.partition,
    offset: record.offset,
    timestamp: new Date(record.timestamp).toISOString(),
  });
}

function startOf(text: string): ReadFrom {
  if (text === 'earliest') return 'earliest';
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new PublisherError('usage-invalid', `--from must be "earliest" or an ISO 8601 time, not "${text}"`);
}
