/** `replay`: reads a table's topic and prints its records decoded. */

import type { Command } from 'commander';
import { Registry } from '../../avro/registry.js';
import { KafkaAccess } from '../../kafka/access.js';
import type { ReadFrom, TopicRecord } from '../../kafka/reader.js';
import { PublisherError } from '../../model/errors.js';
import { publishedTable } from '../../publisher/published-table.js';
import { currentSchema } from '../../publisher/table-schema.js';
import { readRecords, type Version, Versions } from '../../publisher/versions.js';
import {
  type CommonOptions,
  onInterruption,
  printResult,
  readConfig,
  withCommonOptions,
  withRawOption,
} from '../context.js';
import { EXIT } from '../exit.js';
import { readable } from '../readable.js';
import { printRemark } from '../remarks.js';
import { connectionOf, tableOf } from '../selection.js';

interface ReplayOptions extends CommonOptions {
  readonly from: string;
  readonly follow?: boolean;
  readonly history?: boolean;
  readonly key?: string;
  readonly raw?: boolean;
}

export function replayCommand(program: Command, finish: (code: number) => void): void {
  withRawOption(withCommonOptions(program.command('replay')))
    .description('read a table back from its topic as NDJSON: the latest version of every key')
    .argument('<connection>', 'a connection of the file')
    .argument('<table>', 'one of its tables')
    .option('--from <when>', 'earliest, or an ISO 8601 time', 'earliest')
    .option('--history', 'every version, tombstones included, in the order of the topic')
    .option('--follow', 'continue with records that are published later')
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
  const published = publishedTable(config, connection, table);
  const { topic } = published;
  const registry = new Registry(config.schemaRegistry);
  const interruption = onInterruption();
  const kafka = await KafkaAccess.open(config.kafka);
  try {
    await requireTopic(kafka, topic);
    const foreign = new Foreign(topic);
    const isRaw = options.raw === true || options.json === true;
    const schema = isRaw ? null : await currentSchema(registry, published);
    const show = (value: Value) => (schema === null ? value : readable(schema, value));
    const versions = new Versions(registry, table.key, (record) => foreign.leaveOut(record));
    const mode = options.history === true ? 'history' : 'latest';
    const reading = { mode, from, follow: options.follow === true, signal: interruption.signal } as const;
    let read = 0;
    let isFirst = true;
    const batches = readRecords(kafka.reader, topic, reading, (records) => {
      read = records;
      showProgress(topic, records);
    });
    for await (const records of batches) {
      await print(versions.of(records), options.key, show);
      if (isFirst && mode === 'latest')
        printRemark(`${topic}: ${records.length - foreign.count} rows of ${read} records`);
      isFirst = false;
    }
    return interruption.code() ?? EXIT.done;
  } catch (error) {
    const code = interruption.code();
    if (code === null) throw error;
    return code;
  } finally {
    await kafka.close();
  }
}

async function requireTopic(kafka: KafkaAccess, topic: string): Promise<void> {
  if ((await kafka.topics.describe([topic])).size > 0) return;
  throw new PublisherError('topic-missing', `topic ${topic} does not exist: nothing was published to it yet`);
}

/** Reports records of other producers in the topic, once. */
class Foreign {
  readonly #topic: string;
  count = 0;

  constructor(topic: string) {
    this.#topic = topic;
  }

  leaveOut({ partition, offset }: TopicRecord): void {
    this.count += 1;
    if (this.count > 1) return;
    const place = `partition ${partition}, offset ${offset}`;
    printRemark(
      `${this.#topic}: skipped records that are not in the format of this table (first at ${place})`,
    );
  }
}

/** Shows the progress on a terminal, in one line that the next one overwrites. */
function showProgress(topic: string, count: number): void {
  if (process.stderr.isTTY === true)
    process.stderr.write(`\r${topic}: ${count.toLocaleString('en')} records read\r`);
}

type Value = Readonly<Record<string, unknown>>;

/** Lines that are written together. */
const LINES_AT_ONCE = 500;

/** Prints versions, one line each: all of them, or those of one key. */
async function print(
  versions: AsyncIterable<Version>,
  wanted: string | undefined,
  show: (value: Value) => Value,
): Promise<void> {
  let lines: string[] = [];
  for await (const version of versions) {
    if (wanted !== undefined && version.key !== wanted) continue;
    lines.push(lineOf(version, show));
    if (lines.length < LINES_AT_ONCE) continue;
    printResult(lines.join('\n'));
    lines = [];
  }
  if (lines.length > 0) printResult(lines.join('\n'));
}

function lineOf(version: Version, show: (value: Value) => Value): string {
  const { key, op, partition, offset, timestamp } = version;
  const value = version.value === null ? null : show(version.value);
  return JSON.stringify({ key, value, op, partition, offset, timestamp: new Date(timestamp).toISOString() });
}

function startOf(text: string): ReadFrom {
  if (text === 'earliest') return 'earliest';
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new PublisherError('usage-invalid', `--from must be "earliest" or an ISO 8601 time, not "${text}"`);
}
