/** Follows the control topic for all sessions of an instance. */

import {
  type ControlReader,
  followControls,
  planControl,
  readControls,
  type TableControl,
} from '../kafka/control.js';
import type { Positions, TopicReader } from '../kafka/reader.js';
import { stateKey } from '../kafka/states.js';
import type { Topics } from '../kafka/topics.js';
import type { Control } from '../model/control.js';
import { messageOf } from '../model/errors.js';
import type { Events } from '../model/events.js';
import type { TopicSettings } from '../model/kafka.js';
import { mustGet } from '../model/must-get.js';
import { pause } from '../model/pause.js';
import { controlTopic } from '../model/topic-names.js';
import type { TopicWatch } from './topic-watch.js';

type Receive = (table: string, control: Control) => void;

interface ControlFeedOptions {
  readonly kafka: {
    readonly topics: Pick<Topics, 'describe' | 'ensure'>;
    readonly reader: ControlReader;
  };
  readonly topics: TopicSettings;
  readonly events: Events;
  readonly watch: Pick<TopicWatch, 'add'>;
  /** Not shared: a reading that waits for the next record keeps its connection busy. */
  readonly reader: Pick<TopicReader, 'read' | 'close'>;
  /** Milliseconds that a start waits for what was requested until now. */
  readonly readyWithinMs?: number;
}

const TRY_AGAIN_MS = 2_000;
/** A topic without a leader must not keep connections from being opened. */
const READY_WITHIN_MS = 10_000;

/**
 * Control is an extra, like notifications: where the topic is missing or can't be read, tables stay as their
 * states have them, and everything is published.
 */
export class ControlFeed {
  readonly #options: ControlFeedOptions;
  readonly #topic: string;
  readonly #stop = new AbortController();
  readonly #receivers = new Map<string, Receive>();
  readonly #controls = new Map<string, Control>();
  /** Tables whose newest record this version can't read. */
  readonly #newer = new Set<string>();
  #isWarned = false;
  #done: Promise<void> | null = null;
  #read: Promise<void> | null = null;

  constructor(options: ControlFeedOptions) {
    this.#options = options;
    this.#topic = controlTopic(options.topics.prefix);
  }

  /**
   * Reads once what was requested until now. Resolves also where that can't be read, or not in time, and when
   * the signal aborts.
   */
  async ready(signal: AbortSignal): Promise<void> {
    this.#read ??= this.#readOnce();
    const { readyWithinMs = READY_WITHIN_MS } = this.#options;
    const over = new AbortController();
    const late = () => this.#warn(`topic ${this.#topic} was not read within ${readyWithinMs / 1_000} s`);
    const limit = pause(readyWithinMs, AbortSignal.any([signal, over.signal])).then(late, () => undefined);
    await Promise.race([this.#read, limit]);
    over.abort();
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
    await this.#options.reader.close();
  }

  async #readOnce(): Promise<void> {
    try {
      if ((await this.#options.kafka.topics.describe([this.#topic])).size === 0) return;
      await this.#readAll(this.#stop.signal);
    } catch (error) {
      this.#warn(messageOf(error));
    }
  }

  async #readAll(signal: AbortSignal): Promise<Positions> {
    const { controls, end } = await readControls(this.#options.kafka.reader, this.#topic, signal);
    for (const control of controls.values()) this.#receive(control);
    return end;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#followUntilChanged(signal);
      } catch (error) {
        this.#warn(messageOf(error));
        await pause(TRY_AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  /** Throws when the topic can't be read, and when it was created again. */
  async #followUntilChanged(signal: AbortSignal): Promise<void> {
    const { kafka, topics, watch, reader } = this.#options;
    const existing = await kafka.topics.ensure([planControl(topics)], topics.create);
    const changed = new AbortController();
    const unwatch = watch.add([mustGet(existing, this.#topic)], (error) => changed.abort(error));
    const end = AbortSignal.any([signal, changed.signal]);
    try {
      const from = await this.#readAll(end);
      this.#isWarned = false;
      for await (const controls of followControls(reader, this.#topic, from, end))
        for (const control of controls.values()) this.#receive(control);
    } catch (error) {
      throw changed.signal.aborted ? changed.signal.reason : error;
    } finally {
      unwatch();
    }
  }

  #receive({ connection, table, control }: TableControl): void {
    const key = stateKey(connection, table);
    if (control === 'newer') {
      this.#warnNewer(key);
      return;
    }
    this.#newer.delete(key);
    const before = this.#controls.get(key);
    // A reading that begins again returns what was received before.
    if (before?.id === control.id && before.revision === control.revision) return;
    this.#controls.set(key, control);
    this.#receivers.get(connection)?.(table, control);
  }

  #warnNewer(key: string): void {
    if (this.#newer.has(key)) return;
    this.#newer.add(key);
    const message = `the request for ${key} in topic ${this.#topic} is not followed: a newer version of this program wrote it; run that version`;
    this.#options.events.emit('warning', { message });
  }

  /** Once for as long as it lasts. */
  #warn(why: string): void {
    if (this.#isWarned || this.#stop.signal.aborted) return;
    this.#isWarned = true;
    const message = `requests in the control topic are not followed: ${why}`;
    this.#options.events.emit('warning', { message });
  }
}
