/** Follows the control topic for all sessions of an instance. */

import type { KafkaAccess } from '../kafka/access.js';
import { followControls, planControl, readControls } from '../kafka/control.js';
import { TopicReader } from '../kafka/reader.js';
import { stateKey } from '../kafka/states.js';
import type { Control } from '../model/control.js';
import { asPublisherError } from '../model/errors.js';
import type { Events } from '../model/events.js';
import type { TopicSettings } from '../model/kafka.js';
import { pause } from '../model/pause.js';
import { controlTopic } from '../model/topic-names.js';

type Receive = (table: string, control: Control) => void;

const TRY_AGAIN_MS = 2_000;

/**
 * Control is an extra, like notifications: where the topic is missing or can't be read, nothing was requested,
 * and everything is published.
 */
export class ControlFeed {
  readonly #kafka: KafkaAccess;
  readonly #topics: TopicSettings;
  /** Of its own: a reading that waits for the next record keeps its connection busy. */
  readonly #reader: TopicReader;
  readonly #stop = new AbortController();
  readonly #receivers = new Map<string, Receive>();
  readonly #controls = new Map<string, Control>();
  readonly #events: Events;
  #isWarned = false;
  #done: Promise<void> | null = null;
  #read: Promise<void> | null = null;

  constructor(kafka: KafkaAccess, topics: TopicSettings, events: Events) {
    this.#kafka = kafka;
    this.#topics = topics;
    this.#events = events;
    this.#reader = new TopicReader(kafka.kafka, events);
  }

  /** Reads once what was requested until now. Resolves also where that can't be read. */
  ready(signal: AbortSignal): Promise<void> {
    this.#read ??= this.#readAll(signal);
    return this.#read;
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const topic = controlTopic(this.#topics.prefix);
    try {
      if ((await this.#kafka.topics.describe([topic])).size === 0) return;
      for (const [key, control] of await readControls(this.#kafka.reader, topic, signal))
        this.#controls.set(key, control);
    } catch {
      // Nothing was requested, as far as is known.
    }
  }

  /** Follows the topic from now on, as soon as it exists. */
  start(): void {
    this.#done ??= this.ready(this.#stop.signal).then(() => this.#follow());
  }

  /** What was requested of a table, as far as it was read. */
  of(connection: string, table: string): Control | undefined {
    return this.#controls.get(stateKey(connection, table));
  }

  /** Calls back with each control of the connection that follows. Returns what ends that. */
  subscribe(connection: string, receive: Receive): () => void {
    this.#receivers.set(connection, receive);
    return () => {
      if (this.#receivers.get(connection) === receive) this.#receivers.delete(connection);
    };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#reader.close();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    const plan = planControl(this.#topics);
    while (!signal.aborted) {
      try {
        await this.#kafka.topics.ensure([plan], this.#topics.create);
        this.#isWarned = false;
        for await (const controls of followControls(this.#reader, plan.topic, signal)) {
          for (const { connection, table, control } of controls) {
            const before = this.of(connection, table);
            // A reading that begins again returns what was received before.
            if (before !== undefined && before.id === control.id) continue;
            this.#controls.set(stateKey(connection, table), control);
            this.#receivers.get(connection)?.(table, control);
          }
        }
      } catch (error) {
        this.#warn(asPublisherError(error).message);
        await pause(TRY_AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  /** Once for as long as it lasts. */
  #warn(why: string): void {
    if (this.#isWarned || this.#stop.signal.aborted) return;
    this.#isWarned = true;
    this.#events.emit('warning', { message: `requests in the control topic are not followed: ${why}` });
  }
}
