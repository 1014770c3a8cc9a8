/**
 * The short form of the benchmark: ratios and numbers of requests, with bounds that a busy machine keeps.
 * `npm run bench` has the figures.
 */

import { describe, expect, inject, it } from 'vitest';
import { benchApi } from '../../bench/api.js';
import { benchBackfill } from '../../bench/backfill.js';
import { countRestart } from '../../bench/connections.js';
import { benchEncoding } from '../../bench/encoding.js';
import { benchFreshness } from '../../bench/freshness.js';
import { benchThroughput } from '../../bench/throughput.js';

const lines: string[] = [];
const say = (line: string) => lines.push(line);

describe('the benchmark', () => {
  const addresses = { brokers: inject('brokers'), registryUrl: inject('registryUrl') };

  it('uses the budget without being refused, and asks for little more than it must', async () => {
    const { budgetUse, refusedAlone, refusedShared, requests, idle } = await benchApi(addresses, say, 0.5);
    expect(refusedAlone, lines.join('\n')).toBe(0);
    expect(budgetUse, lines.join('\n')).toBeGreaterThan(0.9);
    expect(refusedShared, lines.join('\n')).toBeLessThan(0.02);
    expect(requests, lines.join('\n')).toBeLessThan(1.05);
    const searches = ['POST /contacts/search', 'POST /conversations/search'];
    expect(searches.map((route) => idle.get(route))).toEqual([1, 2]);
    expect(idle.get('GET /companies/scroll')).toBe(6);
    expect(idle.get('GET /conversations/*')).toBeUndefined();
  }, 120_000);

  it('reads windows side by side', async () => {
    expect(
      await benchBackfill(addresses, say, { rows: 15_000, rounds: 1 }),
      lines.join('\n'),
    ).toBeGreaterThan(2);
  }, 120_000);

  it('publishes a change soon after the poll that follows it', async () => {
    expect(await benchFreshness(addresses, say, 0.2), lines.join('\n')).toBeLessThan(15);
  }, 120_000);

  it('shapes and encodes at a rate like that of the libraries alone', async () => {
    expect(await benchEncoding(addresses, say, 10), lines.join('\n')).toBeGreaterThan(0.35);
  }, 120_000);

  it('reads each state once at a restart of many connections, and opens a few of them at a time', async () => {
    const size = 20;
    const { states, recordsRead, mostOpening, longestOpening } = await countRestart(addresses, size, 20);
    // Sessions write states of their own meanwhile: two for each table at most.
    expect(recordsRead).toBeGreaterThanOrEqual(states);
    expect(recordsRead).toBeLessThanOrEqual(states + 2 * 4 * size);
    // On a machine so slow that an opening outlasts its place, the next one begins beside it.
    expect(mostOpening).toBeGreaterThan(1);
    if (longestOpening < 10) expect(mostOpening).toBeLessThanOrEqual(8);
  }, 240_000);

  it('keeps up with the simplest pipe', async () => {
    const { overPipe, transactions } = await benchThroughput(addresses, say, 10_000);
    expect(overPipe, lines.join('\n')).toBeGreaterThan(0.4);
    expect(transactions, lines.join('\n')).toBeGreaterThan(0.5);
  }, 120_000);
});
