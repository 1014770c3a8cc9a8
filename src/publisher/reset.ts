/** Forgets how far tables are published, so that the next cycle publishes them again. */

import type { Config, ConnectionConfig } from '../config/config.js';
import { KafkaAccess } from '../kafka/access.js';
import { COMPRESSION_TYPES } from '../kafka/codecs.js';
import { type NewestControls, readControls } from '../kafka/control.js';
import { readStates, stateKey, stateRecord } from '../kafka/states.js';
import { Writer } from '../kafka/writer.js';
import type { Control } from '../model/control.js';
import { PublisherError } from '../model/errors.js';
import { beginResync, cancelled, isUnderway, pendingResync } from '../model/resync.js';
import { stateAnew, type TableState } from '../model/state.js';
import { asSearched } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
import { controlTopic } from '../model/topic-names.js';
import type { IntercomTable } from '../tables/all.js';
import { membersLeft } from './group-free.js';
import { transactionalId } from './topic-plans.js';

export interface ResetRequest {
  readonly connection: ConnectionConfig;
  readonly tables: readonly IntercomTable[];
  /** Epoch seconds from which searched tables are read again; null: from the connection's start date. */
  readonly startDate: number | null;
}

/** A table that was reset. */
export interface ResetTable {
  readonly table: TableName;
  /** Whether it is paused: the next cycle follows only when it is resumed. */
  readonly paused: boolean;
}

/**
 * Resets the tables and returns those that had a state. Throws `group-busy` while an instance of the group
 * runs. A publisher outside the group (`run --once`) that owns the connection now is fenced, so that it can't
 * write its old bookmarks again.
 */
export async function resetTables(
  config: Config,
  request: ResetRequest,
  onWait: (message: string) => void = () => undefined,
): Promise<ResetTable[]> {
  const { connection, tables, startDate } = request;
  const kafka = await KafkaAccess.open(config.kafka);
  try {
    await refuseWhileOwned(config, connection.name, kafka, onWait);
    if ((await kafka.topics.describe([config.state.topic])).size === 0) return [];
    const writer = await Writer.open(kafka.kafka, {
      transactionalId: transactionalId(config, connection),
      compression: COMPRESSION_TYPES[config.kafka.compression],
    });
    try {
      const states = await readStates(kafka.reader, config.state.topic, { until: 'written' });
      const controls = await controlsIn(config, kafka);
      const now = Date.now();
      const known = tables.flatMap((table) => {
        const state = states.get(connection.name, table.name);
        return state === undefined ? [] : [{ table, state }];
      });
      await writer.commit(
        known.map(({ table, state }) => {
          const start = asSearched(table) === null ? null : startDate;
          const control = controls.get(stateKey(connection.name, table.name))?.control;
          const requested = control === 'newer' ? undefined : control;
          const afterReset = stateAfterReset(state, start, now, requested);
          return stateRecord(config.state.topic, connection.name, table.name, afterReset);
        }),
      );
      return known.map(({ table, state }) => ({ table: table.name, paused: state.paused }));
    } finally {
      await writer.close();
    }
  } finally {
    await kafka.close();
  }
}

async function controlsIn(config: Config, kafka: KafkaAccess): Promise<NewestControls> {
  const topic = controlTopic(config.topics.prefix);
  const isThere = (await kafka.topics.describe([topic])).size > 0;
  return isThere ? (await readControls(kafka.reader, topic)).controls : new Map();
}

/**
 * The state of a table that starts again from `startDate` (epoch seconds), or from its connection's start date. The
 * position in lists of deletions is kept: the source no longer has those rows and would not list them again. A
 * resync that was requested before has ended: everything is read again. `now` in epoch milliseconds.
 */
export function stateAfterReset(
  state: TableState,
  startDate: number | null,
  now: number,
  requested?: Control,
): TableState {
  const { deletions, reconcile } = state;
  const pending = pendingResync(requested, state);
  const resync = pending === null ? state.resync : beginResync(pending, state, { now, ends: null });
  return {
    ...stateAnew(state),
    bookmark: startDate,
    resync: isUnderway(resync) ? cancelled(resync, now) : resync,
    deletions,
    reconcile: reconcile === null ? null : { ...reconcile, walk: null },
    resetAt: now,
    updatedAt: new Date(now).toISOString(),
  };
}

async function refuseWhileOwned(
  config: Config,
  connection: string,
  kafka: KafkaAccess,
  onWait: (message: string) => void,
): Promise<void> {
  const members = await membersLeft(kafka, config.state.group, onWait);
  if (members.length === 0) return;
  throw new PublisherError(
    'group-busy',
    `connection ${connection} is owned by a running instance of the group ${config.state.group} (${members.join(', ')}): stop the instances first; nothing was reset`,
  );
}
