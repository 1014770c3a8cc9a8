/** Measures how much faster concurrent windows are than one page after another. */

import { performance } from 'node:perf_hooks';
import { IntercomApi } from '../src/intercom/api.js';
import { Budget } from '../src/intercom/budget.js';
import { Transport } from '../src/intercom/transport.js';
import { contacts } from '../src/tables/contacts.js';
import { type Addresses, median, type Say, Stage } from './stage.js';

const LATENCY_MS = 100;
const ONE_AT_A_TIME = { NODE_OPTIONS: `--import=${new URL('one-at-a-time.mjs', import.meta.url).href}` };

/**
 * Prints and returns how much slower the same publisher is with one request in flight, as a factor. The
 * publisher's time is the median of some rounds, each in a new process. It also prints the time to read one
 * page after another without publishing, which is the harder comparison.
 */
export async function benchBackfill(
  addresses: Addresses,
  say: Say,
  { rows = 30_000, rounds = 5 } = {},
): Promise<number> {
  const times: number[] = [];
  let requests = 0;
  let sequential = 0;
  let readOnly = 0;
  const stage = await Stage.open(addresses, {
    contacts: rows,
    latency: LATENCY_MS,
    tables: ['contacts'],
    sublistLimit: 1_000,
    shown: true,
  });
  try {
    readOnly = await readOnePageAfterAnother(stage.url, rows);
    sequential = (await stage.cycle(ONE_AT_A_TIME)).seconds;
    for (let round = 0; round < rounds; round += 1) {
      await stage.renew();
      const cycle = await stage.cycle();
      times.push(cycle.seconds);
      requests = cycle.requests.length;
    }
  } finally {
    await stage.close();
  }
  const ratio = sequential / median(times);
  say(
    `back-fill: ${rows} contacts, ${LATENCY_MS} ms a response, no limit: ${median(times).toFixed(2)} s with ${requests} requests ` +
      `(${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)}), one request at a time ${sequential.toFixed(1)} s: ${ratio.toFixed(1)} times; ` +
      `one page after another, read only, ${readOnly.toFixed(1)} s: ${(readOnly / median(times)).toFixed(1)} times`,
  );
  return ratio;
}

/** Seconds to page through the search with the same code, without windows. */
async function readOnePageAfterAnother(url: string, rows: number): Promise<number> {
  const { signal } = new AbortController();
  const transport = new Transport({
    baseUrl: url,
    token: 'simulated-token',
    apiVersion: '2.16',
    gateway: null,
    attempts: 1,
    timeoutMs: 10_000,
    signal,
    budget: new Budget({ share: 1, maxInFlight: 1 }),
    onAttempt: () => undefined,
  });
  const startedAt = performance.now();
  let read = 0;
  for await (const page of contacts.pull(new IntercomApi(transport, signal), { from: 0, to: null }))
    read += page.rows.length;
  await transport.close();
  if (read !== rows) throw new Error(`${read} rows for ${rows}`);
  return (performance.now() - startedAt) / 1000;
}
