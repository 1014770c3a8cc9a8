/** The newest dead letters that this instance has written for a table and that still stand. */

import type { LetterChanges } from '../model/events.js';

/** A dead letter for people: never its row. */
export interface ShownLetter {
  readonly key: string;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

const MAX_SHOWN = 20;
const MAX_TEXT_LENGTH = 300;

export class StandingLetters {
  readonly #letters = new Map<string, ShownLetter>();

  /** The newest first. */
  get newest(): readonly ShownLetter[] {
    return [...this.#letters.values()].reverse();
  }

  apply({ written, removed }: LetterChanges, at: string): void {
    for (const key of removed) this.#letters.delete(key);
    for (const { key, reason } of written) this.#add(key, { key: short(key), reason: short(reason), at });
  }

  #add(key: string, letter: ShownLetter): void {
    this.#letters.delete(key);
    this.#letters.set(key, letter);
    const [oldest] = this.#letters.keys();
    if (this.#letters.size > MAX_SHOWN && oldest !== undefined) this.#letters.delete(oldest);
  }
}

function short(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}
