/**
 * Measures the cost of sharing: how long connections are not served when an instance joins, leaves or dies,
 * and the cost of an idle connection.
 */

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningCommand } from '../test/support/command.js';
import { Fleet, ownersOf } from '../test/support/fleet.js';
import type { Addresses, Say } from './stage.js';

const CONNECTIONS = 50;
const POLL_SECONDS = 10;
const IDLE_MS = 60_000;
/** The kernel counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Prints the seconds of each hand-over, and requests, CPU and memory of an idle connection. */
export async function benchInstances(addresses: Addresses, say: Say): Promise<void> {
  const fleet = await Fleet.open({
    ...addresses,
    connections: CONNECTIONS,
    simulator: (seed) => ({ seed, counts: { contacts: 30, companies: 25, conversations: 20, parts: 3 } }),
    defaults: { schedule: `*/${POLL_SECONDS} * * * * *` },
  });
  try {
    const running = [fleet.start(), fleet.start(), fleet.start()];
    const began = Date.now();
    say(`${CONNECTIONS} connections over 3 instances, all eleven tables, polled each ${POLL_SECONDS} s`);
    say(`  from the start until all are owned: ${await handedOver(running, fleet.connections, began)}`);
    await delay(2 * POLL_SECONDS * 1000);
    await benchIdle(fleet, running, say);
    for (const [what, signal] of [
      ['stopped (SIGTERM)', 'SIGTERM'],
      ['killed (SIGKILL)', 'SIGKILL'],
    ] as const) {
      const [victim = fleet.start()] = running.splice(0, 1);
      const left = [...ownersOf([victim, ...running])].filter(([, { owner }]) => owner === victim);
      const since = Date.now();
      victim.process.kill(signal);
      const names = left.map(([name]) => ({ name }));
      say(
        `  an instance ${what}: its ${left.length} connections are owned again after ${await handedOver(running, names, since)}`,
      );
      running.push(fleet.start());
      await delay(3 * POLL_SECONDS * 1000);
    }
    const before = ownersOf(running);
    const fourth = fleet.start();
    await delay(3 * POLL_SECONDS * 1000);
    const moved = [...ownersOf([...running, fourth])].filter(([name, { at }]) => at !== before.get(name)?.at);
    const byOthers = moved.filter(([, { owner }]) => owner !== fourth);
    say(
      `  a fourth instance gets ${moved.length - byOthers.length} connections; ${byOthers.length} others move`,
    );
  } finally {
    await fleet.close();
  }
}

async function benchIdle(fleet: Fleet, running: readonly RunningCommand[], say: Say) {
  const requests = () => fleet.connections.reduce((sum, { simulator }) => sum + simulator.requests.length, 0);
  const [cpuBefore, requestsBefore] = [await cpuSeconds(running), requests()];
  await delay(IDLE_MS);
  const [cpu, made] = [(await cpuSeconds(running)) - cpuBefore, requests() - requestsBefore];
  const polls = IDLE_MS / 1000 / POLL_SECONDS;
  const memory = await residentMegabytes(running);
  say(
    `  an idle connection: ${(made / CONNECTIONS / polls).toFixed(1)} requests a poll, ` +
      `${((cpu * 1000) / CONNECTIONS / polls).toFixed(0)} ms of CPU a poll, ` +
      `${(memory / CONNECTIONS).toFixed(1)} MB (${(memory / running.length).toFixed(0)} MB an instance)`,
  );
}

/** Seconds from a moment (epoch milliseconds) until another instance owns all of these connections. */
async function handedOver(
  running: readonly RunningCommand[],
  connections: readonly { readonly name: string }[],
  since: number,
): Promise<string> {
  for (;;) {
    const owners = ownersOf(running);
    const times = connections.map(({ name }) => owners.get(name)?.at ?? 0);
    if (Math.min(...times) > since) return `${((Math.max(...times) - since) / 1000).toFixed(1)} s`;
    await delay(100);
  }
}

async function cpuSeconds(running: readonly RunningCommand[]): Promise<number> {
  let ticks = 0;
  for (const { process } of running) {
    const fields = (await readFile(`/proc/${process.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

async function residentMegabytes(running: readonly RunningCommand[]): Promise<number> {
  let kilobytes = 0;
  for (const { process } of running) {
    const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
    kilobytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}
