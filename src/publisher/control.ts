/** Requests of operators: written to the control topic, and answered by the owner in each table's state. */

import { randomUUID } from 'node:crypto';
import type { Config, ConnectionConfig } from '../config/config.js';
import { KafkaAccess } from '../kafka/access.js';
import { planControl, readControls, type TableControl, writeControls } from '../kafka/control.js';
import { StateLedger } from '../kafka/state-ledger.js';
import { stateKey } from '../kafka/states.js';
import { type Control, type ControlRequest, withRequest } from '../model/control.js';
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
/** Two commands may write at once: the later one includes the request of the other only if it has read it. */
const MAX_WRITES = 5;

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
    const written = await write(kafka, plan.topic, { connection, tables, request });
    if (!waits) return tables.map((table) => ({ table, state: null }));
    const isAnswered = (state: TableState, table: TableName) => {
      const { revision = 0, sync } = written.get(table) ?? {};
      const isSynced = request !== 'sync' || state.syncRevision >= (sync ?? 0) || state.paused;
      return state.controlRevision >= revision && isSynced;
    };
    const answers = new Answers(kafka, config, isAnswered);
    return await answers.until(connection.name, tables, signal);
  } finally {
    await kafka.close();
  }
}

/** Writes until the newest record of each table includes the request. Returns these, by table. */
async function write(
  kafka: KafkaAccess,
  topic: string,
  { connection, tables, request }: Omit<TableRequest, 'waits'>,
): Promise<Map<TableName, Control>> {
  const id = randomUUID();
  const written = new Map<TableName, Control>();
  for (let attempt = 1; attempt <= MAX_WRITES && written.size < tables.length; attempt += 1) {
    const before = await readControls(kafka.reader, topic);
    const missing = tables.filter((table) => !written.has(table));
    const controls = missing.map((table): TableControl => {
      const control = withRequest(before.get(stateKey(connection.name, table)), request, {
        id,
        at: Date.now(),
      });
      return { connection: connection.name, table, control };
    });
    await writeControls(kafka.kafka, topic, controls);
    const after = await readControls(kafka.reader, topic);
    for (const { table, control } of controls)
      if (after.get(stateKey(connection.name, table))?.id === id) written.set(table as TableName, control);
  }
  return written;
}

class Answers {
  readonly #kafka: KafkaAccess;
  readonly #config: Config;
  readonly #states: StateLedger;
  readonly #isAnswered: (state: TableState, table: TableName) => boolean;

  constructor(
    kafka: KafkaAccess,
    config: Config,
    isAnswered: (state: TableState, table: TableName) => boolean,
  ) {
    this.#kafka = kafka;
    this.#config = config;
    this.#states = new StateLedger(kafka.reader, config.state.topic);
    this.#isAnswered = isAnswered;
  }

  /** Waits until all tables have answered, or no instance is left that could. */
  async until(
    connection: string,
    tables: readonly TableName[],
    signal: AbortSignal,
  ): Promise<ControlAnswer[]> {
    for (;;) {
      const answers = await this.#read(connection, tables, signal);
      if (answers.every(({ state }) => state !== null)) return answers;
      const { group } = this.#config.state;
      if ((await this.#kafka.topics.groupMembers(group)).length === 0) return answers;
      await pause(ASK_EVERY_MS, signal);
    }
  }

  async #read(
    connection: string,
    tables: readonly TableName[],
    signal: AbortSignal,
  ): Promise<ControlAnswer[]> {
    const { topic } = this.#config.state;
    const isThere = (await this.#kafka.topics.describe([topic])).size > 0;
    const states = isThere ? await this.#states.current(signal) : null;
    return tables.map((table) => {
      const state = states?.get(connection, table);
      return { table, state: state !== undefined && this.#isAnswered(state, table) ? state : null };
    });
  }
}
