/** The companies scroll: one at a time for the whole app, each call moves it on, and a minute unused ends it. */

import { randomUUID } from 'node:crypto';
import type { Place, Row } from './collection.js';
import { ApiError } from './errors.js';
import type { SimulatorOptions } from './options.js';
import type { Workspace } from './workspace.js';

const END = 8_640_000_000_000;

export class CompaniesScroll {
  readonly #workspace: Workspace;
  readonly #options: SimulatorOptions;
  #open: { readonly param: string; at: Place | null; usedAt: number } | null = null;
  /** Epoch seconds until which another app holds the scroll. */
  heldUntil = 0;

  constructor(workspace: Workspace, options: SimulatorOptions) {
    this.#workspace = workspace;
    this.#options = options;
  }

  /** The next page. Throws `scroll_exists` for a second start and `not_found` for a scroll that is over. */
  next(param: string | null): Row {
    const now = this.#options.now();
    if (this.#open !== null && now - this.#open.usedAt >= this.#options.scrollExpirySeconds)
      this.#open = null;
    if (param === null) this.#start(now);
    const scroll = this.#open;
    if (scroll === null || (param !== null && scroll.param !== param))
      throw new ApiError(404, 'not_found', 'scroll parameter not found');
    scroll.usedAt = now;
    const data: Row[] = [];
    for (const place of this.#workspace.companies.descending(END, scroll.at)) {
      const row = this.#workspace.companies.at(place.index);
      if (row !== undefined) data.push(row);
      scroll.at = place;
      if (data.length === this.#options.scrollPageSize) break;
    }
    if (data.length === 0) this.#end();
    return { type: 'list', data, pages: null, total_count: null, scroll_param: scroll.param };
  }

  /** Ends the scroll as an expiry does. */
  expire(): void {
    this.#open = null;
  }

  #start(now: number): void {
    if (this.#open !== null || now < this.heldUntil)
      throw new ApiError(400, 'scroll_exists', 'scroll already exists for this workspace');
    this.#open = { param: randomUUID(), at: null, usedAt: now };
  }

  #end(): void {
    this.#open = null;
    if (this.#options.scrollEnd === '404') throw new ApiError(404, 'not_found', 'scroll parameter not found');
  }
}
