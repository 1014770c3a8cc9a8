/**
 * Finds the last records of single keys that are not in memory. Kafka can't find a record by its key, so the
 * whole topic is read. One reading serves all waiting callers. Pauses between readings limit the load on the
 * broker.
 */

import type { PublishedVersion } from '../sync/published.js';

type Versions = ReadonlyMap<string, PublishedVersion>;

/** After a reading of one second the next one waits for four seconds. */
const PAUSE_SHARE = 4;
/** A slower reading mostly waits for Kafka: for a broker that is down, or for an open transaction. */
const MIN_BYTES_PER_MS = 2_000;

/** Reads the topic once. `onRead` is called with the size of the records, in bytes, as they are read. */
type Read = (keys: ReadonlySet<string>, onRead: (bytes: number) => void) => Promise<Versions>;

export class TopicLookup {
  readonly #read: Read;
  readonly #signal: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();
  #next: { readonly keys: Set<string>; readonly versions: Promise<Versions> } | null = null;

  /** `signal` ends the pauses. */
  constructor(read: Read, signal: AbortSignal) {
    this.#read = read;
    this.#signal = signal;
  }

  /**
   * Resolves with the last records of these keys, and maybe of others, from a reading that starts after the
   * call.
   */
  find(keys: Iterable<string>): Promise<Versions> {
    this.#next ??= this.#plan();
    for (const key of keys) this.#next.keys.add(key);
    return this.#next.versions;
  }

  #plan() {
    const keys = new Set<string>();
    let pauseMs = 0;
    const versions = this.#last.then(async () => {
      // Keys that are requested from now on wait for the next reading.
      this.#next = null;
      const startedAt = performance.now();
      let read = 0;
      try {
        return await this.#read(keys, (bytes) => {
          read += bytes;
        });
      } finally {
        // The time that a reading waits for Kafka is no load, and must not delay the next one.
        pauseMs = PAUSE_SHARE * Math.min(performance.now() - startedAt, read / MIN_BYTES_PER_MS);
      }
    });
    this.#last = versions.catch(() => undefined).then(() => this.#rest(pauseMs));
    return { keys, versions };
  }

  #rest(ms: number): Promise<void> {
    const signal = this.#signal;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }
}
