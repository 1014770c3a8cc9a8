/**
 * Closes connections that are dead without a reset: a firewall or a NAT that has dropped their state discards
 * every packet.
 *
 * Kafkajs reports a request that timed out and keeps the connection, so every later request times out as
 * well. Here such a connection is closed, as Java's client does. All other connections to the same broker
 * that have been silent for as long are closed with it: they are dead too, and detecting them one after
 * another would take minutes. The next request opens a new one.
 *
 * A request times out when the connection carries nothing for that long. A broker answers in order, so a
 * large reply that arrives slowly, or one that waits behind another, does not count as silence. A connection
 * without requests in flight has no timer.
 */

/** A request as kafkajs keeps it until its answer arrives. */
interface SocketRequest {
  /** Epoch milliseconds, or null while it is queued. */
  readonly sentAt: number | null;
  /** Milliseconds. */
  requestTimeout: number;
  readonly entry: RequestEntry;
}

interface RequestEntry {
  readonly apiKey: number;
  readonly apiName: string;
  readonly apiVersion: number;
}

/** The parts of kafkajs's request queue that are used here. There is one for each connection. */
export interface RequestQueue {
  readonly inflight: ReadonlyMap<number, SocketRequest>;
  readonly pending: readonly SocketRequest[];
  createSocketRequest(pushed: { readonly entry: RequestEntry }): SocketRequest;
  sendSocketRequest(request: SocketRequest): void;
  scheduleRequestTimeoutCheck(): void;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}

/** A queue that reports silence. */
export interface WatchedQueue extends RequestQueue {
  /** When the connection last carried an answer, or was opened (epoch milliseconds). */
  heardAt: number;
  onSilence: (request: SocketRequest) => void;
}

/**
 * Time-outs in milliseconds, by API key, of requests that a healthy broker answers more slowly than others.
 */
const SLOW_REQUESTS_MS: ReadonlyMap<number, number> = new Map([
  // Produce: the broker waits for a dead replica until the controller fences it, 9 s by default.
  [0, 15_000],
  // SyncGroup: the broker waits for a dead leader of the group until its session ends.
  [14, 20_000],
]);

type QueueClass<Queue> = new (options: object) => Queue;

/** Kafkajs's request queue with one timer for the next time-out, instead of a hundred wake-ups a second. */
export function watchSilence(Original: QueueClass<RequestQueue>): QueueClass<WatchedQueue> {
  return class extends Original implements WatchedQueue {
    heardAt = 0;
    onSilence: (request: SocketRequest) => void = () => undefined;
    #timer: NodeJS.Timeout | null = null;

    override createSocketRequest(pushed: { readonly entry: RequestEntry }): SocketRequest {
      const request = super.createSocketRequest(pushed);
      const slow = SLOW_REQUESTS_MS.get(pushed.entry.apiKey) ?? 0;
      request.requestTimeout = Math.max(request.requestTimeout, slow);
      return request;
    }

    override sendSocketRequest(request: SocketRequest): void {
      super.sendSocketRequest(request);
      this.#watch();
    }

    /** Called once the connection is open. Kafkajs checks all requests ten times a second from then on. */
    override scheduleRequestTimeoutCheck(): void {
      this.destroy();
    }

    /** Kafkajs checks every millisecond, without end, whether something is queued. */
    override scheduleCheckPendingRequests(): void {
      if (this.pending.length > 0) super.scheduleCheckPendingRequests();
    }

    override destroy(): void {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      super.destroy();
    }

    #watch(): void {
      if (this.#timer !== null || this.inflight.size === 0) return;
      const next = Math.min(...[...this.inflight.values()].map((request) => this.#deadline(request)));
      this.#timer = setTimeout(
        () => {
          // A process that was paused first reads the data that has arrived meanwhile.
          setImmediate(() => this.#check());
        },
        Math.max(0, next - Date.now()),
      );
    }

    #check(): void {
      if (this.#timer === null) return;
      this.#timer = null;
      const now = Date.now();
      const overdue = [...this.inflight.values()].find((request) => this.#deadline(request) <= now);
      if (overdue === undefined) this.#watch();
      else this.onSilence(overdue);
    }

    #deadline({ sentAt, requestTimeout }: SocketRequest): number {
      return Math.max(sentAt ?? Date.now(), this.heardAt) + requestTimeout;
    }
  };
}

interface Socket {
  setKeepAlive(enable: boolean, initialDelay: number): void;
  destroy(): void;
}

/** The parts of kafkajs's connection that are used here. It is opened again after it was closed. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly requestQueue: RequestQueue;
  socket?: Socket;
  connectionStatus: string;
  authenticatedAt: unknown;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  authenticate(): Promise<void>;
  send(exchange: object): Promise<unknown>;
  processData(data: Buffer): void;
  rejectRequests(error: Error): void;
}

type ConnectionClass = new (options: object) => Connection;
type ClosedError = new (message: string, at: { host: string; port: number }) => Error;

/**
 * An idle connection is probed after so many milliseconds; it is closed when ten probes, one a second, have
 * no answer.
 */
const KEEP_ALIVE_MS = 10_000;
const LENGTH_BYTES = 4;

/**
 * Kafkajs's connection, closed when it is silent; its request queue must be a watched one. `Closed` is
 * kafkajs's error of a closed connection.
 */
export function closeSilent(Original: ConnectionClass, Closed: ClosedError): ConnectionClass {
  const open = new Set<SilentlyClosing>();

  class SilentlyClosing extends Original {
    declare readonly requestQueue: WatchedQueue;
    #connecting: Promise<boolean> | null = null;
    #closedBy: Error | null = null;

    constructor(options: object) {
      super(options);
      this.requestQueue.onSilence = (request) => this.#closeWithOthers(request);
    }

    /**
     * Requests without a connection share one attempt to connect: kafkajs opens one connection for each, and
     * forgets all but one.
     */
    override connect(): Promise<boolean> {
      if (this.isConnected()) return Promise.resolve(true);
      this.#connecting ??= this.#open().finally(() => {
        this.#connecting = null;
      });
      return this.#connecting;
    }

    override disconnect(): Promise<boolean> {
      open.delete(this);
      return super.disconnect();
    }

    override processData(data: Buffer): void {
      this.requestQueue.heardAt = Date.now();
      super.processData(data);
    }

    override authenticate(): Promise<void> {
      return this.#orClosed(super.authenticate());
    }

    override send(exchange: object): Promise<unknown> {
      return this.#orClosed(super.send(exchange));
    }

    async #open(): Promise<boolean> {
      this.#discardPartialReply();
      this.#closedBy = null;
      const connected = super.connect();
      const { socket } = this;
      socket?.setKeepAlive(true, KEEP_ALIVE_MS);
      try {
        await connected;
      } catch (error) {
        // On a slow network the socket might still be opened later, when another one has replaced it.
        socket?.destroy();
        throw error;
      }
      this.requestQueue.heardAt = Date.now();
      open.add(this);
      return true;
    }

    /** Kafkajs reads the first bytes of the next connection as the rest of a truncated reply. */
    #discardPartialReply(): void {
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = LENGTH_BYTES;
    }

    #closeWithOthers({ sentAt, entry }: SocketRequest): void {
      const { host, port } = this;
      const { apiName, apiKey, apiVersion } = entry;
      const error = new Closed(`Request ${apiName}(key: ${apiKey}, version: ${apiVersion}) timed out`, {
        host,
        port,
      });
      const isSilentToo = (other: SilentlyClosing) =>
        other.host === host && other.port === port && other.requestQueue.heardAt <= (sentAt ?? 0);
      for (const each of new Set([this, ...[...open].filter(isSilentToo)])) each.#close(error);
    }

    /** Closes at once: kafkajs's own method waits for replies that will never arrive. */
    #close(error: Error): void {
      open.delete(this);
      this.#closedBy = error;
      this.authenticatedAt = null;
      this.connectionStatus = 'disconnected';
      this.rejectRequests(error);
      this.requestQueue.destroy();
      this.socket?.destroy();
    }

    /** Kafkajs reports every failure during authentication as refused credentials, which are not retried. */
    async #orClosed<T>(work: Promise<T>): Promise<T> {
      try {
        return await work;
      } catch (error) {
        const isRefusal = error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError';
        throw isRefusal && this.#closedBy !== null ? this.#closedBy : error;
      }
    }
  }

  return SilentlyClosing;
}
