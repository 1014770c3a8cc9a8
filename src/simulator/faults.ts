/** What goes wrong on demand: which requests it meets, how often, and how it shows. */

import { Dice } from './random.js';

export type FaultKind =
  /** An error list with the given status. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** The connection ends before a reply. */
  | { readonly kind: 'reset' }
  /** The connection ends in the middle of the reply. */
  | { readonly kind: 'reset-mid-body' }
  | { readonly kind: 'empty-200' }
  /** The page of a server in front of the API, with a 200 unless said otherwise. */
  | { readonly kind: 'html'; readonly status?: number }
  | { readonly kind: 'truncated-json' }
  | { readonly kind: 'error-list-200' }
  /** The reply comes, but only after `ms`. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** No reply ever. */
  | { readonly kind: 'hang' };

export type Fault = FaultKind & {
  /** Part of the path, or a pattern over `METHOD path`. */
  readonly match?: string | RegExp;
  /** Requests that it still meets; left out: all. */
  times?: number;
  /** Matching requests to let through first. */
  after?: number;
  /** Meets each matching request with this probability. */
  readonly probability?: number;
  /**
   * False: the request is not carried out. True (a lost reply): it is, and only the reply is spoilt. Where some of the right
   * reply arrives, late or cut, the request is always carried out.
   */
  readonly carriedOut?: boolean;
};

export class Faults {
  readonly #dice: Dice;
  #faults: Fault[] = [];

  constructor(seed: number) {
    this.#dice = new Dice(seed, 'faults', 0);
  }

  inject(fault: Fault): void {
    this.#faults.push({ ...fault });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The fault that this request meets, if any. */
  meet(method: string, path: string): Fault | null {
    for (const fault of this.#faults) {
      if (!isMatch(fault, `${method} ${path}`)) continue;
      if (fault.after !== undefined && fault.after > 0) {
        fault.after -= 1;
        continue;
      }
      if (fault.probability !== undefined && !this.#dice.chance(fault.probability)) continue;
      if (fault.times !== undefined && fault.times <= 0) continue;
      if (fault.times !== undefined) fault.times -= 1;
      return fault;
    }
    return null;
  }
}

/** Whether the workspace answers the request before the fault spoils the reply. */
export function isCarriedOut(fault: Fault): boolean {
  return fault.carriedOut === true || ['slow', 'reset-mid-body', 'truncated-json'].includes(fault.kind);
}

function isMatch({ match }: Fault, request: string): boolean {
  if (match === undefined) return true;
  return typeof match === 'string' ? request.includes(match) : match.test(request);
}
