/** A lock: between deciding what is new in a table and publishing it, no other commit of the table may come. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work once all work before it is done, whether that failed or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // What the work returned is not kept: it may hold a page.
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
