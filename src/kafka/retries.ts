/**
 * Retries requests to Kafka while leaders or coordinators change, brokers restart or replicas are missing.
 * One report says what the request waits for, another one that the wait is over.
 */

import { typeOf } from './protocol-error.js';

/** Reports to a caller that requests have been failing for a while, and that they succeed again. */
export type DelayReport =
  | { readonly kind: 'waiting'; readonly error: Error; readonly ms: number }
  | { readonly kind: 'over'; readonly ms: number };

/** Brokers refuse a transaction for some milliseconds after the one before. */
const FIRST_WAIT_MS = 5;
const MAX_WAIT_MS = 500;
const REPORT_AFTER_MS = 5_000;
const MAX_FAILING_MS = 120_000;
/** A topic that was just created appears within seconds; a deleted topic never does. */
const MAX_UNKNOWN_TOPIC_MS = 15_000;

export class Retries {
  readonly #report: (report: DelayReport) => void;
  readonly #maxFailingMs: number;
  #failingSince: number | null = null;
  #isReported = false;
  /** `performance.now()` after which no request is retried. */
  #end = Number.POSITIVE_INFINITY;

  constructor(report: (report: DelayReport) => void = () => undefined, maxFailingMs = MAX_FAILING_MS) {
    this.#report = report;
    this.#maxFailingMs = maxFailingMs;
  }

  /**
   * Resolves with the first success. Throws permanent errors at once, and others once requests have failed
   * for too long.
   */
  async run<T>(request: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
      const startedAt = performance.now();
      try {
        const result = await request();
        this.#succeeded();
        return result;
      } catch (error) {
        this.#failed(error, startedAt);
        const ms = waitMs * (0.8 + 0.4 * Math.random());
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  }

  /** Ends the retries so many milliseconds from now. */
  endIn(ms: number): void {
    this.#end = Math.min(this.#end, performance.now() + ms);
  }

  #succeeded(): void {
    if (this.#isReported) this.#report({ kind: 'over', ms: this.#failingMs() });
    this.#failingSince = null;
    this.#isReported = false;
  }

  #failed(error: unknown, startedAt: number): void {
    if (!isTemporary(error)) throw error;
    this.#failingSince ??= startedAt;
    const ms = this.#failingMs();
    const maxMs = typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION' ? MAX_UNKNOWN_TOPIC_MS : this.#maxFailingMs;
    if (ms > maxMs || performance.now() > this.#end) throw error;
    if (this.#isReported || ms < REPORT_AFTER_MS) return;
    this.#isReported = true;
    this.#report({ kind: 'waiting', error, ms });
  }

  #failingMs(): number {
    return performance.now() - (this.#failingSince ?? performance.now());
  }
}

/** Kafkajs marks temporary errors, but not errors of its own waits and of the system. */
function isTemporary(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error.name === 'KafkaJSLockTimeout') return true;
  if ('retriable' in error) return error.retriable === true;
  return 'code' in error;
}
