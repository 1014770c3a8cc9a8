/**
 * The request budget of one connection.
 *
 * Intercom deals its budget out in windows (ten seconds as a rule) and reports the current one with each response:
 * `X-RateLimit-Limit`, `-Remaining` and `-Reset`. This keeps the connection within its share of it, whoever else uses the
 * app: it counts what it has sent since the newest report and stops at what that report left. Nothing is hard-coded: until the first
 * response arrives only the number of requests in flight is bounded.
 */

/** Background work is what nobody waits for: it goes one request at a time, behind everybody, and leaves half of the budget. */
export type Priority = 'foreground' | 'background';

export interface BudgetOptions {
  /** The part of the app's budget that this connection may use: above 0, up to 1. */
  readonly share: number;
  /** Requests in flight at once. */
  readonly maxInFlight: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** What the API reported last about the current window. */
interface Report {
  limit: number;
  remaining: number;
  /** Epoch milliseconds (our clock) at which the window ends. */
  resetAt: number;
  /** Requests that this connection has started in the window. */
  used: number;
  /** Requests started since the report arrived. */
  sentSince: number;
}

export interface BudgetUse {
  readonly limit: number | null;
  readonly used: number;
  readonly waitedMs: number;
}

const LONGEST_WAIT_MS = 60_000;
const USUAL_WINDOW_MS = 10_000;

export class Budget {
  #share: number;
  #maxInFlight: number;
  #now: () => number;
  #report: Report | null = null;
  /** Epoch milliseconds until which a refusal holds everything back, whatever other responses report. */
  #closedUntil = 0;
  #inFlight = 0;
  #backgroundInFlight = 0;
  #foregroundWaiting = 0;
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #waitedMs = 0;

  constructor(options: BudgetOptions) {
    this.#share = options.share;
    this.#maxInFlight = options.maxInFlight;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Waits until one more request may be sent. Every `take` is followed by one `give` of the same priority. Rejects when `signal` aborts.
   */
  async take(signal: AbortSignal, priority: Priority = 'foreground'): Promise<void> {
    const isForeground = priority === 'foreground';
    const startedAt = this.#now();
    if (isForeground) this.#foregroundWaiting += 1;
    try {
      // Nothing may come between the look and the count of what is in flight.
      while (!(isForeground ? this.#mayStart() : this.#mayStartBehind())) {
        signal.throwIfAborted();
        await this.#turn(signal);
      }
    } finally {
      if (isForeground) this.#foregroundWaiting -= 1;
    }
    if (isForeground) this.#waitedMs += this.#now() - startedAt;
    else this.#backgroundInFlight += 1;
    this.#inFlight += 1;
    if (this.#report !== null) {
      this.#report.used += 1;
      this.#report.sentSince += 1;
    }
  }

  /** Marks the end of a request, with the headers of its response when there was one. */
  give(headers: Readonly<Record<string, unknown>> | null, priority: Priority = 'foreground'): void {
    this.#inFlight -= 1;
    if (priority === 'background') this.#backgroundInFlight -= 1;
    if (headers !== null) this.#observe(headers);
    this.#wake();
  }

  /** Starts no request until `ms` milliseconds from now (after a 429). Called before the refused request is given back. */
  pause(ms: number): void {
    const until = this.#now() + Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
    this.#closedUntil = Math.max(this.#closedUntil, until);
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get use(): BudgetUse {
    return { limit: this.#report?.limit ?? null, used: this.#report?.used ?? 0, waitedMs: this.#waitedMs };
  }

  #mayStartBehind(): boolean {
    if (this.#foregroundWaiting > 0 || this.#backgroundInFlight > 0 || !this.#mayStart()) return false;
    const report = this.#report;
    return report === null || report.used < Math.max(1, Math.floor((report.limit * this.#share) / 2));
  }

  #mayStart(): boolean {
    if (this.#inFlight >= this.#maxInFlight || this.#now() < this.#closedUntil) return false;
    const report = this.#report;
    if (report === null) return true;
    if (this.#now() >= report.resetAt) {
      // A new window has begun: it is as the last one until its first response says otherwise, which may never come.
      Object.assign(report, {
        remaining: report.limit,
        resetAt: this.#now() + USUAL_WINDOW_MS,
        used: 0,
        sentSince: 0,
      });
    }
    const ours = Math.max(1, Math.floor(report.limit * this.#share));
    return report.used < ours && report.sentSince < report.remaining;
  }

  #observe(headers: Readonly<Record<string, unknown>>): void {
    const limit = numberIn(headers['x-ratelimit-limit']);
    const remaining = numberIn(headers['x-ratelimit-remaining']);
    const reset = numberIn(headers['x-ratelimit-reset']);
    if (limit === null || remaining === null || reset === null || limit < 1) return;
    const resetAt = this.#now() + untilReset(reset, headers.date, this.#now());
    const current = this.#report;
    const sameWindow = current !== null && Math.abs(current.resetAt - resetAt) < 1500;
    // Replies come back in any order: within a window the lowest count is the newest.
    if (sameWindow && remaining > current.remaining) return;
    const used = sameWindow ? current.used : this.#inFlight + 1;
    this.#report = { limit, remaining, resetAt, used, sentSince: this.#inFlight };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((each) => each !== wake);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(wake);
      this.#alarm();
    });
  }

  /** Wakes everybody at the end of the pause or of the window, since no response may be on its way to do it. */
  #alarm(): void {
    const now = this.#now();
    const end = now < this.#closedUntil ? this.#closedUntil : this.#report?.resetAt;
    if (this.#timer !== null || end === undefined) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, end - now) + 1);
  }

  #wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/**
 * Milliseconds until the window ends. Both times of a response come from the same clock, so that their difference holds
 * even where ours is wrong; the header counts whole seconds, so the window may end up to a second later.
 */
function untilReset(resetSeconds: number, date: unknown, now: number): number {
  const serverNow = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const from = Number.isNaN(serverNow) ? now : serverNow;
  return Math.min(Math.max(resetSeconds * 1000 - from, 0), LONGEST_WAIT_MS);
}

function numberIn(value: unknown): number | null {
  const text = Array.isArray(value) ? value[0] : value;
  const number = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}
