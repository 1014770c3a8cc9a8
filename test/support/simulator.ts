/** A simulator for one test, and a plain HTTP client that shows what it answered. */

import { onTestFinished } from 'vitest';
import type { Row } from '../../src/simulator/collection.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';

/** Epoch seconds of an ISO time. */
export const at = (iso: string) => Date.parse(iso) / 1000;

/**
 * What the clock of these simulators says, unless a test has its own: rows must not depend on the day of the
 * test.
 */
export const NOW = at('2024-05-01T12:00:00Z');

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; empty when the body is not JSON. */
  readonly json: Row;
}

export interface Sort {
  readonly field: string;
  readonly order: 'ascending' | 'descending';
}

export interface Paging {
  readonly query: object;
  readonly sort?: Sort;
  readonly perPage: number;
  /** Called after each page with its number, so that the workspace can change before the next. */
  readonly between?: (page: number) => void;
}

/** Starts a simulator that ends with the test. */
export async function simulate(
  settings: SimulatorSettings = {},
): Promise<{ simulator: Simulator; client: Client }> {
  const simulator = await startSimulator({ now: () => NOW, budget: null, ...settings });
  onTestFinished(() => simulator.close());
  return { simulator, client: new Client(simulator.url) };
}

export class Client {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `version` is the `Intercom-Version` of its requests. */
  constructor(url: string, { version = '2.16', token = 'simulated-token' } = {}) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${token}`, 'intercom-version': version };
  }

  get(path: string): Promise<Answer> {
    return this.#send(path, { headers: this.#headers });
  }

  post(path: string, body: unknown = {}): Promise<Answer> {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    return this.#send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Pages through a search to its end. Returns the IDs of each page. */
  async pageThrough(
    table: 'contacts' | 'conversations',
    { query, sort, perPage, between }: Paging,
  ): Promise<string[][]> {
    const pages: string[][] = [];
    let cursor: unknown;
    do {
      const answer = await this.post(`/${table}/search`, {
        query,
        ...(sort === undefined ? {} : { sort }),
        pagination: { per_page: perPage, ...(cursor === undefined ? {} : { starting_after: cursor }) },
      });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
      pages.push(idsOf(rowsIn(answer)));
      cursor = (pagesOf(answer).next as Row | undefined)?.starting_after;
      between?.(pages.length);
      if (pages.length > 1_000) throw new Error('the search has no end');
    } while (cursor !== undefined);
    return pages;
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }
}

/** The rows of a list, under whichever key it has them. */
export function rowsIn({ json }: Answer): Row[] {
  const list = json.data ?? json.conversations ?? json.segments ?? json.admins ?? json.teams;
  return Array.isArray(list) ? (list as Row[]) : [];
}

export function idsOf(rows: Iterable<Row>): string[] {
  return [...rows].map(({ id }) => String(id));
}

export function pagesOf({ json }: Answer): Row {
  return (json.pages ?? {}) as Row;
}

/** Status and code of a refusal, for example `400 parameter_invalid`. */
export function refusal({ status, json }: Answer): string {
  const [error] = (json.errors ?? []) as Row[];
  return `${status} ${String(json.type === 'error.list' ? error?.code : json.type)}`;
}

function parsed(text: string): Row {
  try {
    return JSON.parse(text) as Row;
  } catch {
    return {};
  }
}
