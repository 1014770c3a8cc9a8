/** Where everything is put together: starting, one complete cycle, stopping. */

import { Registry } from './avro/registry.js';
import type { Config, ConnectionConfig } from './config/config.js';
import { pause } from './intercom/transport.js';
import { KafkaAccess } from './kafka/access.js';
import { Group, ownerPartition } from './kafka/group.js';
import { asPublisherError, PublisherError } from './model/errors.js';
import { Events } from './model/events.js';
import type { TableName } from './model/table-names.js';
import { ConnectionLoop } from './publisher/connection-loop.js';
import { Session, type SessionContext, topicPlans } from './publisher/session.js';

/** A table that a pass could not bring up to date; `table` is null when its whole connection failed. */
export interface Failure {
  readonly connection: string;
  readonly table: TableName | null;
  readonly error: PublisherError;
}

const MAX_SESSIONS = 5;

export class Publisher {
  readonly events: Events;
  readonly #context: SessionContext;
  readonly #loops = new Map<string, ConnectionLoop>();
  #moving: Promise<void> = Promise.resolve();

  private constructor(context: SessionContext) {
    this.#context = context;
    this.events = context.events;
  }

  /** Connects to Kafka. Throws `kafka-unreachable` within seconds. */
  static async open(config: Config, events: Events = new Events()): Promise<Publisher> {
    const registry = new Registry(config.schemaRegistry);
    const kafka = await KafkaAccess.open(config.kafka);
    return new Publisher({ config, kafka, registry, events });
  }

  /**
   * One complete cycle of every configured table, whatever the schedule. Returns what failed; everything else is published.
   * Throws `group-busy` while instances of the group run, and `registry-unreachable` within seconds.
   */
  async runOnce(signal: AbortSignal): Promise<Failure[]> {
    const { config, kafka, registry } = this.#context;
    await registry.ping();
    const members = await kafka.topics.groupMembers(config.state.group);
    if (members.length > 0) {
      throw new PublisherError(
        'group-busy',
        `the group ${config.state.group} has ${members.length} running ${members.length === 1 ? 'instance' : 'instances'}: ` +
          'a single pass would take their connections away. Stop them first, or leave the work to them',
      );
    }
    await this.#ensureTopics();
    const failures = await Promise.all(
      config.connections.map((connection) => this.#passOver(connection, signal)),
    );
    return failures.flat();
  }

  /**
   * Joins the group and serves the connections that fall to this instance until the signal aborts. Whatever a connection needs and does
   * not find (the registry, the API) is waited for, with the reason in the log.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { config, kafka } = this.#context;
    await this.#ensureTopics();
    const lost = new AbortController();
    const end = AbortSignal.any([signal, lost.signal]);
    const group = await Group.join(kafka.kafka, {
      group: config.state.group,
      topic: config.state.topic,
      // A rebalance that was under way when leaving began still assigns.
      onAssigned: (partitions) => (end.aborted ? undefined : this.#own(partitions)),
      onLost: (error) => lost.abort(error),
    });
    if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve, { once: true }));
    this.#own(new Set());
    await this.#moving;
    await group.leave().catch(() => undefined);
    if (lost.signal.aborted && !signal.aborted) {
      throw new PublisherError(
        'kafka-unreachable',
        `the group ${config.state.group} was lost: ${String(lost.signal.reason)}`,
      );
    }
  }

  async close(): Promise<void> {
    await this.#context.kafka.close();
  }

  async #ensureTopics(): Promise<void> {
    const { config, kafka } = this.#context;
    const plans = config.connections.flatMap((connection) => topicPlans(config, connection));
    const distinct = [...new Map(plans.map((plan) => [plan.topic, plan])).values()];
    await kafka.topics.ensure(distinct, config.topics.create);
  }

  async #passOver(connection: ConnectionConfig, signal: AbortSignal): Promise<Failure[]> {
    const { name } = connection;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const failed = await this.#passOnce(connection, signal);
        return failed.map(({ table, error }) => ({ connection: name, table, error }));
      } catch (thrown) {
        if (signal.aborted) return [];
        const error = asPublisherError(thrown);
        const again = error.code.startsWith('kafka-') && attempt < MAX_SESSIONS;
        const retryInMs = again ? 1_000 * attempt : null;
        this.events.emit('connection:failed', { connection: name, error, retryInMs });
        if (retryInMs === null) return [{ connection: name, table: null, error }];
        await pause(retryInMs, signal).catch(() => undefined);
      }
    }
  }

  async #passOnce(connection: ConnectionConfig, signal: AbortSignal) {
    const session = await Session.open(this.#context, connection, signal);
    try {
      const tables = connection.tables.map(({ name }) => name);
      return await session.cycle(tables, { awaitWalks: true });
    } finally {
      await session.close();
    }
  }

  /** Starts and stops loops so that exactly the connections of these partitions are served; one change after another. */
  #own(partitions: ReadonlySet<number>): void {
    this.#moving = this.#moving.then(() => this.#serve(this.#connectionsOf(partitions)));
  }

  async #serve(connections: ReadonlyMap<string, ConnectionConfig>): Promise<void> {
    const leaving = [...this.#loops].filter(([name]) => !connections.has(name));
    for (const [name] of leaving) this.#loops.delete(name);
    await Promise.all(leaving.map(([, loop]) => loop.stop()));
    for (const [name, connection] of connections) {
      if (!this.#loops.has(name)) this.#loops.set(name, new ConnectionLoop(this.#context, connection));
    }
  }

  #connectionsOf(partitions: ReadonlySet<number>): Map<string, ConnectionConfig> {
    const { connections, state } = this.#context.config;
    const names = connections.map(({ name }) => name);
    const owned = connections.filter(({ name }) =>
      partitions.has(ownerPartition(names, name, state.partitions)),
    );
    return new Map(owned.map((connection) => [connection.name, connection]));
  }
}
