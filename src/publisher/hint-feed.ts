/**
 * Passes the notifications of the hints topic to the connections that this instance owns. One reading serves
 * all of them.
 */

import type { KafkaAccess } from '../kafka/access.js';
import { HINTS_KEPT_MS, type KeptHint, planHints, readHints } from '../kafka/hints.js';
import { TopicReader } from '../kafka/reader.js';
import type { TopicFacts } from '../kafka/topics.js';
import { asPublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import type { TopicSettings } from '../model/kafka.js';
import { mustGet } from '../model/must-get.js';
import { pause } from '../model/pause.js';
import { MARGIN_MS } from './hint-work.js';
import type { SessionContext } from './session-context.js';
import { type TopicWatch, WATCH_EVERY_MS } from './topic-watch.js';

type Receive = (hint: KeptHint) => void;

const TRY_AGAIN_MS = 2_000;
/**
 * Milliseconds before a failure that are read again. The change of the topic that caused the failure may have
 * gone unnoticed for as long.
 */
const REREAD_MS = 3 * WATCH_EVERY_MS;

/** Notifications are optional: polls find the same changes. A missing topic does not prevent publishing. */
export class HintFeed {
  readonly #kafka: KafkaAccess;
  readonly #topics: TopicSettings;
  readonly #events: Events;
  readonly #watch: TopicWatch;
  /** Not shared: a reading that waits for the next record keeps its connection busy. */
  readonly #reader: TopicReader;
  readonly #stop = new AbortController();
  readonly #subscribers = new Map<string, Receive>();
  #done: Promise<void> | null = null;
  #isWarned = false;

  constructor({
    kafka,
    config,
    events,
    watch,
  }: Pick<SessionContext, 'kafka' | 'config' | 'events' | 'watch'>) {
    this.#kafka = kafka;
    this.#topics = config.topics;
    this.#events = events;
    this.#watch = watch;
    this.#reader = new TopicReader(kafka.kafka, events);
  }

  /** Follows the topic from now on, as soon as it is there. */
  start(): void {
    this.#done ??= this.#follow();
  }

  /**
   * Passes on the notifications of a connection since a time (epoch milliseconds by the broker's clock; null:
   * all that the topic holds), then calls `onCaughtUp`, then passes on new ones as they arrive. The same
   * notification may be passed on twice. Returns a function that unsubscribes.
   */
  subscribe(connection: string, since: number | null, receive: Receive, onCaughtUp: () => void): () => void {
    this.start();
    this.#subscribers.set(connection, receive);
    const isSubscribed = () => this.#subscribers.get(connection) === receive;
    void this.#catchUp(connection, Math.max(since ?? 0, Date.now() - HINTS_KEPT_MS), (hint) => {
      if (isSubscribed()) receive(hint);
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

  async #catchUp(connection: string, from: number, receive: Receive): Promise<void> {
    await this.#tryUntilStopped(async ({ topic }, signal) => {
      for await (const hints of readHints(this.#reader, topic, { from, follow: false, signal }))
        for (const hint of hints) if (hint.connection === connection) receive(hint);
    });
  }

  async #follow(): Promise<void> {
    let from = Date.now() - MARGIN_MS;
    await this.#tryUntilStopped(async (facts, signal) => {
      const changed = new AbortController();
      const unwatch = this.#watch.add([facts], (error) => changed.abort(error));
      const end = AbortSignal.any([signal, changed.signal]);
      try {
        for await (const hints of readHints(this.#reader, facts.topic, { from, follow: true, signal: end })) {
          for (const hint of hints) {
            from = Math.max(from, hint.at - MARGIN_MS);
            this.#subscribers.get(hint.connection)?.(hint);
          }
        }
      } catch (error) {
        // Records that were written since the topic changed may not have been read.
        from = Math.min(from, Date.now() - REREAD_MS);
        changed.signal.throwIfAborted();
        throw error;
      } finally {
        unwatch();
      }
    });
  }

  /** Retries for as long as Kafka or the topic is missing. */
  async #tryUntilStopped(read: (topic: TopicFacts, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const plan = planHints(this.#topics);
    while (!signal.aborted) {
      try {
        const topics = await this.#kafka.topics.ensure([plan], this.#topics.create);
        this.#isWarned = false;
        await read(mustGet(topics, plan.topic), signal);
        return;
      } catch (error) {
        this.#warn(asPublisherError(error).message);
        await pause(TRY_AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  /** Warns once for each outage. */
  #warn(why: string): void {
    if (this.#isWarned || this.#stop.signal.aborted) return;
    this.#isWarned = true;
    this.#events.emit('warning', { message: `webhook notifications are not processed: ${why}` });
  }
}
