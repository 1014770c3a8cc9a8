/** Work that is done side by side, each piece of which may bring more of it. */

/** What the work on a piece can read and report. */
export interface SideBySide {
  /** Whether another piece has failed. */
  isFailed(): boolean;
  /** There may be another piece now. */
  askForMore(): void;
}

/**
 * Works on all pieces that `next` returns, at most `atOnce()` at once. Calls `next` again whenever a piece is
 * done or asks for more. After the first failure it begins no more pieces, and throws that failure once the
 * running ones have ended.
 */
export async function sideBySide<T>(
  atOnce: () => number,
  next: () => T | null,
  work: (piece: T, beside: SideBySide) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const isFailed = () => failures.length > 0;
  let askForMore = () => {};
  const beside = { isFailed, askForMore: () => askForMore() };
  for (;;) {
    while (running.size < atOnce() && !isFailed()) {
      const piece = next();
      if (piece === null) break;
      const run: Promise<void> = work(piece, beside)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size === 0) break;
    const asked = new Promise<void>((resolve) => {
      askForMore = resolve;
    });
    await Promise.race([...running, asked]);
  }
  if (isFailed()) throw failures[0];
}

/** Pieces whose outcome is on its way, all readers together: each of them is in memory. */
export class PendingPages {
  readonly #most: number;
  #pieces = 0;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts a piece until its outcome is known, whatever it is. */
  add(outcome: Promise<unknown>): void {
    this.#pieces += 1;
    const done = () => {
      this.#pieces -= 1;
      for (const wake of this.#waiting.splice(0)) wake();
    };
    outcome.then(done, done);
  }

  /** Resolves when there is room for more. */
  async room(): Promise<void> {
    while (this.#pieces >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** Accepts one piece after another while earlier ones are not committed yet. */
export class Pipeline {
  readonly #pending: PendingPages;
  #outcome: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(pending: PendingPages) {
    this.#pending = pending;
  }

  /**
   * Accepts a piece, and waits until another one may follow. After a failure it accepts none and throws that
   * failure, as `end` does.
   */
  async push(work: () => Promise<{ readonly committed: Promise<void> }>): Promise<void> {
    if (this.#failed) return this.end();
    const { committed } = await work();
    this.#pending.add(committed);
    this.#outcome = this.#outcome.then(() => committed);
    this.#outcome.catch(() => {
      this.#failed = true;
    });
    await this.#pending.room();
  }

  /** Waits for all outcomes; throws the first failure. */
  async end(): Promise<void> {
    await this.#outcome;
  }
}
