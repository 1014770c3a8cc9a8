/** A lock: between deciding what is new in a table and publishing it, no other commit of the table may come. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work once all work before it is done, whether that failed or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
