/** Recent activity: sums over short time spans, the newest last. */

/** Ten minutes in spans of ten seconds. */
const SPANS = 60;
const SPAN_MS = 10_000;

export class Activity {
  readonly #sums = new Array<number>(SPANS).fill(0);
  #newest = 0;

  add(count: number, now: number): void {
    this.#turn(now);
    const last = SPANS - 1;
    this.#sums[last] = (this.#sums[last] ?? 0) + count;
  }

  /** The sums, oldest first. */
  recent(now: number): readonly number[] {
    this.#turn(now);
    return [...this.#sums];
  }

  /** Per minute, over the last whole minute. */
  perMinute(now: number): number {
    const spans = 60_000 / SPAN_MS;
    return this.recent(now)
      .slice(-spans - 1, -1)
      .reduce((sum, each) => sum + each, 0);
  }

  #turn(now: number): void {
    const span = Math.floor(now / SPAN_MS);
    const passed = Math.min(SPANS, Math.max(0, span - this.#newest));
    if (passed === 0) return;
    this.#newest = span;
    this.#sums.splice(0, passed);
    this.#sums.push(...new Array<number>(passed).fill(0));
  }
}
