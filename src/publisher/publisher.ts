/** The publisher: starts, runs complete cycles or follows the schedules, and stops. */

import { isDeepStrictEqual } from 'node:util';
import { Registry } from '../avro/registry.js';
import type { Config, ConnectionConfig } from '../config/config.js';
import type { Route } from '../http/routes.js';
import { KafkaAccess } from '../kafka/access.js';
import { Group, ownerPartition } from '../kafka/group.js';
import { HintWriter } from '../kafka/hints.js';
import type { Served } from '../kafka/membership.js';
import { TopicReader } from '../kafka/reader.js';
import { StateLedger } from '../kafka/state-ledger.js';
import { asPublisherError, PublisherError } from '../model/errors.js';
import { Events } from '../model/events.js';
import type { Hint } from '../model/hint.js';
import { pause } from '../model/pause.js';
import type { TableName } from '../model/table-names.js';
import { hintsTopic } from '../model/topic-names.js';
import { ConnectionLoop } from './connection-loop.js';
import { ControlFeed } from './control-feed.js';
import { membersLeft } from './group-free.js';
import { HintFeed } from './hint-feed.js';
import { oldestFirst } from './opening-order.js';
import { Openings } from './openings.js';
import { publishedTables } from './published-table.js';
import { Session } from './session.js';
import type { SessionContext } from './session-context.js';
import { Shaping } from './shaping/shaping.js';
import { TableControls } from './table-controls.js';
import { topicPlans } from './topic-plans.js';
import { TopicWatch } from './topic-watch.js';
import { usesHints, webhookRoutes } from './webhooks.js';

/** A table whose cycle failed in a pass. `table` is null when its whole connection failed. */
export interface Failure {
  readonly connection: string;
  readonly table: TableName | null;
  readonly error: PublisherError;
}

const MAX_SESSIONS = 5;
/**
 * Milliseconds to wait for the states. When they are read in time, connections are opened by the age of their
 * data.
 */
const ORDER_WITHIN_MS = 10_000;
/** What connections share from the start of an instance to its end. */
const FIXED = ['kafka', 'schemaRegistry', 'topics', 'state', 'http'] as const;

export class Publisher {
  readonly events: Events;
  #context: SessionContext;
  readonly #loops = new Map<string, ConnectionLoop>();
  /**
   * The partitions of the group that this instance owns, and how many there are: the topic's own number,
   * which all instances share.
   */
  #partitions: ReadonlySet<number> = new Set();
  #partitionCount = 1;
  #moving: Promise<void> = Promise.resolve();
  /** Aborts at the end of `run`. */
  #end: AbortSignal = new AbortController().signal;
  #hintWriter: HintWriter | null = null;

  private constructor(context: SessionContext) {
    this.#context = context;
    this.events = context.events;
  }

  /** Connects to Kafka. Throws `kafka-unreachable` within seconds. */
  static async open(config: Config, events: Events = new Events()): Promise<Publisher> {
    const registry = new Registry(config.schemaRegistry, (message) => events.emit('warning', { message }));
    const kafka = await KafkaAccess.open(config.kafka, events);
    const shaping = new Shaping({ onBroken: (message) => events.emit('warning', { message }) });
    const states = new StateLedger(kafka.reader, config.state.topic, (reading) =>
      events.emit('states:read', reading),
    );
    const openings = new Openings();
    const watch = new TopicWatch(kafka.topics);
    const cutOff = new Set<string>();
    const reader = new TopicReader(kafka.kafka, events);
    const control = new ControlFeed({ kafka, topics: config.topics, events, watch, reader });
    const shared = { config, kafka, registry, events, shaping, states, openings, watch, cutOff, control };
    return new Publisher({ ...shared, hints: null });
  }

  /**
   * One complete cycle of every configured table, whatever the schedule. Returns what failed; everything else
   * is published. Throws `group-busy` while instances of the group run, and `registry-unreachable` within
   * seconds.
   */
  async runOnce(signal: AbortSignal): Promise<Failure[]> {
    const { config, registry, events } = this.#context;
    await registry.ping();
    await this.#refuseWhileShared('a single pass', signal);
    await this.#ensureTopics();
    events.emit('instance:assigned', { connections: config.connections.map(({ name }) => name) });
    const ordered = await this.#ordered(config.connections, signal);
    const failures = await Promise.all(ordered.map((connection) => this.#passOver(connection, signal)));
    return failures.flat();
  }

  /**
   * Joins the group and serves the connections that fall to this instance until the signal aborts. A
   * connection whose registry or API is unavailable waits for it; the log has the reason.
   *
   * When options select only a part of the configuration (`alone`), no other instance may be in the group,
   * because connections are assigned by a list that all members share. Throws `group-busy` when another
   * instance is in the group or joins it.
   */
  async run(signal: AbortSignal, { alone = false }: { alone?: boolean } = {}): Promise<void> {
    const { config, kafka } = this.#context;
    if (alone) await this.#refuseWhileShared('a part of its connections and tables', signal);
    await this.#ensureTopics();
    const { topic, partitions } = config.state;
    this.#partitionCount = (await kafka.topics.describe([topic])).get(topic)?.partitions ?? partitions;
    const hints = config.http === null ? null : new HintFeed(this.#context);
    this.#context = { ...this.#context, hints };
    if (usesHints(config)) hints?.start();
    this.#context.control.start();
    const lost = new AbortController();
    const end = AbortSignal.any([signal, lost.signal]);
    this.#end = end;
    const group = await Group.join(kafka.kafka, {
      group: config.state.group,
      served: () => this.#served(),
      onCompared: (comparison) => this.events.emit('group:compared', comparison),
      onAssigned: (partitions) => {
        if (alone && partitions.size < this.#partitionCount) lost.abort(shared(config.state.group));
        // A rebalance that began before leaving may still assign partitions.
        if (!end.aborted) this.#own(partitions);
      },
      onLost: (error) => lost.abort(lostFrom(config.state.group, error)),
    });
    if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve, { once: true }));
    this.#own(new Set());
    await this.#moving;
    await group.leave().catch(() => undefined);
    await hints?.close();
    if (!signal.aborted) lost.signal.throwIfAborted();
  }

  /**
   * Continues with another configuration. New connections are opened, removed ones are closed, changed ones
   * are restarted, and all others keep running. Throws when a topic is not as it must be, or when a setting
   * changed that needs a restart; the previous configuration then stays in use.
   */
  async reload(config: Config): Promise<void> {
    const fixed = FIXED.filter(
      (section) => !isDeepStrictEqual(config[section], this.#context.config[section]),
    );
    if (fixed.length > 0) {
      const sections = fixed.join(', ');
      throw new PublisherError(
        'config-invalid',
        `${sections} changed, which needs a restart: stop this instance and start it again`,
      );
    }
    await this.#ensureTopics(config);
    if (usesHints(config)) this.#context.hints?.start();
    const before = new Map(this.#context.config.connections.map((each) => [each.name, each]));
    this.#context = { ...this.#context, config };
    const kept = config.connections.filter((each) => isDeepStrictEqual(each, before.get(each.name)));
    const names = new Set(kept.map(({ name }) => name));
    this.#moving = this.#moving.then(() =>
      this.#stop([...this.#loops.keys()].filter((name) => !names.has(name))),
    );
    this.#own(this.#partitions);
    await this.#moving;
  }

  /** As configured now. */
  get config(): Config {
    return this.#context.config;
  }

  /** As configured now. */
  get connections(): readonly ConnectionConfig[] {
    return this.#context.config.connections;
  }

  /** Checks that Kafka answers. Retries for minutes: a caller that can't wait sets its own time limit. */
  async ping(): Promise<void> {
    const { kafka, config } = this.#context;
    await kafka.topics.groupMembers(config.state.group);
  }

  /** Receives Intercom's notifications, for connections of any instance. */
  get webhooks(): Route[] {
    const { config, kafka, events } = this.#context;
    const store = (connection: string, hint: Hint) => {
      this.#hintWriter ??= new HintWriter(kafka.kafka, hintsTopic(config.topics.prefix));
      return this.#hintWriter.put(connection, hint);
    };
    return webhookRoutes({ connections: () => this.connections, store, events });
  }

  async close(): Promise<void> {
    await this.#hintWriter?.close();
    await this.#context.shaping.close();
    await this.#context.control.close();
    await this.#context.watch.close();
    await this.#context.kafka.close();
  }

  async #refuseWhileShared(what: string, signal: AbortSignal): Promise<void> {
    const { config, kafka, events } = this.#context;
    const { group } = config.state;
    const onWait = (message: string) => events.emit('warning', { message });
    const { length } = await membersLeft(kafka, group, onWait, signal);
    if (length === 0 || signal.aborted) return;
    const instances = length === 1 ? 'instance' : 'instances';
    throw new PublisherError(
      'group-busy',
      `the group ${group} has ${length} running ${instances}: ${what} would take connections away from them. Stop them first`,
    );
  }

  async #ensureTopics(config = this.#context.config): Promise<void> {
    const { kafka } = this.#context;
    const plans = config.connections.flatMap((connection) =>
      topicPlans(config, publishedTables(config, connection)),
    );
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
        const again = error.origin === 'kafka' && attempt < MAX_SESSIONS;
        const retryInMs = again ? 1_000 * attempt : null;
        this.events.emit('connection:failed', { connection: name, error, retryInMs });
        if (retryInMs === null) return [{ connection: name, table: null, error }];
        await pause(retryInMs, signal).catch(() => undefined);
      }
    }
  }

  async #passOnce(connection: ConnectionConfig, signal: AbortSignal) {
    const { control, events } = this.#context;
    await control.ready(signal);
    const session = await Session.open(this.#context, connection, signal);
    const paused = new Set<TableName>();
    const failures: unknown[] = [];
    const controls = new TableControls({
      work: session.work,
      schedule: {
        pause: (table) => void paused.add(table),
        resume: (table) => void paused.delete(table),
        request: () => undefined,
      },
      controlOf: (table) => control.of(connection.name, table),
      events,
      retries: false,
      onPausedAtWork: () => undefined,
      onFailure: (error) => failures.push(error),
    });
    try {
      // A cycle that begins now serves what was requested before.
      await controls.settled();
      const tables = connection.tables.map(({ name }) => name).filter((table) => !paused.has(table));
      if (paused.size > 0) events.emit('warning', pausedWarning(connection.name, paused));
      controls.started(tables);
      const failed = await session.cycle(tables, {
        awaitReconcile: true,
        onDone: (table, end) => controls.done(table, end),
      });
      await controls.resynced();
      if (failures.length > 0) throw failures[0];
      await session.publishLastStates();
      return [...failed, ...controls.failedResyncs];
    } finally {
      controls.stop();
      session.endRequests();
      await controls.resynced();
      await session.close();
    }
  }

  /** What this instance reports to the other members of the group. */
  #served(): Served {
    const { topics, state, connections } = this.#context.config;
    return {
      prefix: topics.prefix,
      stateTopic: state.topic,
      partitions: this.#partitionCount,
      connections: connections.map(({ name }) => name).sort(),
    };
  }

  /**
   * Starts and stops loops so that exactly the connections of these partitions are served. Changes are
   * applied one after another.
   */
  #own(partitions: ReadonlySet<number>): void {
    this.#partitions = partitions;
    this.#moving = this.#moving.then(() => this.#serve(this.#connectionsOf(partitions)));
  }

  async #serve(connections: ReadonlyMap<string, ConnectionConfig>): Promise<void> {
    this.events.emit('instance:assigned', { connections: [...connections.keys()] });
    await this.#stop([...this.#loops.keys()].filter((name) => !connections.has(name)));
    const added = [...connections.values()].filter(({ name }) => !this.#loops.has(name));
    for (const connection of await this.#ordered(added, this.#end)) {
      this.#loops.set(connection.name, new ConnectionLoop(this.#context, connection));
    }
  }

  /**
   * The connections in the order in which they are opened. When the states are not read in time, it is the
   * order of the configuration.
   */
  async #ordered(
    connections: readonly ConnectionConfig[],
    signal: AbortSignal,
  ): Promise<readonly ConnectionConfig[]> {
    if (connections.length < 2) return connections;
    const end = AbortSignal.any([signal, AbortSignal.timeout(ORDER_WITHIN_MS)]);
    return this.#context.states.current(end).then(
      (states) => oldestFirst(connections, states),
      () => connections,
    );
  }

  async #stop(names: readonly string[]): Promise<void> {
    const loops = names.flatMap((name) => this.#loops.get(name) ?? []);
    for (const name of names) this.#loops.delete(name);
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  #connectionsOf(partitions: ReadonlySet<number>): Map<string, ConnectionConfig> {
    const { connections } = this.#context.config;
    const names = connections.map(({ name }) => name);
    const owned = connections.filter(({ name }) =>
      partitions.has(ownerPartition(names, name, this.#partitionCount)),
    );
    return new Map(owned.map((connection) => [connection.name, connection]));
  }
}

function pausedWarning(connection: string, tables: ReadonlySet<TableName>) {
  const names = [...tables];
  const message = `not read, because paused: ${names.join(', ')}; resume with \`intercom-kafka resume ${connection} ${names.join(' ')}\``;
  return { connection, message };
}

function shared(group: string): PublisherError {
  return new PublisherError(
    'group-busy',
    `another instance has joined the group ${group}, and this one serves only a part of its connections and tables: this instance stops. To run several processes on parts of the file, give each its own state.group`,
  );
}

function lostFrom(group: string, error: Error): PublisherError {
  if (error instanceof PublisherError) return error;
  return new PublisherError('kafka-unreachable', `the group ${group} was lost: ${error.message}`, {
    cause: error,
  });
}
