/**
 * Instances are killed at seeded moments of `pause`, `resume`, `sync` and `resync`, while the workspace changes
 * and the connection moves. Then the whole log is checked.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { Dice } from '../../src/simulator/random.js';
import { Changes } from '../support/changes.js';
import { endCommand, type RunningCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const SEED = Number(process.env.KILL_SEED ?? 20_261_126);
const ROUNDS = Number(process.env.CONTROL_ROUNDS ?? 10);
const PATIENT = { timeout: 120_000, interval: 300 };
const REQUESTS = [['pause'], ['resume'], ['sync'], ['resync'], ['resync', '--cancel']] as const;

let project: Project;
const running: RunningCommand[] = [];

beforeEach(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: {
      seed: 7,
      counts: { contacts: 120, companies: 20, conversations: 20, parts: 2 },
      scrollExpirySeconds: 1,
    },
    connection: { schedule: '* * * * * *', deletes: { reconcile: null } },
  });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => endCommand(each, 'SIGKILL')));
  await project.close();
});

function start(): void {
  running.push(startCommand(['run', '--config', project.config, '--log-format', 'json']));
}

async function killOne(): Promise<void> {
  const [victim] = running.splice(0, 1);
  if (victim !== undefined) await endCommand(victim, 'SIGKILL');
  start();
}

const phases = async () =>
  new Set(
    [...(await project.states()).values()].map(({ resync }) => (resync as { phase: string } | null)?.phase),
  );

it(`requests take effect, and nothing is lost, doubled or stale, whatever is killed (seed ${SEED})`, async () => {
  const dice = new Dice(SEED, 'kills of requests', 0);
  const changes = new Changes(project.simulator.workspace, SEED, 'changes beside requests');
  project.simulator.onRequest = () => {
    if (dice.chance(0.05)) changes.next();
  };
  start();
  start();
  for (let round = 0; round < ROUNDS; round += 1) {
    const request = REQUESTS[dice.below(REQUESTS.length)] ?? REQUESTS[0];
    const [name, ...options] = request;
    const asked = project.command(name, 'acme', ...options);
    await delay(dice.below(2_500));
    await killOne();
    const { code, stdout, stderr } = await asked;
    // A sync of a paused table is refused, and one whose cycle was cut short has failed.
    if (name !== 'sync') expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toContain('acme/contacts: ');
  }
  expect((await project.command('resume', 'acme')).code).toBe(0);
  project.simulator.onRequest = null;
  // What was deleted without a trace is found by the last one.
  expect((await project.command('resync', 'acme')).code).toBe(0);
  await expect.poll(phases, PATIENT).toEqual(new Set(['finished']));
  await expect.poll(() => problemsOf(project), PATIENT).toEqual([]);
}, 900_000);
