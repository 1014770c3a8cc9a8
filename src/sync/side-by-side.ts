/** Work that is done side by side, each piece of which may bring more of it. */

/**
 * Does everything that `next` gives, at most `atOnce()` of it at once, and asks again whenever a piece is done. With the first failure no more
 * is begun; it is thrown when what was begun has come to rest. `isFailed` tells the work about it.
 */
export async function sideBySide<T>(
  atOnce: () => number,
  next: () => T | null,
  work: (piece: T, isFailed: () => boolean) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const isFailed = () => failures.length > 0;
  for (;;) {
    while (running.size < atOnce() && !isFailed()) {
      const piece = next();
      if (piece === null) break;
      const run: Promise<void> = work(piece, isFailed)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (isFailed()) throw failures[0];
}

/** Pieces that were begun and are not done, all readers together: each of them is in memory. */
export class Backlog {
  readonly #most: number;
  #pieces = 0;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#pieces += 1;
    try {
      return await work();
    } finally {
      this.#pieces -= 1;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.#pieces >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/**
 * Takes each piece while what the one before came to is still on its way. At the end, whatever it is, nothing is; the first failure is
 * thrown.
 */
export class Pipeline {
  readonly #backlog: Backlog;
  #last: Promise<unknown> = Promise.resolve();

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  /** Waits for the piece before, begins with this one, and waits until there is room for another. */
  async begin(work: () => Promise<unknown>): Promise<void> {
    await this.#last;
    this.#last = this.#backlog.hold(work);
    // Who begins the next piece, or ends, learns of it.
    this.#last.catch(() => undefined);
    await this.#backlog.room();
  }

  /** Waits for the last piece. */
  async end(): Promise<void> {
    await this.#last;
  }
}
