/**
 * A lock. From the decision what is new in a table until that is published, no other commit of the table is
 * allowed.
 */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work once all earlier work has ended, whether that failed or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // The result of the work is not kept: it may hold a page.
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
