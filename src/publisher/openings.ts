/**
 * Limits how many connections are opened at the same time: opening needs memory and requests that an idle
 * connection does not need.
 */

import { setMaxListeners } from 'node:events';
import { PublisherError } from '../model/errors.js';

export interface OpeningsOptions {
  readonly places?: number;
  readonly longestMs?: number;
}

/**
 * Enough to hide the latency of Kafka and of the registry. More would use memory without being faster,
 * because all of them wait for the main thread.
 */
const PLACES = 8;
/**
 * A connection that needs longer (a large topic, a transaction that stays open, a registry that hangs)
 * continues without its place.
 */
const MAX_MS = 10_000;

export class Openings {
  readonly #longestMs: number;
  #free: number;
  readonly #queue = new Set<() => void>();

  constructor({ places = PLACES, longestMs = MAX_MS }: OpeningsOptions = {}) {
    this.#free = places;
    this.#longestMs = longestMs;
  }

  /**
   * Runs the work as soon as a place is free, in the order of the calls. Throws `stopped` when the signal
   * aborts before that.
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#acquire(signal);
    const release = once(() => this.#release());
    const timer = setTimeout(release, this.#longestMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw stopped();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    // All connections of a single pass wait with the same signal.
    setMaxListeners(0, signal);
    await new Promise<void>((resolve, reject) => {
      const grant = () => {
        signal.removeEventListener('abort', abandon);
        resolve();
      };
      const abandon = () => {
        this.#queue.delete(grant);
        reject(stopped());
      };
      this.#queue.add(grant);
      signal.addEventListener('abort', abandon, { once: true });
    });
  }

  /** The place goes to the connection that has waited longest. */
  #release(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

function stopped(): PublisherError {
  return new PublisherError('stopped', 'stopped before the connection began');
}
