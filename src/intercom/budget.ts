/**
 * The request budget of one connection.
 *
 * Intercom grants requests per window (usually ten seconds) and reports the current window with each
 * response: `X-RateLimit-Limit`, `-Remaining` and `-Reset`. This class keeps the connection within its share,
 * also when other programs use the same app. It counts the requests sent since the newest report and stops at
 * what that report left. Nothing is hard-coded: until the first response arrives, only the number of requests
 * in flight is limited.
 */

import type { BudgetUse } from '../model/events.js';
import { Flight } from './flight.js';

/**
 * Background work has the lowest priority: one request at a time, behind all others, and half of the budget
 * stays free.
 */
export type Priority = 'foreground' | 'background';

/**
 * The caller of a request. Lanes of the same priority are served in turns, so that none waits behind another
 * one's backlog.
 */
export interface Asker {
  readonly priority: Priority;
  /** A table's name, as a rule. */
  readonly lane: string;
}

const DEFAULT_ASKER: Asker = { priority: 'foreground', lane: '' };

export interface BudgetOptions {
  /** The part of the app's budget that this connection may use: above 0, up to 1. */
  readonly share: number;
  /** The most requests in flight at once; how many there are follows latency and budget. */
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
  /** The same by the clock of the API: it distinguishes windows, however late a reply arrives. */
  endsAt: number;
  /** How long a window is at most. */
  windowMs: number;
  /** That window is over, and nothing has been reported of the next one. */
  isOver: boolean;
  /** Requests that this connection has started in the window. */
  used: number;
  /** Requests started since the report arrived. */
  sentSince: number;
}

const MAX_WAIT_MS = 60_000;
const USUAL_WINDOW_MS = 10_000;

export class Budget {
  readonly #share: number;
  readonly #maxInFlight: number;
  readonly #now: () => number;
  #report: Report | null = null;
  /** Epoch milliseconds until which a refusal delays all requests, whatever other responses report. */
  #closedUntil = 0;
  /**
   * How often all requests had to wait since one was accepted. Until one is, requests are sent one at a time.
   */
  #refusals = 0;
  #isTrying = false;
  #inFlight = 0;
  #backgroundInFlight = 0;
  readonly #flight = new Flight();
  readonly #foreground = new Lanes();
  readonly #background = new Lanes();
  #timer: NodeJS.Timeout | null = null;
  #waitedMs = 0;

  constructor(options: BudgetOptions) {
    this.#share = options.share;
    this.#maxInFlight = options.maxInFlight;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Waits until one more request may be sent. Every `acquire` is followed by one `release` of the same asker.
   * Rejects when `signal` aborts.
   */
  async acquire(signal: AbortSignal, { priority, lane }: Asker = DEFAULT_ASKER): Promise<void> {
    signal.throwIfAborted();
    const startedAt = this.#now();
    const lanes = priority === 'foreground' ? this.#foreground : this.#background;
    const granted = lanes.wait(lane, signal);
    this.#grant();
    await granted;
    if (priority === 'foreground') this.#waitedMs += this.#now() - startedAt;
  }

  /**
   * Marks the end of a request with the headers of its response when there was one. `ms` is how long it took,
   * in milliseconds; null for a request that was refused, which says nothing of latency.
   */
  release(
    headers: Readonly<Record<string, unknown>> | null,
    { priority }: Asker = DEFAULT_ASKER,
    ms: number | null = null,
  ): void {
    this.#inFlight -= 1;
    if (priority === 'background') this.#backgroundInFlight -= 1;
    if (headers !== null) this.#observe(headers);
    if (headers !== null && ms !== null) {
      this.#flight.observe(ms);
      this.#refusals = 0;
    }
    this.#isTrying = false;
    this.#grant();
  }

  /**
   * Starts no request until `ms` milliseconds from now (after a 429), and then one at a time until one is
   * accepted. Called before `release` of the refused request.
   */
  pause(ms: number): void {
    const now = this.#now();
    // Requests that are in flight together are refused together: they count once.
    if (!isAhead(this.#closedUntil, now) || this.#refusals === 0) this.#refusals += 1;
    const until = now + Math.min(Math.max(ms, 0), MAX_WAIT_MS);
    this.#closedUntil = Math.max(this.#closedUntil, until);
  }

  /** Times in a row that all requests had to wait because one of them was refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Requests that should be in flight; 1 before the first reply. */
  get wanted(): number {
    return this.#flight.isKnown ? this.#mostInFlight(this.#report) : 1;
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get use(): BudgetUse {
    return { limit: this.#report?.limit ?? null, used: this.#report?.used ?? 0, waitedMs: this.#waitedMs };
  }

  /** Starts as many requests as the budget allows. */
  #grant(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (!this.#foreground.isEmpty && this.#mayStart()) this.#start(this.#foreground);
    while (!this.#background.isEmpty && this.#mayStartBehind()) {
      this.#backgroundInFlight += 1;
      this.#start(this.#background);
    }
    if (!this.#foreground.isEmpty || !this.#background.isEmpty) this.#alarm();
  }

  #start(lanes: Lanes): void {
    this.#inFlight += 1;
    this.#isTrying = this.#refusals > 0;
    if (this.#report !== null) {
      this.#report.used += 1;
      this.#report.sentSince += 1;
    }
    lanes.next();
  }

  #mayStartBehind(): boolean {
    if (!this.#mayStart() || !this.#foreground.isEmpty || this.#backgroundInFlight > 0) return false;
    const report = this.#report;
    return report === null || report.used < Math.max(1, Math.floor((report.limit * this.#share) / 2));
  }

  #mayStart(): boolean {
    const now = this.#now();
    this.#renew(now);
    const report = this.#report;
    if (this.#inFlight >= this.#mostInFlight(report) || isAhead(this.#closedUntil, now)) return false;
    if (this.#isTrying) return false;
    if (report === null) return true;
    const ours = Math.max(1, Math.floor(report.limit * this.#share));
    return report.used < ours && report.sentSince < report.remaining;
  }

  #mostInFlight(report: Report | null): number {
    const perSecond = report === null ? null : (report.limit * this.#share * 1000) / report.windowMs;
    return Math.min(this.#maxInFlight, this.#flight.wanted(perSecond) ?? this.#maxInFlight);
  }

  /**
   * A window that is over is followed by one like it, until its first response says otherwise, which may
   * never come.
   */
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
    // Both times of a response come from the same clock, so that their difference holds even where ours is
    // wrong.
    const apiNow = timeIn(headers.date) ?? now;
    const endsAt = Math.min(reset * 1000, apiNow + MAX_WAIT_MS);
    const current = this.#report;
    // A slow response may report a window that is over.
    if (current !== null && isPast(current, endsAt)) return;
    const resetAt = now + Math.max(endsAt - apiNow, 0);
    const sentSince = this.#inFlight;
    if (current === null || current.isOver || apiNow >= current.endsAt) {
      const used = Math.max(current?.isOver ? current.used : 0, sentSince + 1);
      const windowMs = current === null ? USUAL_WINDOW_MS : windowBetween(current, endsAt);
      this.#report = { limit, remaining, resetAt, endsAt, windowMs, isOver: false, used, sentSince };
    } else if (remaining <= current.remaining) {
      // Replies come back in any order: within a window the lowest count is the newest, and the earliest end
      // the most exact.
      const end = Math.min(resetAt, current.resetAt);
      this.#report = { ...current, limit, remaining, resetAt: end, sentSince };
    }
  }

  /**
   * Tries again at the end of the pause or of the window, since there may be no request in flight whose
   * response would do it.
   */
  #alarm(): void {
    const now = this.#now();
    const end = isAhead(this.#closedUntil, now) ? this.#closedUntil : this.#report?.resetAt;
    if (end !== undefined) this.#timer = setTimeout(() => this.#grant(), Math.max(0, end - now) + 1);
  }
}

interface Waiting {
  grant(): void;
}

/** Waiting callers, in lanes that are served in turns. */
class Lanes {
  /** The lane whose turn it is comes first. */
  readonly #lanes = new Map<string, Waiting[]>();

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Resolves when it is granted; rejects when the signal aborts. */
  wait(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#leave(name, waiting);
        reject(signal.reason);
      };
      const grant = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiting = { grant };
      signal.addEventListener('abort', onAbort, { once: true });
      const lane = this.#lanes.get(name);
      if (lane === undefined) this.#lanes.set(name, [waiting]);
      else lane.push(waiting);
    });
  }

  /** Grants the first one of the lane whose turn it is, which then has to wait for its next one. */
  next(): void {
    const [entry] = this.#lanes;
    if (entry === undefined) return;
    const [name, lane] = entry;
    const first = lane.shift();
    this.#lanes.delete(name);
    if (lane.length > 0) this.#lanes.set(name, lane);
    first?.grant();
  }

  #leave(name: string, waiting: Waiting): void {
    const left = (this.#lanes.get(name) ?? []).filter((each) => each !== waiting);
    if (left.length === 0) this.#lanes.delete(name);
    else this.#lanes.set(name, left);
  }
}

/**
 * Whether a moment is in the future. One that is further ahead than any wait does not count: this machine's
 * clock was set back.
 */
function isAhead(moment: number, now: number): boolean {
  return now < moment && moment <= now + MAX_WAIT_MS;
}

/** Whether a window that ends at `endsAt` (the API's clock) is older than the known one. */
function isPast(known: Report, endsAt: number): boolean {
  return known.isOver ? endsAt <= known.endsAt : endsAt < known.endsAt;
}

/**
 * Windows follow each other, but some may have passed without a request: the shortest distance of their ends
 * counts.
 */
function windowBetween({ endsAt, windowMs }: Report, next: number): number {
  const distance = next - endsAt;
  return distance > 0 ? Math.min(windowMs, distance) : windowMs;
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
