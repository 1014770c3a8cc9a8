/** How much faster windows are read side by side than one page after another. */

import { performance } from 'node:perf_hooks';
import { IntercomApi } from '../src/intercom/api.js';
import { Budget } from '../src/intercom/budget.js';
import { Transport } from '../src/intercom/transport.js';
import { contacts } from '../src/tables/contacts.js';
import { type Addresses, type Say, Stage } from './stage.js';

const LATENCY_MS = 100;

/** Prints and returns the time of a walk that reads one page after another, and publishes nothing, over that of the publisher. */
export async function benchBackfill(addresses: Addresses, say: Say, rows = 30_000): Promise<number> {
  const stage = await Stage.open(addresses, {
    contacts: rows,
    latency: LATENCY_MS,
    tables: ['contacts'],
    sublistLimit: 1_000,
  });
  try {
    const sequential = await walkOnePageAfterAnother(stage.url, rows);
    const { seconds, requests } = await stage.cycle();
    const ratio = sequential / seconds;
    say(
      `back-fill: ${rows} contacts, ${LATENCY_MS} ms a response, no limit: ${seconds.toFixed(1)} s with ${requests.length} requests, ` +
        `one page after another (read only) ${sequential.toFixed(1)} s: ${ratio.toFixed(1)} times`,
    );
    return ratio;
  } finally {
    await stage.close();
  }
}

/** Seconds of a walk by the same code, without its windows. */
async function walkOnePageAfterAnother(url: string, rows: number): Promise<number> {
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
