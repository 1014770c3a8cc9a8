/** Requests of operators: written to the control topic, and answered by the owner in each table's state. */

import { randomUUID } from 'node:crypto';
import type { Config, ConnectionConfig } from '../config/config.js';
import { KafkaAccess } from '../kafka/access.js';
import { COMPRESSION_TYPES } from '../kafka/codecs.js';
import { controlRecord, type NewestControls, planControl, readControls } from '../kafka/control.js';
import { StateLedger } from '../kafka/state-ledger.js';
import { type States, stateKey } from '../kafka/states.js';
import { Writer } from '../kafka/writer.js';
import { type Control, type ControlRequest, requestsUntilNow, withRequest } from '../model/control.js';
import { asPublisherError, PublisherError } from '../model/errors.js';
import { pause } from '../model/pause.js';
import type { TableState } from '../model/state.js';
import type { TableName } from '../model/table-names.js';

export interface TableRequest {
  readonly connection: ConnectionConfig;
  readonly tables: readonly TableName[];
  readonly request: ControlRequest;
  /** Whether to wait until the owner has answered. */
  readonly waits: boolean;
}

/** Who makes a request. */
interface Caller {
  readonly signal: AbortSignal;
  /** Called with what an answer waits for. */
  readonly onWait: (message: string) => void;
}

/** What came of a request. */
export interface ControlAnswer {
  readonly table: TableName;
  /** The state with the owner's answer; null: none yet. */
  readonly state: TableState | null;
}

const ASK_EVERY_MS = 300;
/** An owner without trouble answers sooner. */
const REPORT_AFTER_MS = 10_000;
/** Commands that write at the same moment fence each other. */
const MAX_WRITES = 10;
const RETRY_WITHIN_MS = 300;

/**
 * Writes the request, waits for the owner's answer as long as an instance runs, and returns what came of it by
 * table. Throws `kafka-unreachable`, `topic-missing`, and `stopped` when the signal aborts: the request stays in
 * the topic.
 */
export async function requestOf(
  config: Config,
  { connection, tables, request, waits }: TableRequest,
  { signal, onWait }: Caller,
): Promise<ControlAnswer[]> {
  const kafka = await KafkaAccess.open(config.kafka);
  try {
    const plan = planControl(config.topics);
    await kafka.topics.ensure([plan], config.topics.create);
    const topics = topicsOf(kafka, config, plan.topic, signal);
    const added = { connection: connection.name, tables, request };
    const written = await write(topics, added, signal);
    if (!waits) return tables.map((table) => ({ table, state: null }));
    return await awaitAnswers(topics, added, written, { signal, onWait });
  } finally {
    await kafka.close();
  }
}

/** What a command reads and writes. */
export interface ControlTopics {
  readonly topic: string;
  controls(): Promise<NewestControls>;
  /** Null where there is no state topic yet. */
  states(): Promise<Pick<States, 'get'> | null>;
  /** Whether an instance runs that could answer. */
  hasInstances(): Promise<boolean>;
  /** Opens the topic's only writer: `commit` throws `fenced` once another command has opened its own. */
  openWriter(): Promise<Pick<Writer, 'commit' | 'close'>>;
}

function topicsOf(kafka: KafkaAccess, config: Config, topic: string, signal: AbortSignal): ControlTopics {
  const { state } = config;
  const ledger = new StateLedger(kafka.reader, state.topic);
  return {
    topic,
    controls: async () => (await readControls(kafka.reader, topic, signal)).controls,
    states: async () =>
      (await kafka.topics.describe([state.topic])).size > 0 ? ledger.current(signal) : null,
    hasInstances: async () => (await kafka.topics.groupMembers(state.group)).length > 0,
    openWriter: () =>
      Writer.open(kafka.kafka, {
        // Names of connections have no dot, so that no connection has this ID.
        transactionalId: `${state.group}.${topic}`,
        compression: COMPRESSION_TYPES[config.kafka.compression],
      }),
  };
}

interface Written {
  readonly connection: string;
  readonly tables: readonly TableName[];
  readonly request: ControlRequest;
}

/**
 * Adds the request to those of each table, in one transaction, and returns the records by table. No other
 * command writes between its reading and its commit, so that none loses a request of another one. Throws
 * `state-unreadable` where a newer version wrote a record, and `fenced` where other commands write all the time.
 */
export async function write(
  topics: ControlTopics,
  request: Written,
  signal: AbortSignal,
): Promise<ReadonlyMap<TableName, Control>> {
  for (let attempt = 1; ; attempt += 1) {
    const writer = await topics.openWriter();
    try {
      const added = await add(topics, request);
      const records = [...added].map(([table, control]) =>
        controlRecord(topics.topic, request.connection, table, control),
      );
      await writer.commit(records);
      return added;
    } catch (error) {
      if (asPublisherError(error).code !== 'fenced' || attempt === MAX_WRITES) throw error;
    } finally {
      await writer.close();
    }
    await pause(Math.random() * RETRY_WITHIN_MS, signal);
  }
}

async function add(
  topics: ControlTopics,
  { connection, tables, request }: Written,
): Promise<Map<TableName, Control>> {
  const [controls, states] = [await topics.controls(), await topics.states()];
  const by = { id: randomUUID(), at: Date.now() };
  return new Map(
    tables.map((table) => {
      const { control: record } = controls.get(stateKey(connection, table)) ?? {};
      if (record === 'newer') throw newer(connection, table, topics.topic);
      const before = requestsUntilNow(record, states?.get(connection, table));
      return [table, withRequest(before, request, by)];
    }),
  );
}

function newer(connection: string, table: TableName, topic: string): PublisherError {
  return new PublisherError(
    'state-unreadable',
    `the request for ${stateKey(connection, table)} in topic ${topic} can't be read: a newer version of this program wrote it. Run that version; nothing was requested`,
  );
}

/** How far the owner is with the request of a table. */
type Step = 'unfollowed' | 'running' | 'answered';

/**
 * Waits until the owner has answered for all tables, or no instance is left that could, and returns the
 * answers. Calls `onWait` once with each reason why that takes long.
 */
export async function awaitAnswers(
  topics: Pick<ControlTopics, 'states' | 'hasInstances'>,
  { connection, request }: Pick<Written, 'connection' | 'request'>,
  written: ReadonlyMap<TableName, Control>,
  { signal, onWait }: Pick<Caller, 'signal' | 'onWait'>,
): Promise<ControlAnswer[]> {
  const startedAt = performance.now();
  const reported = new Set<Step>();
  for (;;) {
    const states = await topics.states();
    const tables = [...written].map(([table, control]) => {
      const state = states?.get(connection, table) ?? null;
      return { table, state, step: stepOf(request, control, state) };
    });
    const step = WAITS.find((each) => tables.some((table) => table.step === each));
    if (step === undefined || !(await topics.hasInstances()))
      return tables.map((each) => ({
        table: each.table,
        state: each.step === 'answered' ? each.state : null,
      }));
    if (performance.now() - startedAt >= REPORT_AFTER_MS && !reported.has(step)) {
      reported.add(step);
      const names = tables.flatMap((each) => (each.step === step ? stateKey(connection, each.table) : []));
      onWait(`${names.join(', ')}: ${WAIT_TEXT[step]}. ${STAYS}`);
    }
    await pause(ASK_EVERY_MS, signal);
  }
}

function stepOf(request: ControlRequest, { revision, sync }: Control, state: TableState | null): Step {
  if (state === null || state.controlRevision < revision) return 'unfollowed';
  const isServed = request !== 'sync' || state.paused || state.syncRevision >= (sync ?? 0);
  return isServed ? 'answered' : 'running';
}

const WAITS = ['unfollowed', 'running'] as const;
const WAIT_TEXT = {
  unfollowed:
    'no instance has followed the request yet. Its owner may be failing (see its log and `intercom-kafka status`), serve other tables, or be of an older version',
  running: 'the cycle is not complete yet (see `intercom-kafka status`)',
} as const satisfies Record<(typeof WAITS)[number], string>;
const STAYS = 'Still waiting; the request stays in the control topic, and --no-wait does not wait';
