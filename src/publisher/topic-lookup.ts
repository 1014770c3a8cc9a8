/**
 * Finds the last records of single keys that are not in memory. Kafka can't find a record by its key, so the
 * whole topic is read. One reading serves all waiting callers. Pauses between readings limit the load on the
 * broker.
 */

import type { PublishedVersion } from '../sync/published.js';

type Versions = ReadonlyMap<string, PublishedVersion>;

/** After a reading of one second the next one waits for four seconds. */
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
    const versions = this.#last.then(() => {
      // Keys that are requested from now on wait for the next reading.
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
