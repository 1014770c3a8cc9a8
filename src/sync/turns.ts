/**
 * A lock: between deciding what is new in a table and publishing it, no other commit of the table may come.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work once everybody before is done, whatever became of theirs. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
