/** Injected faults: the requests that they affect, how often, and their effect. */

import { Dice } from './random.js';

export type FaultKind =
  /** An error list with the given status. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfter?: number;
      /** Milliseconds before it is sent. */
      readonly delay?: number;
      /** The code in the error list. */
      readonly code?: string;
      readonly message?: string;
    }
  /** The connection ends before a reply. */
  | { readonly kind: 'reset' }
  /** The connection ends in the middle of the reply. */
  | { readonly kind: 'reset-mid-body' }
  | { readonly kind: 'empty-200' }
  /** A page of a proxy, with the given status or 200. */
  | { readonly kind: 'html'; readonly status?: number }
  | { readonly kind: 'truncated-json' }
  | { readonly kind: 'error-list-200' }
  /** The reply of a list, with this as its `pages.next`. */
  | { readonly kind: 'next'; readonly next: unknown }
  /** The reply of another row, with this ID. */
  | { readonly kind: 'other-id'; readonly id: string | number }
  /** The reply comes, but only after `ms`. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The reply begins at once, and its second half comes after `ms`. */
  | { readonly kind: 'slow-body'; readonly ms: number }
  /** The reply follows so many bytes of blanks. */
  | { readonly kind: 'huge-body'; readonly bytes: number }
  /** No reply ever. */
  | { readonly kind: 'hang' };

/** A method, and a route as it is counted (`GET /contacts/*`) or a pattern over the path. */
export interface RequestMatch {
  readonly method?: string;
  readonly route?: string | RegExp;
}

export type Fault = FaultKind & {
  /** Part of `METHOD path`, a pattern over it, or method and route. */
  readonly match?: string | RegExp | RequestMatch;
  /** Affects only requests whose reply has a row with one of these IDs. */
  readonly holding?: readonly string[];
  /** Requests that it still affects; left out: all. */
  times?: number;
  /** Matching requests to let through first. */
  after?: number;
  /** Affects each matching request with this probability. */
  readonly probability?: number;
  /**
   * False: the request is not carried out. True (a lost reply): it is, and only the reply is spoilt. Left
   * out: false, but for faults that need a reply to spoil.
   */
  readonly carriedOut?: boolean;
};

/** A request as faults know it. */
export interface FaultyRequest {
  readonly method: string;
  readonly path: string;
  readonly route: string;
}

const NEED_A_REPLY = new Set<FaultKind['kind']>([
  'slow',
  'slow-body',
  'huge-body',
  'reset-mid-body',
  'truncated-json',
  'other-id',
  'next',
]);

export function isCarriedOut({ kind, carriedOut }: Fault): boolean {
  return carriedOut ?? NEED_A_REPLY.has(kind);
}

const WHOLE = new Set(['slow', 'slow-body', 'huge-body']);

/** Whether the reply arrives unchanged, possibly late. */
export function isSentWhole({ kind }: Fault): boolean {
  return WHOLE.has(kind);
}

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

  /** The fault that affects this request, if any. `idsOf` gives the IDs of the rows in its reply. */
  meet(request: FaultyRequest, idsOf: () => ReadonlySet<string> = () => new Set()): Fault | null {
    for (const fault of this.#faults) {
      if (!isMatch(fault.match, request)) continue;
      if (fault.holding !== undefined && !holdsAny(idsOf(), fault.holding)) continue;
      if (fault.times !== undefined && fault.times <= 0) continue;
      if (fault.after !== undefined && fault.after > 0) {
        fault.after -= 1;
        continue;
      }
      if (fault.probability !== undefined && !this.#dice.chance(fault.probability)) continue;
      if (fault.times !== undefined) fault.times -= 1;
      return fault;
    }
    return null;
  }
}

function holdsAny(ids: ReadonlySet<string>, wanted: readonly string[]): boolean {
  return wanted.some((id) => ids.has(id));
}

function isMatch(match: Fault['match'], { method, path, route }: FaultyRequest): boolean {
  if (match === undefined) return true;
  if (typeof match === 'string') return `${method} ${path}`.includes(match);
  if (match instanceof RegExp) return match.test(`${method} ${path}`);
  if (match.method !== undefined && match.method !== method) return false;
  if (match.route === undefined) return true;
  return typeof match.route === 'string' ? match.route === route : match.route.test(path);
}
