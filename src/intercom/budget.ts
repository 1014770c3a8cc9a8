/**
 * The request budget of one connection.
 *
 * Intercom deals its budget out in windows (ten seconds as a rule) and reports the current one with each response:
 * `X-RateLimit-Limit`, `-Remaining` and `-Reset`. This keeps the connection within its share of it, whoever else uses the
 * app: it counts what it has sent since the newest report and stops at what that report left. Nothing is hard-coded: until the first
 * response arrives only the number of requests in flight is bounded.
 */

import type { BudgetUse } from '../model/events.js';

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
  /** The same by the clock of the API: what tells windows apart, however long a reply takes. */
  endsAt: number;
  /** That window is over, and nothing has been reported of the next one. */
  isOver: boolean;
  /** Requests that this connection has started in the window. */
  used: number;
  /** Requests started since the report arrived. */
  sentSince: number;
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
    if (!this.#mayStart() || this.#foregroundWaiting > 0 || this.#backgroundInFlight > 0) return false;
    const report = this.#report;
    return report === null || report.used < Math.max(1, Math.floor((report.limit * this.#share) / 2));
  }

  #mayStart(): boolean {
    const now = this.#now();
    this.#renew(now);
    if (this.#inFlight >= this.#maxInFlight || isAhead(this.#closedUntil, now)) return false;
    const report = this.#report;
    if (report === null) return true;
    const ours = Math.max(1, Math.floor(report.limit * this.#share));
    return report.used < ours && report.sentSince < report.remaining;
  }

  /** A window that is over is followed by one like it, until its first response says otherwise, which may never come. */
  #renew(now: number): void {
    const report = this.#report;
    if (report === null || isAhead(report.resetAt, now)) return;
    const resetAt = now + USUAL_WINDOW_MS;
    this.#report = { ...report, remaining: report.limit, resetAt, isOver: true, used: 0, sentSince: 0 };
  }

  #observe(headers: Readonly<Record<string, unknown>>): void {
    const limit = numberIn(headers['x-ratelimit-limit']);
    const remaining = numberIn(headers['x-ratelimit-remaining']);
    const reset = numberIn(headers['x-ratelimit-reset']);
    if (limit === null || remaining === null || reset === null || limit < 1) return;
    const now = this.#now();
    // Both times of a response come from the same clock, so that their difference holds even where ours is wrong.
    const apiNow = timeIn(headers.date) ?? now;
    const endsAt = Math.min(reset * 1000, apiNow + LONGEST_WAIT_MS);
    const current = this.#report;
    // A slow response may tell of a window that is over.
    if (current !== null && isPast(current, endsAt)) return;
    const resetAt = now + Math.max(endsAt - apiNow, 0);
    const sentSince = this.#inFlight;
    if (current === null || current.isOver || apiNow >= current.endsAt) {
      const used = Math.max(current?.isOver ? current.used : 0, sentSince + 1);
      this.#report = { limit, remaining, resetAt, endsAt, isOver: false, used, sentSince };
    } else if (remaining <= current.remaining) {
      // Replies come back in any order: within a window the lowest count is the newest, and the earliest end the most exact.
      const end = Math.min(resetAt, current.resetAt);
      this.#report = { ...current, limit, remaining, resetAt: end, sentSince };
    }
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
    const end = isAhead(this.#closedUntil, now) ? this.#closedUntil : this.#report?.resetAt;
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

/** Whether a moment is still to come: further ahead than any wait it is not, but our clock was set back. */
function isAhead(moment: number, now: number): boolean {
  return now < moment && moment <= now + LONGEST_WAIT_MS;
}

/** Whether a window that ends at `endsAt` (the API's clock) lies behind what is known. */
function isPast(known: Report, endsAt: number): boolean {
  return known.isOver ? endsAt <= known.endsAt : endsAt < known.endsAt;
}

/** Epoch milliseconds of a date header, or null. */
function timeIn(date: unknown): number | null {
  const ms = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

function numberIn(value: unknown): number | null {
  const text = Array.isArray(value) ? value[0] : value;
  const number = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}
