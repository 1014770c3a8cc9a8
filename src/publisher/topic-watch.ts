/**
 * Notices when topics that this instance publishes to or follows are deleted, created again, or get more
 * partitions. Kafka reports none of that to a producer: it writes to the new topic as to the old one.
 */

import type { Topics } from '../kafka/topics.js';
import { PublisherError } from '../model/errors.js';
import { pause } from '../model/pause.js';

/** A topic as the session found it. */
export interface KnownTopic {
  readonly topic: string;
  /** Null where the brokers return no IDs. */
  readonly id: string | null;
  readonly partitions: number;
}

interface Watched {
  readonly topics: readonly KnownTopic[];
  readonly onChange: (error: PublisherError) => void;
}

/** Milliseconds between two requests, each for all watched topics. */
export const WATCH_EVERY_MS = 10_000;
/** A broker that has just started may not know every topic yet: a change counts when it is seen twice. */
const CONFIRM_MS = 1_000;

export class TopicWatch {
  readonly #source: Pick<Topics, 'identify'>;
  readonly #everyMs: number;
  readonly #confirmMs: number;
  readonly #stop = new AbortController();
  readonly #watched = new Set<Watched>();
  #running: Promise<void> | null = null;

  constructor(
    source: Pick<Topics, 'identify'>,
    { everyMs = WATCH_EVERY_MS, confirmMs = CONFIRM_MS }: { everyMs?: number; confirmMs?: number } = {},
  ) {
    this.#source = source;
    this.#everyMs = everyMs;
    this.#confirmMs = confirmMs;
  }

  /**
   * Calls `onChange` once, with `topic-missing` or `topic-invalid`, when one of the topics has changed.
   * Returns a function that ends the watch.
   */
  add(topics: readonly KnownTopic[], onChange: (error: PublisherError) => void): () => void {
    const watched = { topics, onChange };
    this.#watched.add(watched);
    this.#running ??= this.#run();
    return () => this.#watched.delete(watched);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await pause(this.#everyMs, signal);
        if ((await this.#changes()).size === 0) continue;
        await pause(this.#confirmMs, signal);
        for (const [watched, error] of await this.#changes())
          if (this.#watched.delete(watched)) watched.onChange(error);
      } catch {
        // Kafka did not answer. The next request checks again.
      }
    }
  }

  async #changes(): Promise<Map<Watched, PublisherError>> {
    const watched = [...this.#watched];
    const names = new Set(watched.flatMap(({ topics }) => topics.map(({ topic }) => topic)));
    if (names.size === 0) return new Map();
    const now = await this.#source.identify([...names]);
    return new Map(
      watched.flatMap((each) => {
        const [error] = each.topics.flatMap((known) => changeOf(known, now.get(known.topic)) ?? []);
        return error === undefined ? [] : [[each, error]];
      }),
    );
  }
}

/** The change of a topic as an error, or null when it has not changed. */
export function changeOf(before: KnownTopic, now: KnownTopic | undefined): PublisherError | null {
  const { topic, id, partitions } = before;
  if (now === undefined)
    return new PublisherError('topic-missing', `topic ${topic} was deleted while this instance used it`);
  if (id !== null && now.id !== null && id !== now.id)
    return new PublisherError(
      'topic-invalid',
      `topic ${topic} was deleted and created again while this instance used it (its ID was ${id}, and is ${now.id})`,
    );
  if (now.partitions !== partitions)
    return new PublisherError(
      'topic-invalid',
      `partitions were added to topic ${topic} while this instance used it: it had ${partitions}, and has ${now.partitions}`,
    );
  return null;
}
