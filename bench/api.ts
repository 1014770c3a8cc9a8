/** How much of the request budget is used, how many requests it takes, and what an idle poll asks. */

import type { SimulatorSettings } from '../src/simulator/options.js';
import type { LoggedRequest } from '../src/simulator/traffic.js';
import { Project } from '../test/support/project.js';
import type { Addresses } from './replay.js';

const PER_PAGE = 150;
const WINDOW_SECONDS = 10;
const LIMIT = 1_000;

/** Prints the share of the budget that a full replication uses, its requests over the least possible, and those of an idle poll. */
export async function benchApi(addresses: Addresses, say: (line: string) => void): Promise<void> {
  await benchBudget(addresses, say);
  await benchRequests(addresses, say);
}

async function withProject(
  addresses: Addresses,
  simulator: SimulatorSettings,
  tables: readonly string[] | null,
  work: (project: Project) => Promise<void>,
): Promise<void> {
  const connection =
    tables === null ? {} : { tables: Object.fromEntries(tables.map((table) => [table, {}])) };
  const project = await Project.open({ ...addresses, simulator, connection });
  try {
    await work(project);
  } finally {
    await project.close();
  }
}

async function benchBudget(addresses: Addresses, say: (line: string) => void): Promise<void> {
  const conversations = 4_000;
  const simulator = {
    counts: { contacts: 0, companies: 0, conversations, parts: 5 },
    latency: 100,
    budget: { limit: LIMIT, windowSeconds: WINDOW_SECONDS },
  };
  await withProject(addresses, simulator, ['conversations', 'conversation_parts'], async (project) => {
    await project.cycle();
    const { requests } = project.simulator;
    const seconds = secondsOf(requests);
    const used = requests.length / seconds / (LIMIT / WINDOW_SECONDS);
    const refused = requests.filter(({ status }) => status === 429).length;
    say(
      `budget: ${conversations} conversations with their parts, ${LIMIT} requests in ${WINDOW_SECONDS} s, 100 ms a response: ` +
        `${requests.length} requests in ${seconds.toFixed(1)} s, ${percent(used)} of the budget, ${refused} refused`,
    );
  });
}

async function benchRequests(addresses: Addresses, say: (line: string) => void): Promise<void> {
  const counts = { contacts: 6_000, companies: 1_000, conversations: 1_500, parts: 4 };
  const scrollPageSize = 100;
  await withProject(addresses, { counts, budget: null, scrollPageSize }, null, async (project) => {
    await project.cycle();
    const made = project.simulator.requests.length;
    const pages = (rows: number) => Math.ceil(rows / PER_PAGE);
    const scroll = Math.ceil(counts.companies / scrollPageSize) + 1;
    const lists = 8;
    // Lists that a contact shows in part only have to be read, one page each.
    const sublists = project.simulator.requests.filter(({ route }) =>
      route.startsWith('GET /contacts/*/'),
    ).length;
    const details = counts.conversations + sublists;
    const least = pages(counts.contacts) + 2 * pages(counts.conversations) + details + scroll + lists;
    say(
      `requests: all tables of ${counts.contacts} contacts, ${counts.conversations} conversations, ${counts.companies} companies: ` +
        `${made} made over ${least}, the least possible: ${(made / least).toFixed(3)}`,
    );
    for (const [route, count] of countsOf(project.simulator.requests))
      say(`    ${String(count).padStart(6)} ${route}`);
    const before = project.simulator.requests.length;
    await project.cycle();
    const idle = project.simulator.requests.slice(before);
    say(`idle poll: ${idle.length} requests`);
    for (const [route, count] of countsOf(idle)) say(`    ${String(count).padStart(6)} ${route}`);
  });
}

function secondsOf(requests: readonly LoggedRequest[]): number {
  return ((requests.at(-1)?.at ?? 0) - (requests[0]?.at ?? 0)) / 1000;
}

function countsOf(requests: readonly LoggedRequest[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { route } of requests) counts.set(route, (counts.get(route) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
