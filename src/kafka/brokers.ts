/**
 * Connections to the brokers of a cluster, for reading.
 *
 * Kafkajs's own pool couples all brokers: a partition without a leader, or a broker that does not answer,
 * delays every request. Here each request goes to one broker. A broker that fails, or is silent for too long,
 * loses its connections, and the next request to it opens new ones. The connections themselves are kafkajs's,
 * with its TLS, SASL and re-authentication.
 */

import type { Kafka } from 'kafkajs';
import { registerCodecs } from './codecs.js';
import type { Exchange } from './wire.js';

interface Socket {
  readonly bytesRead: number;
  destroy(error: Error): void;
}

interface Connection {
  readonly socket?: Socket;
}

interface ConnectionPool {
  readonly host: string;
  readonly port: number;
  readonly pool: readonly Connection[];
  getConnection(index: number): Promise<unknown>;
  send<Reply>(exchange: Exchange<Reply>): Promise<Reply>;
}

interface KafkajsBroker {
  readonly connectionPool: ConnectionPool;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** The parts of kafkajs's cluster that make connections. */
interface Cluster {
  readonly connectionPoolBuilder: { build(at?: Address): Promise<ConnectionPool> };
  readonly brokerPool: {
    createBroker(options: { connectionPool: ConnectionPool; logger: unknown }): KafkajsBroker;
  };
  readonly rootLogger: unknown;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface BrokerAddress extends Address {
  readonly nodeId: number;
}

/** The connections to a broker are closed when it sends nothing for so long with a request in flight. */
const MAX_SILENCE_MS = 10_000;
const SILENCE_CHECK_MS = 500;
/** The connection of kafkajs's pool that fetches go over. */
const FETCH_CONNECTION = 1;

export class Brokers {
  readonly #cluster: Cluster;
  #seeds: readonly string[] | null = null;
  /** By node ID, from the last metadata. */
  #addresses = new Map<number, string>();
  /** By host:port. Requests that begin at once share one attempt to connect. */
  readonly #open = new Map<string, Promise<KafkajsBroker>>();
  /** By host:port: the time of its last failure. */
  readonly #failedAt = new Map<string, number>();
  #isClosed = false;

  constructor(kafka: Kafka) {
    registerCodecs();
    this.#cluster = clusterOf(kafka);
  }

  /** Stores the addresses of the brokers. */
  updateAddresses(brokers: readonly BrokerAddress[]): void {
    this.#addresses = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]));
  }

  /** Sends to one broker. Throws what the connection throws, at the latest after ten seconds of silence. */
  async send<Reply>(nodeId: number, exchange: Exchange<Reply>): Promise<Reply> {
    const address = this.#addresses.get(nodeId);
    if (address === undefined) throw new BrokerUnknown(nodeId);
    return this.#sendTo(address, exchange);
  }

  /**
   * Sends to several brokers and resolves with the first `wanted` answers, or with fewer when no more brokers
   * answer. Throws the last error when none does. Brokers that failed lately are asked last.
   */
  async sendToSome<Reply>(wanted: number, exchange: () => Exchange<Reply>): Promise<Reply[]> {
    const addresses = await this.#candidates();
    const answers: Reply[] = [];
    let failure: unknown = new Error('no broker is configured');
    const askNext = async (): Promise<void> => {
      for (let next = addresses.shift(); next !== undefined; next = addresses.shift()) {
        try {
          answers.push(await this.#sendTo(next, exchange()));
          return;
        } catch (error) {
          failure = error;
        }
      }
    };
    await Promise.all(Array.from({ length: wanted }, askNext));
    if (answers.length === 0) throw failure;
    return answers;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.keys()].map((address) => this.#drop(address, new Error('closed'))));
  }

  async #candidates(): Promise<string[]> {
    this.#seeds ??= await configuredBrokers(this.#cluster);
    const all = [...new Set([...this.#addresses.values(), ...this.#seeds])];
    return all.sort((a, b) => (this.#failedAt.get(a) ?? 0) - (this.#failedAt.get(b) ?? 0));
  }

  async #sendTo<Reply>(address: string, exchange: Exchange<Reply>): Promise<Reply> {
    const opening = this.#connected(address);
    try {
      const broker = await opening;
      const reply = await unlessSilent(broker, broker.connectionPool.send(exchange));
      this.#failedAt.delete(address);
      return reply;
    } catch (error) {
      this.#failedAt.set(address, Date.now());
      if (this.#open.get(address) === opening) await this.#drop(address, error);
      throw error;
    }
  }

  #connected(address: string): Promise<KafkajsBroker> {
    if (this.#isClosed) return Promise.reject(new Error('the reader is closed'));
    const known = this.#open.get(address);
    if (known !== undefined) return known;
    const opening = this.#connect(address);
    this.#open.set(address, opening);
    return opening;
  }

  async #connect(address: string): Promise<KafkajsBroker> {
    const { connectionPoolBuilder, brokerPool, rootLogger } = this.#cluster;
    const connectionPool = await connectionPoolBuilder.build(parseAddress(address));
    const broker = brokerPool.createBroker({ connectionPool, logger: rootLogger });
    try {
      await unlessSilent(broker, broker.connect());
      // Requests that find no connection each open one of their own, and all but one would be forgotten and
      // stay open.
      await unlessSilent(broker, connectionPool.getConnection(FETCH_CONNECTION));
      return broker;
    } catch (error) {
      closeSockets(broker, error);
      throw error;
    }
  }

  /** Closes without waiting for requests in flight, which fail with `error`. */
  async #drop(address: string, error: unknown): Promise<void> {
    const opening = this.#open.get(address);
    this.#open.delete(address);
    const broker = await opening?.catch(() => null);
    if (broker) closeSockets(broker, error);
  }
}

/** Kafkajs's own text, so that the error counts as a lost connection. */
class BrokerUnknown extends Error {
  override readonly name = 'KafkaJSBrokerNotFound';

  constructor(nodeId: number) {
    super(`broker ${nodeId} is not among the brokers that the cluster names`);
  }
}

class BrokerSilent extends Error {
  override readonly name = 'KafkaJSRequestTimeoutError';

  constructor() {
    super(`the broker was silent for ${MAX_SILENCE_MS / 1_000} s`);
  }
}

/** Resolves with the work's result. Rejects when the broker sends nothing for too long. */
async function unlessSilent<T>(broker: KafkajsBroker, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    let received = bytesReceived(broker);
    // Counts checks instead of time: a process that was paused has received nothing either.
    let silentChecks = 0;
    timer = setInterval(() => {
      const bytes = bytesReceived(broker);
      silentChecks = bytes === received ? silentChecks + 1 : 0;
      received = bytes;
      if (silentChecks * SILENCE_CHECK_MS >= MAX_SILENCE_MS) reject(new BrokerSilent());
    }, SILENCE_CHECK_MS);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearInterval(timer);
    work.catch(() => undefined);
  }
}

function bytesReceived({ connectionPool }: KafkajsBroker): number {
  return connectionPool.pool.reduce((sum, { socket }) => sum + (socket?.bytesRead ?? 0), 0);
}

function closeSockets({ connectionPool }: KafkajsBroker, error: unknown): void {
  for (const { socket } of connectionPool.pool)
    socket?.destroy(error instanceof Error ? error : new Error(String(error)));
}

function parseAddress(address: string): Address {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/** Kafkajs builds a pool for each configured broker in turn; pools connect only when they are used. */
async function configuredBrokers({ connectionPoolBuilder }: Cluster): Promise<string[]> {
  const addresses = new Set<string>();
  for (;;) {
    const { host, port } = await connectionPoolBuilder.build();
    if (addresses.has(`${host}:${port}`)) return [...addresses];
    addresses.add(`${host}:${port}`);
  }
}

/** Kafkajs hides the builder of its connections, which has the client's settings, behind a symbol. */
function clusterOf(kafka: Kafka): Cluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = symbol && (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol];
  if (create === undefined) throw new Error('this version of kafkajs has no createCluster');
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false });
}
