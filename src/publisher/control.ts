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

/** What came of a request. */
export interface ControlAnswer {
  readonly table: TableName;
  /** The state with the owner's answer; null: none yet. */
  readonly state: TableState | null;
}

const ASK_EVERY_MS = 300;
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
  signal: AbortSignal,
): Promise<ControlAnswer[]> {
  const kafka = await KafkaAccess.open(config.kafka);
  try {
    const plan = planControl(config.topics);
    await kafka.topics.ensure([plan], config.topics.create);
    const topics = topicsOf(kafka, config, plan.topic, signal);
    const written = await write(topics, { connection: connection.name, tables, request }, signal);
    if (!waits) return tables.map((table) => ({ table, state: null }));
    const isAnswered = (state: TableState, table: TableName) => {
      const { revision = 0, sync } = written.get(table) ?? {};
      const isSynced = request !== 'sync' || state.syncRevision >= (sync ?? 0) || state.paused;
      return state.controlRevision >= revision && isSynced;
    };
    const answers = new Answers(kafka, config, { states: topics.states, isAnswered });
    return await answers.until(connection.name, tables, signal);
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

interface AnswersOptions extends Pick<ControlTopics, 'states'> {
  readonly isAnswered: (state: TableState, table: TableName) => boolean;
}

class Answers {
  readonly #kafka: KafkaAccess;
  readonly #config: Config;
  readonly #options: AnswersOptions;

  constructor(kafka: KafkaAccess, config: Config, options: AnswersOptions) {
    this.#kafka = kafka;
    this.#config = config;
    this.#options = options;
  }

  /** Waits until all tables have answered, or no instance is left that could. */
  async until(
    connection: string,
    tables: readonly TableName[],
    signal: AbortSignal,
  ): Promise<ControlAnswer[]> {
    for (;;) {
      const answers = await this.#read(connection, tables);
      if (answers.every(({ state }) => state !== null)) return answers;
      const { group } = this.#config.state;
      if ((await this.#kafka.topics.groupMembers(group)).length === 0) return answers;
      await pause(ASK_EVERY_MS, signal);
    }
  }

  async #read(connection: string, tables: readonly TableName[]): Promise<ControlAnswer[]> {
    const states = await this.#options.states();
    return tables.map((table) => {
      const state = states?.get(connection, table);
      const isAnswered = state !== undefined && this.#options.isAnswered(state, table);
      return { table, state: isAnswered ? state : null };
    });
  }
}
