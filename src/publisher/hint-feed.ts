/** Hands the notifications of the hints topic to the connections that this instance owns. One reading serves them all. */

import type { Kafka } from 'kafkajs';
import { pause } from '../intercom/transport.js';
import { HINTS_KEPT_MS, type KeptHint, readHints } from '../kafka/hints.js';
import { TopicReader } from '../kafka/reader.js';

type Take = (hint: KeptHint) => void;

/** Clocks of brokers and instances may differ by this much, and an instance may begin to follow later than it began to own. */
const MARGIN_MS = 10_000;
const TRY_AGAIN_MS = 2_000;

export class HintFeed {
  readonly #topic: string;
  /** Of its own: whoever waits for the next record keeps its connection busy. */
  readonly #reader: TopicReader;
  readonly #stop = new AbortController();
  readonly #subscribers = new Map<string, Take>();
  readonly #done: Promise<void>;

  /** Begins to follow the topic at once. */
  constructor(kafka: Kafka, topic: string) {
    this.#topic = topic;
    this.#reader = new TopicReader(kafka);
    this.#done = this.#follow();
  }

  /**
   * Hands over what a connection was told since a time (epoch milliseconds by the broker's clock; null: as long as hints are kept), and then
   * whatever comes. The same hint may come twice. `onCaughtUp` is called between the two. Returns what ends it.
   */
  subscribe(connection: string, since: number | null, take: Take, onCaughtUp: () => void): () => void {
    this.#subscribers.set(connection, take);
    const isSubscribed = () => this.#subscribers.get(connection) === take;
    void this.#catchUp(connection, Math.max(since ?? 0, Date.now() - HINTS_KEPT_MS), (hint) => {
      if (isSubscribed()) take(hint);
    }).then(onCaughtUp);
    return () => {
      if (isSubscribed()) this.#subscribers.delete(connection);
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#reader.close();
  }

  async #catchUp(connection: string, from: number, take: Take): Promise<void> {
    await this.#tryUntilStopped(async (signal) => {
      for await (const hints of readHints(this.#reader, this.#topic, { from, follow: false, signal }))
        for (const hint of hints) if (hint.connection === connection) take(hint);
    });
  }

  async #follow(): Promise<void> {
    let from = Date.now() - MARGIN_MS;
    await this.#tryUntilStopped(async (signal) => {
      for await (const hints of readHints(this.#reader, this.#topic, { from, follow: true, signal })) {
        for (const hint of hints) {
          from = Math.max(from, hint.at - MARGIN_MS);
          this.#subscribers.get(hint.connection)?.(hint);
        }
      }
    });
  }

  /** Kafka may be gone for as long as it likes. */
  async #tryUntilStopped(read: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await read(signal);
        return;
      } catch {
        await pause(TRY_AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }
}
