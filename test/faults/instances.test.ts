/** Fifty connections over three publishers, of which some are killed, stopped and started all the time. */

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import type { UsualTableName } from '../../src/model/table-names.js';
import { Dice } from '../../src/simulator/random.js';
import { Changes } from '../support/changes.js';
import type { RunningCommand } from '../support/command.js';
import { Fleet, type FleetConnection, ownedBy } from '../support/fleet.js';
import { problemsOf } from '../support/verify.js';

const SEED = Number(process.env.INSTANCES_SEED ?? 1_871);
const CONNECTIONS = 50;
const ROUNDS = Number(process.env.INSTANCES_ROUNDS ?? 3);
/** The session time-out of a member that was killed, and what a take-over takes. */
const MOVED_MS = 40_000;
const TABLES: readonly UsualTableName[] = ['contacts', 'companies', 'tags'];

const dice = new Dice(SEED, 'instances', 0);
let fleet: Fleet;
let running: RunningCommand[];

beforeAll(async () => {
  fleet = await Fleet.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connections: CONNECTIONS,
    simulator: (seed) => ({
      seed,
      counts: { contacts: 30, companies: 25, conversations: 0, parts: 0 },
      latency: [1, 10],
      // Whoever takes over in the middle of a scroll has to wait until that has expired; Intercom's takes a
      // minute.
      scrollExpirySeconds: 2,
      cursors: seed % 2 === 0 ? 'keyset' : 'position',
    }),
    defaults: {
      schedule: '*/4 * * * * *',
      deletes: { reconcile: '*/10 * * * * *' },
      tables: Object.fromEntries(TABLES.map((table) => [table, {}])),
    },
  });
  running = [fleet.start(), fleet.start(), fleet.start()];
}, 120_000);
afterAll(() => fleet?.close());

/** Replicates everything that the workspaces hold now, within the time; what is still wrong else. */
async function settled(withinMs: number): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  let unsettled: readonly FleetConnection[] = fleet.connections;
  let problems: string[] = [];
  while (unsettled.length > 0) {
    const found = await Promise.all(
      unsettled.map(async (connection) => {
        const wrong = await problemsOf(connection, { tables: TABLES });
        return { connection, wrong: wrong.map((problem) => `${connection.name} ${problem}`) };
      }),
    );
    unsettled = found.filter(({ wrong }) => wrong.length > 0).map(({ connection }) => connection);
    problems = found.flatMap(({ wrong }) => wrong);
    if (Date.now() > deadline) break;
    await delay(500);
  }
  return problems;
}

const ACTS = {
  killed: async (victim: RunningCommand) => {
    victim.process.kill('SIGKILL');
    await victim.finished;
  },
  stopped: async (victim: RunningCommand) => {
    // A process that has not logged anything yet may not handle signals yet.
    await victim.until('"msg"');
    victim.process.kill('SIGTERM');
    expect((await victim.finished).code).toBe(143);
  },
};

it(`shares ${CONNECTIONS} connections, and loses, doubles and ages nothing while they move (seed ${SEED})`, async () => {
  await vi.waitUntil(() => new Set(running.flatMap(ownedBy)).size === CONNECTIONS, {
    timeout: 120_000,
    interval: 200,
  });
  expect(await settled(120_000)).toEqual([]);
  const shares = running.map((each) => new Set(ownedBy(each)).size);
  expect(Math.min(...shares), `shares ${shares}`).toBeGreaterThan(CONNECTIONS / 3 - 6);
  const changes = fleet.connections.map(
    ({ simulator, name }) => new Changes(simulator.workspace, SEED, name),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of changes) if (dice.chance(0.6)) each.next();
    const [victim = fleet.start(), ...others] = running;
    const act = dice.pick(['killed', 'stopped', 'joined'] as const);
    running = [...others, fleet.start(), ...(act === 'joined' ? [victim] : [])];
    if (act !== 'joined') await ACTS[act](victim);
    if (running.length > 4) {
      const [surplus, ...rest] = running;
      running = rest;
      if (surplus !== undefined) await ACTS.stopped(surplus);
    }
    for (const each of changes) each.next();
    await delay(dice.below(6_000));
  }
  expect(await settled(MOVED_MS + 20_000)).toEqual([]);
}, 400_000);

it('hands over at once what is stopped, and within the session time-out what is killed', async () => {
  const tookMs = { stopped: 0, killed: 0 };
  for (const act of ['stopped', 'killed'] as const) {
    const [victim = fleet.start(), ...others] = running;
    running = others;
    const before = others.map((each) => ownedBy(each).length);
    const lost = new Set(ownedBy(victim));
    expect(lost.size).toBeGreaterThan(0);
    const startedAt = Date.now();
    await ACTS[act](victim);
    for (const { simulator } of fleet.connections) simulator.workspace.create('contacts');
    expect(await settled(MOVED_MS), `${act}, after ${Date.now() - startedAt} ms`).toEqual([]);
    tookMs[act] = Date.now() - startedAt;
    const taken = others.flatMap((each, index) => ownedBy(each).slice(before[index]));
    expect(taken.length, `${act}: ${taken.length} moved`).toBeGreaterThan(0);
    running.push(fleet.start());
    await settled(MOVED_MS);
  }
  // Nobody waits for the session of one that was stopped.
  expect(tookMs.stopped).toBeLessThan(tookMs.killed);
}, 200_000);
