/** When tables are polled next. Computed once for each schedule and time, since many tables share one. */

export class NextPolls {
  readonly #next: (schedule: string) => number;
  readonly #known = new Map<string, number>();

  /** `next`: the time in epoch milliseconds at which a cron expression comes round next. */
  constructor(next: (schedule: string) => number) {
    this.#next = next;
  }

  /** Epoch milliseconds. */
  of(schedule: string, now: number): number {
    const known = this.#known.get(schedule) ?? 0;
    if (known > now) return known;
    const next = this.#next(schedule);
    this.#known.set(schedule, next);
    return next;
  }
}
