/**
 * The notifications of one table while the schema registry does not let it publish.
 *
 * Their IDs wait in memory: they cost no request to Intercom, and no reading of the topic. The schema is tried
 * again at growing intervals. Once the registry accepts it, the IDs are processed as if they had just arrived.
 */

import { asPublisherError } from '../model/errors.js';
import { pause } from '../model/pause.js';

interface RegistryHoldOptions<T> {
  /** Makes the schema ready. Throws what the registry throws. */
  readonly prepare: () => Promise<void>;
  /** Called with the IDs once the registry accepts the schema. */
  readonly onReleased: (held: readonly (readonly [string, T])[]) => void;
  /** Ends with the session. */
  readonly signal: AbortSignal;
}

/**
 * Further IDs are dropped: the next complete cycle finds their changes, `reconcile` their deletions.
 */
const MAX_HELD = 20_000;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

export class RegistryHold<T> {
  readonly #options: RegistryHoldOptions<T>;
  readonly #held = new Map<string, T>();
  #isHolding = false;
  #tries = 0;
  /** When the last hold ended, by a monotonic clock. */
  #releasedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RegistryHoldOptions<T>) {
    this.#options = options;
  }

  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** An ID that arrives again while it is held is processed once. */
  add(id: string, notification: T): void {
    if (!this.#held.has(id) && this.#held.size < MAX_HELD) this.#held.set(id, notification);
  }

  /**
   * Begins a hold, unless there is one. True: it is to be reported. False: it continues an earlier one, which
   * has not ended or ended less than a minute ago.
   */
  begin(): boolean {
    if (this.#isHolding) return false;
    const isFirst = performance.now() - this.#releasedAt > MAX_WAIT_MS;
    if (isFirst) this.#tries = 0;
    this.#isHolding = true;
    // At the end of the session the IDs stay held, so that the next owner starts before them.
    void this.#release().catch(() => undefined);
    return isFirst;
  }

  async #release(): Promise<void> {
    const { onReleased, signal } = this.#options;
    do {
      await pause(Math.min(2 ** this.#tries * FIRST_WAIT_MS, MAX_WAIT_MS), signal);
      this.#tries += 1;
    } while (!(await this.#isAccepted()));
    signal.throwIfAborted();
    const held = [...this.#held];
    this.#held.clear();
    this.#isHolding = false;
    this.#releasedAt = performance.now();
    onReleased(held);
  }

  async #isAccepted(): Promise<boolean> {
    try {
      await this.#options.prepare();
      return true;
    } catch (error) {
      // Another failure is reported when the table publishes.
      return asPublisherError(error).origin !== 'registry';
    }
  }
}
