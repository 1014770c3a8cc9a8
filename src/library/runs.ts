import { PublisherError } from '../model/errors.js';

/** The methods of a publisher that are running, so that closing it ends them first. */
export class Runs {
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /**
   * Runs `work` with a signal that aborts with `signal`, or when the runs end. Throws `stopped` when they have
   * ended.
   */
  async during<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#end.signal.aborted) throw new PublisherError('stopped', 'the publisher is closed');
    const running = work(AbortSignal.any([signal, this.#end.signal]));
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Aborts what is running, and resolves when all of it is over. */
  async end(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled(this.#running);
  }
}
