/**
 * The ownership of one connection: fence, then restore, then pull.
 *
 * A session ends with the first failure of Kafka or of its ownership. The next one restores its state from
 * the topics.
 */

import type { ConnectionConfig } from '../config/config.js';
import type { Transport } from '../intercom/transport.js';
import { COMPRESSION_TYPES } from '../kafka/codecs.js';
import type { DelayReport } from '../kafka/retries.js';
import { Writer } from '../kafka/writer.js';
import { PublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import type { TableName } from '../model/table-names.js';
import { type CycleEnd, type FailedTable, runCycle } from '../sync/cycle.js';
import type { TableWork } from '../sync/source.js';
import { openApi } from './api.js';
import { weakHashes } from './field-rules.js';
import type { HintFeed } from './hint-feed.js';
import { HintWork, hintedTables } from './hint-work.js';
import { adoptHintsTopic } from './hints-identity.js';
import { publishedTables } from './published-table.js';
import type { SessionContext } from './session-context.js';
import { openSchemas, restoreWork } from './table-work.js';
import { topicPlans, transactionalId } from './topic-plans.js';
import { canVerifyNotifications } from './webhooks.js';

interface CycleOptions {
  readonly awaitReconcile?: boolean;
  readonly onDone?: (table: TableName, end: CycleEnd) => void;
}

export class Session {
  readonly #connection: ConnectionConfig;
  readonly #events: Events;
  readonly #transport: Transport;
  readonly #writer: Writer;
  readonly #stop: AbortController;
  readonly #work: ReadonlyMap<TableName, TableWork>;
  readonly #hinted: HintWork | null;
  readonly #unsubscribe: () => void;
  readonly #unwatch: () => void;
  /** Aborts, with the error as its reason, when one of the session's topics has changed. */
  readonly #changed: AbortSignal;

  private constructor(parts: {
    connection: ConnectionConfig;
    events: Events;
    transport: Transport;
    writer: Writer;
    stop: AbortController;
    work: ReadonlyMap<TableName, TableWork>;
    hinted: HintWork | null;
    hints: HintFeed | null;
    unwatch: () => void;
    changed: AbortSignal;
  }) {
    this.#connection = parts.connection;
    this.#events = parts.events;
    this.#transport = parts.transport;
    this.#writer = parts.writer;
    this.#stop = parts.stop;
    this.#work = parts.work;
    const { hinted, hints } = parts;
    this.#hinted = hinted;
    void hinted?.broken.then((error) => (error === null ? undefined : this.#stop.abort()));
    this.#unsubscribe =
      hinted && hints
        ? hints.subscribe(
            this.#connection.name,
            hinted.since,
            (hint) => hinted.receive(hint),
            () => hinted.caughtUp(),
          )
        : () => undefined;
    this.#unwatch = parts.unwatch;
    this.#changed = parts.changed;
  }

  /**
   * Takes the connection over from its previous owner, as soon as an opening place is free. Aborting `signal`
   * ends every request; commits in flight are completed. Throws when a topic, the registry, the credentials'
   * file or Kafka is not as it must be.
   */
  static open(context: SessionContext, connection: ConnectionConfig, signal: AbortSignal): Promise<Session> {
    return context.openings.run(() => Session.#open(context, connection, signal), signal);
  }

  static async #open(
    context: SessionContext,
    connection: ConnectionConfig,
    signal: AbortSignal,
  ): Promise<Session> {
    const { config, kafka, events } = context;
    const tables = publishedTables(config, connection);
    const warn = (message: string) => events.emit('warning', { connection: connection.name, message });
    const stop = new AbortController();
    const changed = new AbortController();
    const end = AbortSignal.any([signal, stop.signal, changed.signal]);
    events.emit('connection:opening', { connection: connection.name });
    const opened = await openApi(connection, events, end);
    const { api, transport } = opened;
    let writer: Writer | null = null;
    try {
      const topics = await kafka.topics.ensure(topicPlans(config, tables), config.topics.create);
      const schemas = await openSchemas({ context, tables, api, warn });
      // An instance that has lost the connection meanwhile must not fence its new owner.
      signal.throwIfAborted();
      writer = await Writer.open(kafka.kafka, {
        transactionalId: transactionalId(config, connection),
        compression: COMPRESSION_TYPES[config.kafka.compression],
        maxBatchBytes: Math.min(...[...topics.values()].map(({ maxMessageBytes }) => maxMessageBytes)),
        partitions: new Map([...topics.values()].map(({ topic, partitions }) => [topic, partitions])),
        onCutOff: (topic, partition) => {
          context.cutOff.add(topic);
          changed.abort(cutOffError(topic, partition));
        },
        onDelay: (report) => warn(delayMessage(report)),
      });
      const parts = { ...opened, context, tables, topics, schemas, writer, warn, end };
      const work = await restoreWork(parts);
      const weak = weakHashes(connection);
      if (weak !== null) warn(weak);
      for (const [table, { ledger }] of work) {
        events.emit('table:restored', { connection: connection.name, table, state: ledger.state });
      }
      const hints = canVerifyNotifications(connection) ? context.hints : null;
      const ofHints = hintedTables(tables, work);
      const notified = hints === null ? [] : await adoptHintsTopic({ context, warn }, ofHints);
      events.emit('connection:owned', { connection: connection.name, tables: [...work.keys()] });
      const hinted =
        hints === null || ofHints.length === 0
          ? null
          : new HintWork({
              tables: ofHints,
              api,
              events,
              warn,
              deletes: connection.deletes.webhooks,
              signal: end,
            });
      const known = [...topics.values(), ...notified];
      const unwatch = context.watch.add(known, (error) => changed.abort(error));
      const ends = { stop, changed: changed.signal, unwatch };
      return new Session({ connection, events, transport, writer, work, hinted, hints, ...ends });
    } catch (error) {
      await writer?.close().catch(() => undefined);
      await transport.close();
      throw changed.signal.aborted ? changed.signal.reason : error;
    }
  }

  /** Its tables, as this instance works on them. */
  get work(): ReadonlyMap<TableName, TableWork> {
    return this.#work;
  }

  /** Runs one cycle of the named tables; see `runCycle`. Cycles of different tables may overlap. */
  async cycle(
    tables: readonly TableName[],
    { awaitReconcile = false, onDone = () => undefined }: CycleOptions = {},
  ): Promise<FailedTable[]> {
    const due = tables.flatMap((name) => this.#work.get(name) ?? []);
    const abandon = () => this.#stop.abort();
    try {
      return await runCycle(this.#connection.name, due, this.#events, { awaitReconcile, onDone, abandon });
    } catch (error) {
      throw this.#changed.aborted ? this.#changed.reason : error;
    }
  }

  /**
   * Resolves with a failure outside of the session's cycles, which ends them too, or with null when the
   * session ends.
   */
  get broken(): Promise<PublisherError | null> {
    const changed = reasonOf(this.#changed);
    return this.#hinted === null ? changed : Promise.race([changed, this.#hinted.broken]);
  }

  /** Publishes the states that Kafka does not hold yet. Called only when no cycle has failed. */
  async publishLastStates(): Promise<void> {
    await Promise.all([...this.#work.values()].map(({ ledger }) => ledger.recordLast()));
  }

  /** Ends every request, and with them its cycles; commits in flight are completed. */
  endRequests(): void {
    this.#stop.abort();
  }

  async close(): Promise<void> {
    this.#unwatch();
    this.#unsubscribe();
    this.#stop.abort();
    await this.#hinted?.ended;
    await Promise.all(
      [...this.#work.values()].flatMap(({ tasks: { reconcile, recovery, resync } }): unknown[] => [
        reconcile?.ended,
        recovery?.ended,
        resync?.ended,
      ]),
    );
    await this.#writer.close().catch(() => undefined);
    await this.#transport.close();
    this.#events.emit('connection:released', { connection: this.#connection.name });
  }
}

/** Resolves with the reason of the signal once it aborts. */
function reasonOf(signal: AbortSignal): Promise<PublisherError> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

function cutOffError(topic: string, partition: number): PublisherError {
  return new PublisherError(
    'topic-invalid',
    `partition ${partition} of topic ${topic} no longer has all that this instance wrote: it was cut off, created again, or restored from an older copy`,
  );
}

function delayMessage(report: DelayReport): string {
  const seconds = `${Math.round(report.ms / 1000)} s`;
  return report.kind === 'over'
    ? `commits continue after ${seconds}`
    : `commits have been waiting for Kafka for ${seconds}: ${report.error.message}; retrying`;
}
