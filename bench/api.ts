/**
 * Measures the use of the request budget, alone and beside another client, the number of requests, and the
 * requests of an idle poll.
 */

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Budget } from '../src/intercom/budget.js';
import { Transport } from '../src/intercom/transport.js';
import type { LoggedRequest } from '../src/simulator/traffic.js';
import { type Addresses, percent, type Say, Stage, timesOf } from './stage.js';

const PER_PAGE = 150;
const PER_SCROLL = 100;
const WINDOW_SECONDS = 10;
const LIMIT = 1_000;
/** The shortest lookback for which details are read again. */
const LOOKBACK_SECONDS = 5;

export interface ApiFigures {
  /** Requests per second, divided by those that the budget allows. */
  readonly budgetUse: number;
  readonly refusedAlone: number;
  /** Share of the publisher's requests that were refused while another client used the same budget. */
  readonly refusedShared: number;
  /** Requests, divided by the smallest possible number. */
  readonly requests: number;
  /** Requests of an idle poll by route. */
  readonly idle: ReadonlyMap<string, number>;
}

/** Prints and returns the figures. `share` scales the workspaces: 1 is the full size. */
export async function benchApi(addresses: Addresses, say: Say, share = 1): Promise<ApiFigures> {
  const { budgetUse, refusedAlone } = await benchBudget(addresses, say, Math.round(4_000 * share));
  const refusedShared = await benchShared(addresses, say, Math.round(2_000 * share));
  const { requests, idle } = await benchRequests(addresses, say, share);
  return { budgetUse, refusedAlone, refusedShared, requests, idle };
}

const replication = { latency: 100, budget: LIMIT, tables: ['conversations', 'conversation_parts'] };

async function benchBudget(addresses: Addresses, say: Say, conversations: number) {
  const stage = await Stage.open(addresses, { ...replication, conversations });
  try {
    const { requests } = await stage.cycle();
    const seconds = secondsOf(requests);
    const budgetUse = requests.length / seconds / (LIMIT / WINDOW_SECONDS);
    const refusedAlone = requests.filter(({ status }) => status === 429).length;
    say(
      `budget: ${conversations} conversations with their parts, ${LIMIT} requests in ${WINDOW_SECONDS} s, 100 ms a response: ` +
        `${requests.length} requests in ${seconds.toFixed(1)} s, ${percent(budgetUse)} of the budget, ${refusedAlone} refused`,
    );
    return { budgetUse, refusedAlone };
  } finally {
    await stage.close();
  }
}

/**
 * The other client sends twenty requests a second of the hundred that the budget has, evenly, and ignores
 * 429s.
 */
async function benchShared(addresses: Addresses, say: Say, conversations: number): Promise<number> {
  const stage = await Stage.open(addresses, { ...replication, conversations });
  const stop = new AbortController();
  let others = 0;
  const other = otherClient(stage.url, stop.signal, () => {
    others += 1;
  });
  try {
    const { requests } = await stage.cycle();
    stop.abort();
    await other;
    const own = requests.length - others;
    const refused = requests.filter(({ status, route }) => status === 429 && route !== 'GET /me').length;
    const share = refused / own;
    say(
      `shared budget: another client sends 20 requests a second meanwhile: of some ${own} requests of the publisher ` +
        `${refused} were refused (${percent(share)}), all in ${secondsOf(requests).toFixed(1)} s`,
    );
    return share;
  } finally {
    stop.abort();
    await stage.close();
  }
}

async function otherClient(url: string, signal: AbortSignal, onRequest: () => void): Promise<void> {
  const end = new AbortController().signal;
  // Each waiting request adds a listener.
  setMaxListeners(0, end);
  const transport = new Transport({
    baseUrl: url,
    token: 'simulated-token',
    apiVersion: '2.16',
    gateway: null,
    attempts: 1,
    timeoutMs: 10_000,
    signal: end,
    budget: new Budget({ share: 1, maxInFlight: 10 }),
    onAttempt: onRequest,
  });
  const under: Promise<unknown>[] = [];
  while (!signal.aborted) {
    under.push(
      transport
        .request({ method: 'GET', path: '/me', route: '/me', scope: 'connection' })
        .catch(() => undefined),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await Promise.all(under);
  await transport.close();
}

async function benchRequests(addresses: Addresses, say: Say, share: number) {
  const contacts = Math.round(6_000 * share);
  const companies = Math.round(1_000 * share);
  const conversations = Math.round(1_500 * share);
  const tables = [
    'admins',
    'companies',
    'company_attributes',
    'company_segments',
    'contact_attributes',
    'contacts',
  ];
  tables.push('conversation_parts', 'conversations', 'segments', 'tags', 'teams');
  const connection = { schedule: '* * * * * *', lookback: LOOKBACK_SECONDS };
  const stage = await Stage.open(addresses, { contacts, companies, conversations, tables, connection });
  try {
    const { requests } = await stage.cycle();
    const pages = (rows: number) => Math.ceil(rows / PER_PAGE);
    // The page that shows the end of the scroll is empty.
    const scroll = Math.ceil(companies / PER_SCROLL) + 1;
    const lists = 8;
    // Lists that are incomplete in a contact must be read, one page each.
    const sublists = requests.filter(({ route }) => route.startsWith('GET /contacts/*/')).length;
    const least = pages(contacts) + 2 * pages(conversations) + conversations + sublists + scroll + lists;
    say(
      `requests: all tables of ${contacts} contacts, ${conversations} conversations, ${companies} companies: ` +
        `${requests.length} made over ${least}, the least possible: ${(requests.length / least).toFixed(3)}`,
    );
    for (const [route, count] of countsOf(requests)) say(`    ${String(count).padStart(6)} ${route}`);
    const idle = await benchIdle(stage, say);
    return { requests: requests.length / least, idle };
  } finally {
    await stage.close();
  }
}

/**
 * The requests by route of a poll when nothing has changed, also not within the lookback. Before that the
 * publisher reads the details of five conversations again, because their changes might show late; that cost
 * is reported too.
 */
async function benchIdle(stage: Stage, say: Say): Promise<ReadonlyMap<string, number>> {
  const { ids } = await stage.act('touch', { table: 'conversations', count: 5, patch: { title: 'changed' } });
  const before = (await stage.requests()).length;
  const running = stage.start(['--log-level', 'debug']);
  try {
    await running.until('"cycle finished"');
    const over = Date.now() + 2 * LOOKBACK_SECONDS * 1000;
    const polls = () => timesOf(running.stderr(), 'cycle finished');
    while (Math.max(...polls()) < over) await delay(100);
    const ends = polls();
    const requests = (await stage.requests()).slice(before);
    const [from = 0, to = 0] = ends.slice(-2);
    const idle = countsOf(requests.filter(({ at }) => at > from && at <= to));
    const details = requests.filter(({ route }) => route === 'GET /conversations/*').length;
    say(
      `idle poll: ${[...idle.values()].reduce((sum, count) => sum + count, 0)} requests, once the lookback of ${LOOKBACK_SECONDS} s is over; ` +
        `until then ${ends.length} polls took ${details} details of ${(ids as unknown[]).length} conversations that had changed`,
    );
    for (const [route, count] of idle) say(`    ${String(count).padStart(6)} ${route}`);
    return idle;
  } finally {
    running.process.kill('SIGTERM');
    await running.finished;
  }
}

function secondsOf(requests: readonly LoggedRequest[]): number {
  return ((requests.at(-1)?.at ?? 0) - (requests[0]?.at ?? 0)) / 1000;
}

function countsOf(requests: readonly LoggedRequest[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { route } of requests) counts.set(route, (counts.get(route) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}
