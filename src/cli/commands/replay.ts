/** `replay`: reads a table's topic back, decoded. */

import type { Command } from 'commander';
import { Decoder } from '../../avro/decoder.js';
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
    const versions = new Versions(registry, table.key, options.key ?? null);
    const read = { from, signal: interruption.signal, until: 'stable' as const };
    if (options.history !== true) {
      await printLatest(kafka, topic, read, versions);
      if (options.follow !== true) return interruption.code() ?? EXIT.done;
    }
    const since = options.history === true ? from : Date.now();
    for await (const records of kafka.reader.read(topic, {
      ...read,
      from: since,
      until: options.follow === true ? 'never' : 'stable',
    }))
      await versions.print(records);
    return interruption.code() ?? EXIT.done;
  } finally {
    await kafka.close();
  }
}

/** Keeps the newest record of each key undecoded until the end: only what is printed is decoded. */
async function printLatest(
  kafka: KafkaAccess,
  topic: string,
  read: ReadOptions,
  versions: Versions,
): Promise<void> {
  const latest = new Map<string, TopicRecord>();
  let count = 0;
  for await (const records of kafka.reader.read(topic, read)) {
    for (const record of records) {
      const key = record.key?.toString('latin1') ?? '';
      if (record.value === null) latest.delete(key);
      else latest.set(key, record);
    }
    count += records.length;
    showProgress(topic, count);
  }
  await versions.print([...latest.values()]);
  printRemark(`${topic}: ${latest.size} rows of ${count} records`);
}

/** On a terminal, in one line that the next one overwrites. */
function showProgress(topic: string, count: number): void {
  if (process.stderr.isTTY === true)
    process.stderr.write(`\r${topic}: ${count.toLocaleString('en')} records read\r`);
}

/** Lines that are written at once. */
const LINES_AT_ONCE = 500;

/** Prints records as decoded versions, one line each. */
class Versions {
  readonly #decoder: Decoder;
  readonly #keyName: string;
  readonly #wanted: string | null;

  constructor(registry: Registry, keyName: string, wanted: string | null) {
    this.#decoder = new Decoder(registry);
    this.#keyName = keyName;
    this.#wanted = wanted;
  }

  async print(records: readonly TopicRecord[]): Promise<void> {
    await this.#decoder.prepare(records.flatMap(({ key, value }) => [key, value]));
    let lines: string[] = [];
    for (const record of records) {
      const key = record.key === null ? '' : String(this.#decoder.decode(record.key)[this.#keyName]);
      if (this.#wanted !== null && key !== this.#wanted) continue;
      lines.push(JSON.stringify(this.#version(key, record)));
      if (lines.length < LINES_AT_ONCE) continue;
      printResult(lines.join('\n'));
      lines = [];
    }
    if (lines.length > 0) printResult(lines.join('\n'));
  }

  #version(key: string, record: TopicRecord): Version {
    const { value, partition, offset, timestamp } = record;
    return {
      key,
      value: value === null ? null : this.#decoder.decode(value),
      op: headerText(record, 'op'),
      partition,
      offset,
      timestamp: new Date(timestamp).toISOString(),
    };
  }
}

function startOf(text: string): ReadFrom {
  if (text === 'earliest') return 'earliest';
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new PublisherError('usage-invalid', `--from must be "earliest" or an ISO 8601 time, not "${text}"`);
}
