/** The request budget, dealt out in windows. */

export interface BudgetHeaders {
  readonly 'X-RateLimit-Limit': string;
  readonly 'X-RateLimit-Remaining': string;
  readonly 'X-RateLimit-Reset': string;
}

export class SimulatedBudget {
  readonly #limit: number;
  readonly #windowMs: number;
  #windowEnds = Number.NEGATIVE_INFINITY;
  #used = 0;

  constructor(limit: number, windowSeconds: number) {
    this.#limit = limit;
    this.#windowMs = windowSeconds * 1000;
  }

  /** Counts a request at `now` (epoch milliseconds); `refused` when it is past the budget. */
  spend(now: number): { readonly refused: boolean; readonly headers: BudgetHeaders } {
    if (now >= this.#windowEnds) {
      this.#windowEnds = (Math.floor(now / this.#windowMs) + 1) * this.#windowMs;
      this.#used = 0;
    }
    const refused = this.#used >= this.#limit;
    if (!refused) this.#used += 1;
    const headers = {
      'X-RateLimit-Limit': String(this.#limit),
      'X-RateLimit-Remaining': String(this.#limit - this.#used),
      'X-RateLimit-Reset': String(Math.ceil(this.#windowEnds / 1000)),
    };
    return { refused, headers };
  }
}
