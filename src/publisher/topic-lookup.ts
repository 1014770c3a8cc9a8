/**
 * What a topic has last of single keys, where memory does not know them. Kafka finds no record by its key, so
 * the whole topic is read: one reading serves everyone who waits for it, and readings follow each other
 * slowly, so that they stay a small share of the broker's work.
 */

import type { PublishedVersion } from '../sync/published.js';

type Versions = ReadonlyMap<string, PublishedVersion>;

/** A reading that took a second is followed by four without one. */
const PAUSE_SHARE = 4;

export class TopicLookup {
  readonly #read: (keys: ReadonlySet<string>) => Promise<Versions>;
  readonly #signal: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();
  #next: { readonly keys: Set<string>; readonly versions: Promise<Versions> } | null = null;

  /** `read` reads the topic once; `signal` ends the pauses. */
  constructor(read: (keys: ReadonlySet<string>) => Promise<Versions>, signal: AbortSignal) {
    this.#read = read;
    this.#signal = signal;
  }

  /**
   * Resolves with what the topic has of these keys, and maybe of others, after a reading that begins from now
   * on.
   */
  find(keys: Iterable<string>): Promise<Versions> {
    this.#next ??= this.#plan();
    for (const key of keys) this.#next.keys.add(key);
    return this.#next.versions;
  }

  #plan() {
    const keys = new Set<string>();
    const versions = this.#last.then(() => {
      // Keys that come from now on wait for the next reading.
      this.#next = null;
      return this.#read(keys);
    });
    const startedAt = this.#last.then(() => performance.now());
    this.#last = versions
      .catch(() => undefined)
      .then(async () => this.#rest(PAUSE_SHARE * (performance.now() - (await startedAt))));
    return { keys, versions };
  }

  #rest(ms: number): Promise<void> {
    const { signal } = { signal: this.#signal };
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
