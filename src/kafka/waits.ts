/** Reports what readings wait for, once for each wait, however many readings wait for the same. */

import type { Events } from '../model/events.js';

interface Wait {
  readonly topic: string;
  readonly message: string;
  waiting: number;
}

export class Waits {
  readonly #events: Events;
  readonly #waits = new Map<string, Wait>();

  constructor(events: Events) {
    this.#events = events;
  }

  /**
   * Reports a wait, unless another reading waits for the same. Returns a function that ends the wait, with
   * the message to report, or null for none.
   */
  begin(key: string, topic: string, message: string): (outcome: string | null) => void {
    const wait = this.#waits.get(key) ?? { topic, message, waiting: 0 };
    wait.waiting += 1;
    this.#waits.set(key, wait);
    if (wait.waiting === 1) this.#events.emit('reading:waiting', { key, topic, message });
    return (outcome) => this.#end(key, wait, outcome);
  }

  #end(key: string, wait: Wait, outcome: string | null): void {
    wait.waiting -= 1;
    if (wait.waiting > 0) return;
    this.#waits.delete(key);
    this.#events.emit('reading:resumed', { key, topic: wait.topic, message: outcome });
  }
}
