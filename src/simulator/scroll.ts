/**
 * The companies scroll. An app has one at a time. Each call returns the next page, and a minute without a
 * call ends the scroll.
 */

import { randomUUID } from 'node:crypto';
import type { Row } from './collection.js';
import { ApiError } from './errors.js';
import type { SimulatorOptions } from './options.js';
import type { Workspace } from './workspace.js';

interface OpenScroll {
  readonly param: string;
  /** The index of the next row, and the end of the rows when the scroll was opened. */
  at: number;
  readonly end: number;
  /** Epoch seconds. */
  usedAt: number;
}

export class CompaniesScroll {
  readonly #workspace: Workspace;
  readonly #options: SimulatorOptions;
  #open: OpenScroll | null = null;
  /**
   * Epoch seconds until which another app holds the scroll; infinite until it is released, 0 when it is free.
   */
  heldUntil = 0;

  constructor(workspace: Workspace, options: SimulatorOptions) {
    this.#workspace = workspace;
    this.#options = options;
  }

  /**
   * The next page of the companies that existed when the scroll was opened, in their present version. Throws
   * `scroll_exists` for a second start and `not_found` for a scroll that is over.
   */
  next(param: string | null): Row {
    const now = this.#options.now();
    if (this.#open !== null && now - this.#open.usedAt >= this.#options.scrollExpirySeconds)
      this.#open = null;
    const scroll = param === null ? this.#start(now) : this.#known(param);
    scroll.usedAt = now;
    const data = this.#read(scroll);
    if (data.length === 0) this.#end(param);
    return { type: 'list', data, pages: null, total_count: null, scroll_param: scroll.param };
  }

  /** Ends the scroll, as an expiry does. */
  expire(): void {
    this.#open = null;
  }

  #start(now: number): OpenScroll {
    if (this.#open !== null || now < this.heldUntil)
      throw new ApiError(400, 'scroll_exists', 'scroll already exists for this workspace');
    this.#open = { param: randomUUID(), at: 0, end: this.#workspace.companies.end, usedAt: now };
    return this.#open;
  }

  #known(param: string): OpenScroll {
    if (this.#open?.param !== param) throw gone();
    return this.#open;
  }

  #read(scroll: OpenScroll): Row[] {
    const data: Row[] = [];
    while (scroll.at < scroll.end && data.length < this.#options.scrollPageSize) {
      const row = this.#workspace.companies.at(scroll.at);
      if (row !== undefined) data.push(row);
      scroll.at += 1;
    }
    return data;
  }

  #end(param: string | null): void {
    this.#open = null;
    if (this.#options.scrollEnd === '404' && param !== null) throw gone();
  }
}

function gone(): ApiError {
  return new ApiError(404, 'not_found', 'scroll parameter not found');
}
