/**
 * Connections to brokers for transactions, shared by the writers of a process.
 *
 * A producer of kafkajs has connections and metadata of its own. With hundreds of workspaces that means
 * thousands of sockets and timers, and one topic that can't be described fails the metadata of all. This
 * module keeps one connection to each broker, requests only the topics of a transaction, and passes on the
 * answer for each partition. A few sets of connections serve all writers, so that a slow broker does not
 * delay all of them.
 *
 * It uses kafkajs's brokers and protocol, which are not public; the version is pinned.
 */

import type { Kafka } from 'kafkajs';
import { openCluster } from './cluster.js';
import { kafkajsModule } from './kafkajs.js';

const { requests } = kafkajsModule('src/protocol/requests') as { requests: Requests };
const apiKeys = kafkajsModule('src/protocol/requests/apiKeys') as Readonly<Record<ApiName, number>>;

type ApiName = 'Metadata' | 'Produce' | 'AddPartitionsToTxn';
type Requests = Readonly<Record<ApiName, unknown>>;

/** A request, and how its reply is read. */
interface Exchange {
  readonly request: object;
  readonly response: { decode(raw: Buffer): Promise<unknown> };
}

/** The parts of kafkajs's broker that are used here. */
export interface Broker {
  readonly nodeId: number;
  readonly connectionPool: {
    readonly host: string;
    readonly port: number;
    isConnected(): boolean;
    send(exchange: { request: object; response: object; requestTimeout?: number }): Promise<unknown>;
  };
  readonly versions: Readonly<Record<number, { minVersion: number; maxVersion: number } | undefined>> | null;
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  lookupRequest(apiKey: number, definition: unknown): (args: object) => Exchange;
  findGroupCoordinator(of: {
    groupId: string;
    coordinatorType: number;
  }): Promise<{ coordinator: { nodeId: number; host: string; port: number } }>;
  initProducerId(of: { transactionalId: string; transactionTimeout: number }): Promise<ProducerId>;
  endTxn(of: ProducerId & { transactionalId: string; transactionResult: boolean }): Promise<unknown>;
}

/** The producer, as the broker identifies it. */
export interface ProducerId {
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface Metadata {
  readonly brokers: readonly { nodeId: number; host: string; port: number; rack?: string }[];
  readonly topicMetadata: readonly {
    topic: string;
    partitionMetadata: readonly { partitionId: number; leader: number }[];
  }[];
}

interface ClusterInternals {
  readonly connectionPoolBuilder: {
    build(at?: { host: string; port: number; rack?: string }): Promise<Broker['connectionPool']>;
  };
  readonly brokerPool: { createBroker(options: object): Broker };
  readonly rootLogger: object;
}

/** A topic's partitions and the node that leads each; a partition without a leader is -1. */
export type Leaders = ReadonlyMap<number, number>;

/** The cluster has changed since the last metadata. The next metadata may contain the broker. */
class UnknownBrokerError extends Error {
  readonly retriable = true;

  constructor(nodeId: number) {
    super(`broker ${nodeId} is not known`);
  }
}

const TRANSACTION_COORDINATOR = 1;

const identity = async <T>(data: T): Promise<T> => data;

export class BrokerLinks {
  readonly #cluster: ClusterInternals;
  readonly #nodes = new Map<number, Broker>();
  readonly #connecting = new Map<Broker, Promise<void>>();
  #seeding: Promise<Broker> | null = null;
  /** Metadata replies are applied one after another. */
  #applying: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka) {
    this.#cluster = openCluster(kafka) as unknown as ClusterInternals;
  }

  /**
   * The node with this ID, connected. Throws when the last metadata does not contain it, or when connecting
   * fails.
   */
  async node(nodeId: number): Promise<Broker> {
    const broker = this.#nodes.get(nodeId);
    if (broker === undefined) throw new UnknownBrokerError(nodeId);
    await this.#connect(broker);
    return broker;
  }

  /** The broker that coordinates a transactional ID, connected. */
  async coordinatorOf(transactionalId: string): Promise<Broker> {
    const asked = await this.any();
    const of = { groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR };
    const { coordinator } = await this.using(asked, () => asked.findGroupCoordinator(of));
    const { nodeId, host, port } = coordinator;
    this.#applying = this.#applying.then(() => this.#add(nodeId, { host, port }));
    await this.#applying;
    return this.node(nodeId);
  }

  /**
   * Any node, connected: one that is connected already, one that is known, or one that the configuration
   * names.
   */
  async any(): Promise<Broker> {
    const known = shuffled([...this.#nodes.values()]);
    const connected = known.find((broker) => broker.isConnected());
    if (connected !== undefined) return connected;
    for (const broker of known) {
      try {
        await this.#connect(broker);
        return broker;
      } catch {
        // The next node may answer.
      }
    }
    this.#seeding ??= this.#seed().finally(() => {
      this.#seeding = null;
    });
    return this.#seeding;
  }

  /** The partitions of the topics with their leaders. A topic that the brokers don't know is left out. */
  async leaders(topics: readonly string[]): Promise<Map<string, Leaders>> {
    const broker = await this.any();
    const request = { topics: [...topics], allowAutoTopicCreation: false };
    const { brokers, topicMetadata } = await this.ask<Metadata>(broker, 'Metadata', request);
    this.#applying = this.#applying.then(() => this.#apply(brokers));
    await this.#applying;
    const described = topicMetadata.filter(({ partitionMetadata }) => partitionMetadata.length > 0);
    return new Map(
      described.map(({ topic, partitionMetadata }) => [
        topic,
        new Map(partitionMetadata.map(({ partitionId, leader }) => [partitionId, leader])),
      ]),
    );
  }

  /**
   * Sends a request in the newest version that both sides support. Resolves with the decoded reply, also when
   * it contains error codes.
   */
  ask<Reply>(broker: Broker, api: ApiName, args: object): Promise<Reply> {
    return this.using(broker, async () => {
      const { request, response } = broker.lookupRequest(apiKeys[api], requests[api])(args);
      const reply = await broker.connectionPool.send({ request, response: { ...response, parse: identity } });
      return reply as Reply;
    });
  }

  /**
   * Runs a request on a broker. A connection that is closed, or leaves a request unanswered, is replaced by a
   * new one.
   */
  async using<T>(broker: Broker, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof Error && DEAD_CONNECTION.has(error.name)) this.#drop(broker);
      throw error;
    }
  }

  async close(): Promise<void> {
    const brokers = [...this.#nodes.values()];
    this.#nodes.clear();
    await Promise.all(brokers.map((broker) => broker.disconnect()));
  }

  /** One attempt at a time for each broker, which all callers share. */
  #connect(broker: Broker): Promise<void> {
    if (broker.isConnected()) return Promise.resolve();
    const connecting = this.#connecting.get(broker);
    if (connecting === undefined && broker.connectionPool.isConnected()) {
      // The session must be authenticated again. Kafkajs can't do that with requests in flight, so a new
      // connection is opened instead.
      this.#drop(broker);
      return Promise.reject(new UnknownBrokerError(broker.nodeId));
    }
    const attempt =
      connecting ??
      broker
        .connect()
        .catch((error: unknown) => {
          this.#drop(broker);
          throw error;
        })
        .finally(() => this.#connecting.delete(broker));
    this.#connecting.set(broker, attempt);
    return attempt;
  }

  /**
   * Removes a broker's connection. Does not wait for kafkajs, which waits for pending requests before it
   * disconnects.
   */
  #drop(broker: Broker): void {
    for (const [nodeId, each] of this.#nodes) if (each === broker) this.#nodes.delete(nodeId);
    void broker.disconnect().catch(() => undefined);
  }

  /** Kafkajs's builder goes through the configured addresses in turn. */
  async #seed(): Promise<Broker> {
    const broker = await this.#create(SEED);
    await this.#connect(broker);
    this.#nodes.set(SEED, broker);
    return broker;
  }

  /** Keeps one connection for each broker of the cluster, and reuses existing ones. */
  async #apply(brokers: Metadata['brokers']): Promise<void> {
    const fresh = new Map<number, Broker>();
    for (const { nodeId, ...address } of brokers)
      fresh.set(nodeId, this.#at(address) ?? (await this.#create(nodeId, address)));
    const kept = new Set(fresh.values());
    for (const broker of this.#nodes.values()) if (!kept.has(broker)) this.#drop(broker);
    this.#nodes.clear();
    for (const [nodeId, broker] of fresh) this.#nodes.set(nodeId, broker);
  }

  /** The broker at an address, whatever node ID it was known by. */
  #at({ host, port }: { host: string; port: number }): Broker | undefined {
    return [...this.#nodes.values()].find(
      ({ connectionPool }) => connectionPool.host === host && connectionPool.port === port,
    );
  }

  async #add(nodeId: number, address: { host: string; port: number }): Promise<void> {
    if (this.#nodes.has(nodeId)) return;
    this.#nodes.set(nodeId, this.#at(address) ?? (await this.#create(nodeId, address)));
  }

  async #create(nodeId: number, address?: { host: string; port: number; rack?: string }): Promise<Broker> {
    const { connectionPoolBuilder, brokerPool, rootLogger: logger } = this.#cluster;
    const connectionPool = await connectionPoolBuilder.build(address);
    return brokerPool.createBroker({ logger, connectionPool, nodeId });
  }
}

/** The node ID of a broker before its own is known. */
const SEED = -1;
const DEAD_CONNECTION = new Set([
  'KafkaJSRequestTimeoutError',
  'KafkaJSConnectionClosedError',
  'KafkaJSConnectionError',
]);

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((each) => ({ each, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ each }) => each);
}

/**
 * Sets of connections that the writers of one client share. More sets would be idle: a transaction uses a
 * connection for milliseconds.
 */
const MAX_SETS = 8;

interface SharedLinks {
  readonly links: BrokerLinks;
  users: number;
}

const pools = new WeakMap<Kafka, SharedLinks[]>();

/**
 * Connections for one more writer of this client: the set with the fewest writers, or a new one. `release`
 * closes a set that has no writer any more.
 */
export function acquireLinks(kafka: Kafka): { links: BrokerLinks; release(): Promise<void> } {
  const pool = pools.get(kafka) ?? [];
  pools.set(kafka, pool);
  const [least] = [...pool].sort((a, b) => a.users - b.users);
  const isFree = least !== undefined && (least.users === 0 || pool.length >= MAX_SETS);
  const shared = isFree ? least : { links: new BrokerLinks(kafka), users: 0 };
  if (!pool.includes(shared)) pool.push(shared);
  shared.users += 1;
  const release = async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    pool.splice(pool.indexOf(shared), 1);
    await shared.links.close();
  };
  return { links: shared.links, release };
}
