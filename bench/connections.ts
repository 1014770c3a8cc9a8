/**
 * Measures the cost of many connections on one instance: the time until all are served, at first and after a
 * restart, memory, and CPU while nothing changes.
 *
 * All connections read one simulated workspace, which runs in its own process.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { KafkaAccess } from '../src/kafka/access.js';
import { readStates, stateRecord } from '../src/kafka/states.js';
import { emptyState, type TableState } from '../src/model/state.js';
import type { TableName } from '../src/model/table-names.js';
import { type RunningCommand, startCommand } from '../test/support/command.js';
import { type Addresses, percent, rounded, type Say, Stage } from './stage.js';

export interface ConnectionsOptions {
  /** Numbers of connections, each measured by itself. */
  readonly sizes?: readonly number[];
  /** Seconds over which CPU is measured while nothing changes. */
  readonly idleSeconds?: number;
  /** States that are written for each table before the restart. */
  readonly statesPerTable?: number;
}

/** The figures of one start. */
export interface Start {
  /** Seconds from the start of the process until every table had a complete cycle. */
  readonly seconds: number;
  /** CPU seconds until then; independent of other work on the machine. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly idleMegabytes: number;
  /** Share of one core. */
  readonly idleCpu: number;
}

const SIZES = [50, 200, 500];
const TABLES: readonly TableName[] = ['contacts', 'conversations', 'tags', 'admins'];
/**
 * States that compaction leaves of a month of idle cycles, with a state a minute for each table: the newest
 * one, and those in the active segment (ten minutes) and in the one before it, which the cleaner may not have
 * reached.
 */
const STATES_PER_TABLE = 20;
const IDLE_SECONDS = 60;
const SETTLE_MS = 15_000;
const SERVED_WITHIN_MS = 900_000;
/** The kernel counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const RECORDS_PER_COMMIT = 5_000;

/** The figures of a restart that do not depend on the machine's speed. */
export interface RestartCounts {
  /** States in the topic before it. */
  readonly states: number;
  /** Records of the state topic that it reads, until all connections are served. */
  readonly recordsRead: number;
  /** Connections that are opened at the same time, at most. */
  readonly mostOpening: number;
  /** Seconds of the longest opening. After a limit another connection gets its place. */
  readonly longestOpening: number;
}

/** Restarts an instance behind many states of each table, and counts. */
export async function countRestart(
  addresses: Addresses,
  size: number,
  statesPerTable: number,
): Promise<RestartCounts> {
  const stage = await Stage.open(addresses, { contacts: 5, conversations: 5, parts: 2, tables: TABLES });
  try {
    await configure(stage, addresses, size);
    await logOf(stage, size);
    const written = await writeStates(stage, addresses, size, statesPerTable);
    const log = await logOf(stage, size);
    const states = written + size * TABLES.length;
    return { states, recordsRead: recordsRead(log), ...openingsOf(log) };
  } finally {
    await stage.close();
  }
}

/** The log of a publisher until all of its tables are served. */
async function logOf(stage: Stage, size: number): Promise<string> {
  const running = startCommand([
    'run',
    '--config',
    stage.config,
    '--log-format',
    'json',
    '--log-level',
    'debug',
  ]);
  try {
    await allServed(running, size, Date.now() + SERVED_WITHIN_MS);
    return running.stderr();
  } finally {
    running.process.kill('SIGTERM');
    await running.finished;
  }
}

interface LogLine {
  readonly msg: string;
  readonly time: string;
  readonly connection?: string;
  readonly records?: number;
}

function linesOf(log: string): LogLine[] {
  const lines = log.slice(0, log.lastIndexOf('\n')).split('\n');
  return lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
}

function recordsRead(log: string): number {
  const readings = linesOf(log).filter(({ msg }) => msg === 'states read');
  return readings.reduce((sum, { records = 0 }) => sum + records, 0);
}

function openingsOf(log: string): Pick<RestartCounts, 'mostOpening' | 'longestOpening'> {
  const since = new Map<string, number>();
  let [mostOpening, longestOpening] = [0, 0];
  for (const { msg, time, connection = '' } of linesOf(log)) {
    const at = Date.parse(time);
    if (msg === 'connection opening') since.set(connection, at);
    if (msg === 'connection owned') {
      longestOpening = Math.max(longestOpening, (at - (since.get(connection) ?? at)) / 1000);
      since.delete(connection);
    }
    mostOpening = Math.max(mostOpening, since.size);
  }
  return { mostOpening, longestOpening };
}

/** Prints and returns the starts: for each size the first one and the restart. */
export async function benchConnections(
  addresses: Addresses,
  say: Say,
  { sizes = SIZES, idleSeconds = IDLE_SECONDS, statesPerTable = STATES_PER_TABLE }: ConnectionsOptions = {},
): Promise<Map<number, { readonly first: Start; readonly again: Start }>> {
  const results = new Map<number, { first: Start; again: Start }>();
  say(`${TABLES.length} tables a connection, polled each minute; the simulator is one process`);
  for (const size of sizes) {
    const stage = await Stage.open(addresses, { contacts: 5, conversations: 5, parts: 2, tables: TABLES });
    try {
      await configure(stage, addresses, size);
      const first = await measure(stage, size, idleSeconds);
      report(say, size, 'at first', first);
      const written = await writeStates(stage, addresses, size, statesPerTable);
      const again = await measure(stage, size, idleSeconds);
      report(say, size, `behind a restart, ${rounded(written)} states in the topic`, again);
      results.set(size, { first, again });
    } finally {
      await stage.close();
    }
  }
  return results;
}

const nameOf = (index: number) => `workspace-${String(index).padStart(3, '0')}`;

/** Writes that many connections into the stage's configuration. */
async function configure(stage: Stage, addresses: Addresses, size: number): Promise<void> {
  const config = {
    kafka: { brokers: addresses.brokers },
    schemaRegistry: { url: addresses.registryUrl },
    topics: { prefix: stage.prefix, partitions: 1 },
    state: { topic: `${stage.prefix}.state`, group: stage.prefix },
    http: null,
    defaults: {
      baseUrl: stage.url,
      credentials: { accessToken: stage.token },
      startDate: '2000-01-01',
      schedule: '* * * * *',
      tables: Object.fromEntries(TABLES.map((table) => [table, {}])),
    },
    connections: Array.from({ length: size }, (_, index) => ({ name: nameOf(index) })),
  };
  await writeFile(stage.config, stringify(config));
}

/** Starts a publisher, measures it until it has been idle for a while, and stops it cleanly. */
async function measure(stage: Stage, size: number, idleSeconds: number): Promise<Start> {
  const startedAt = Date.now();
  const running = startCommand(['run', '--config', stage.config, '--log-format', 'json']);
  try {
    await allServed(running, size, startedAt + SERVED_WITHIN_MS);
    const seconds = (Date.now() - startedAt) / 1000;
    const used = await cpuSeconds(running);
    await delay(SETTLE_MS);
    const before = await cpuSeconds(running);
    await delay(idleSeconds * 1000);
    const idleCpu = ((await cpuSeconds(running)) - before) / idleSeconds;
    const [peakMegabytes, idleMegabytes] = await memoryOf(running);
    return { seconds, cpuSeconds: used, peakMegabytes, idleMegabytes, idleCpu };
  } finally {
    running.process.kill('SIGTERM');
    await running.finished;
  }
}

/** Waits until each table has had a complete cycle. */
async function allServed(running: RunningCommand, size: number, deadline: number): Promise<void> {
  let ended = false;
  void running.finished.then(() => {
    ended = true;
  });
  const served = new Set<string>();
  let read = 0;
  while (served.size < size * TABLES.length) {
    const log = running.stderr();
    const end = log.lastIndexOf('\n') + 1;
    for (const line of log.slice(read, end).split('\n')) {
      if (!line.includes('"table finished"')) continue;
      const { connection, table } = JSON.parse(line) as { connection: string; table: string };
      served.add(`${connection}/${table}`);
    }
    read = Math.max(read, end);
    if (ended || Date.now() > deadline)
      throw new Error(`${served.size} of ${size * TABLES.length} tables served:\n${log.slice(-4_000)}`);
    await delay(100);
  }
}

/** Writes the states of many idle cycles for each table, and returns their number. */
async function writeStates(
  stage: Stage,
  { brokers }: Addresses,
  size: number,
  statesPerTable: number,
): Promise<number> {
  const topic = `${stage.prefix}.state`;
  const kafka = await KafkaAccess.open({ brokers, clientId: 'bench', ssl: false, sasl: null });
  const producer = kafka.kafka.producer();
  try {
    const states = await readStates(kafka.reader, topic, { until: 'written' });
    await producer.connect();
    const tables = Array.from({ length: size }, (_, index) => nameOf(index)).flatMap((connection) =>
      TABLES.map((table) => ({ connection, table, state: states.get(connection, table) ?? emptyState() })),
    );
    let messages: { key: Buffer; value: Buffer | null }[] = [];
    for (let cycle = 1; cycle <= statesPerTable; cycle += 1) {
      for (const { connection, table, state } of tables) {
        const { key, value } = stateRecord(topic, connection, table, laterState(state, cycle));
        messages.push({ key, value });
        if (messages.length < RECORDS_PER_COMMIT) continue;
        await producer.send({ topic, messages });
        messages = [];
      }
    }
    if (messages.length > 0) await producer.send({ topic, messages });
    return tables.length * statesPerTable;
  } finally {
    await producer.disconnect();
    await kafka.close();
  }
}

/** The state after that many more idle cycles. */
function laterState(state: TableState, cycles: number): TableState {
  const { cycle } = state;
  return { ...state, cycle: cycle === null ? null : { ...cycle, number: cycle.number + cycles, records: 0 } };
}

async function cpuSeconds({ process }: RunningCommand): Promise<number> {
  const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8');
  const fields = stat.split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Peak and present resident memory, in megabytes. */
async function memoryOf({ process }: RunningCommand): Promise<[number, number]> {
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return [megabytes('VmHWM'), megabytes('VmRSS')];
}

function report(say: Say, size: number, when: string, start: Start): void {
  const { seconds, peakMegabytes, idleMegabytes, idleCpu } = start;
  say(
    `  ${size} connections ${when}: all served after ${seconds.toFixed(1)} s and ${start.cpuSeconds.toFixed(1)} s of CPU; memory at most ${rounded(peakMegabytes)} MB, ` +
      `idle ${rounded(idleMegabytes)} MB (${(idleMegabytes / size).toFixed(1)} MB a connection, peak ${(peakMegabytes / idleMegabytes).toFixed(2)} times idle); ` +
      `idle CPU ${percent(idleCpu)} of a core`,
  );
}
