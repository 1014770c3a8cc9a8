/**
 * Numbers the changes of what is shown, so that a client can request only what changed since its last answer.
 *
 * A client returns the token of that answer. A token of another process, or one from before everything changed,
 * is answered completely.
 */

import { randomBytes } from 'node:crypto';

/** What a token stands for. */
export interface Seen {
  readonly revision: number;
  /** Epoch milliseconds of its answer. */
  readonly at: number;
}

export class Revisions {
  /** Distinguishes this process from others behind the same address. */
  readonly #process = randomBytes(6).toString('hex');
  readonly #changed = new Map<string, number>();
  readonly #renewed = new Map<string, number>();
  #revision = 0;
  /** The revision at which everything changed. */
  #whole = 0;

  touch(key: string): void {
    this.#revision += 1;
    this.#changed.set(key, this.#revision);
  }

  /** Nothing that was shown of the key counts any more. */
  renew(key: string): void {
    this.touch(key);
    this.#renewed.set(key, this.#revision);
  }

  /** Everything changed: no earlier token counts, and no earlier key. */
  touchAll(): void {
    this.#revision += 1;
    this.#whole = this.#revision;
    this.#changed.clear();
    this.#renewed.clear();
  }

  isNewer(key: string, { revision }: Seen): boolean {
    return (this.#changed.get(key) ?? 0) > revision;
  }

  isRenewed(key: string, { revision }: Seen): boolean {
    return (this.#renewed.get(key) ?? 0) > revision;
  }

  /** The token of an answer that is given now. */
  token(now: number): string {
    return `${this.#process}-${this.#revision}-${now}`;
  }

  /** What the client has seen; null when it must be answered completely, also when the clock was set back. */
  seen(token: string | null, now: number): Seen | null {
    const [, process, revision, at] = /^([0-9a-f]+)-(\d{1,15})-(\d{1,15})$/.exec(token ?? '') ?? [];
    if (process !== this.#process) return null;
    const seen = { revision: Number(revision), at: Number(at) };
    const isKnown = seen.revision >= this.#whole && seen.revision <= this.#revision && seen.at <= now;
    return isKnown ? seen : null;
  }
}
