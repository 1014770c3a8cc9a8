/**
 * How many requests should be in flight at once: enough to use the budget, or to hide the latency, and no
 * more.
 */

/** Requests in flight whatever the latency: enough to keep one core busy while the next replies come. */
const MIN_IN_FLIGHT = 6;
/**
 * Milliseconds of latency per request in flight, without a budget to fill: each reply is processed for some
 * milliseconds, while the next ones are in flight.
 */
const MS_A_REQUEST = 2;
/** Factor above the average, so that a budget is used up although requests are uneven. */
const HEADROOM = 1.5;
/** Replies after which an older fastest reply is forgotten. */
const MEMORY = 200;
/** Weight of the newest reply in the average. */
const NEWEST = 0.1;

/**
 * Learns the latency from replies. The fastest one shows how far away the API is, since the others may have
 * waited for this process. The average shows how many requests in flight use up a budget.
 */
export class Flight {
  #fastest = Number.POSITIVE_INFINITY;
  #fastestBefore = Number.POSITIVE_INFINITY;
  #replies = 0;
  #average: number | null = null;

  /** Records a reply, `ms` milliseconds after its request. */
  observe(ms: number): void {
    if (this.#replies % MEMORY === 0) {
      this.#fastestBefore = this.#fastest;
      this.#fastest = Number.POSITIVE_INFINITY;
    }
    this.#replies += 1;
    this.#fastest = Math.min(this.#fastest, ms);
    this.#average = this.#average === null ? ms : this.#average + NEWEST * (ms - this.#average);
  }

  get isKnown(): boolean {
    return this.#average !== null;
  }

  /**
   * Requests that should be in flight; null before the first reply. `perSecond` is what the budget grants, or
   * null.
   */
  wanted(perSecond: number | null): number | null {
    if (this.#average === null) return null;
    const hidden = Math.min(this.#fastest, this.#fastestBefore) / MS_A_REQUEST;
    const granted = perSecond === null ? 0 : (perSecond * this.#average * HEADROOM) / 1000;
    return Math.ceil(Math.max(MIN_IN_FLIGHT, hidden, granted));
  }
}
