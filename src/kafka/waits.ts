/** What readings wait for, reported once for as long as it lasts, however many readings wait for the same. */

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
   * Reports a wait, unless another reading waits for the same. Returns what ends it, with what happened, or
   * null where there is nothing to say.
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
