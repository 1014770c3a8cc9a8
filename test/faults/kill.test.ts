/**
 * Kills a real publisher at many moments of its cycles, while the workspace changes, and then looks through
 * the whole log.
 *
 * A moment is a number of requests after the start, and some milliseconds more: between them lie the fencing,
 * the restore from the topics, the reading and the commits.
 */

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Dice } from '../../src/simulator/random.js';
import { Changes } from '../support/changes.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const SEED = Number(process.env.KILL_SEED ?? 20_261_123);
const KILLS = Number(process.env.KILLS ?? 12);
const WORKERS = ['a', 'b', 'c'];
/** Requests of a cycle that is not killed, and a few more: some cycles come to their end. */
const REQUESTS = 90;

describe.concurrent(`${WORKERS.length} times ${KILLS} kills (seed ${SEED})`, () => {
  const projects = new Map<string, Project>();

  beforeAll(async () => {
    for (const worker of WORKERS) projects.set(worker, await open(worker));
  });
  afterAll(async () => {
    for (const project of projects.values()) await project.close();
  });

  it.each(WORKERS)(
    'lose, double and age nothing (workspace %s)',
    async (worker) => {
      const project = projects.get(worker) as Project;
      const { simulator } = project;
      const dice = new Dice(SEED, `kills ${worker}`, 0);
      const changes = new Changes(simulator.workspace, SEED, `changes ${worker}`);
      let requests = 0;
      simulator.onRequest = () => {
        requests += 1;
        if (dice.chance(0.15)) changes.next();
      };
      let finished = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        requests = 0;
        const running = startCommand(['run', '--once', '--config', project.config]);
        const end = new Promise<void>((resolve) => running.process.once('exit', () => resolve()));
        await Promise.race([end, moment(() => requests, dice)]);
        if (running.process.exitCode === null) running.process.kill('SIGKILL');
        else finished += 1;
        await running.finished;
      }
      simulator.onRequest = null;
      await untilReconciled(project);
      expect(finished).toBeLessThan(KILLS / 2);
      expect(await problemsOf(project)).toEqual([]);
    },
    // Some seconds each, on a machine that has other things to do.
    KILLS * 20_000,
  );
});

function open(worker: string): Promise<Project> {
  return Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: {
      counts: { contacts: 450, companies: 150, conversations: 170, parts: 3 },
      latency: 4,
      scrollExpirySeconds: 1,
      seed: SEED + worker.charCodeAt(0),
    },
    connection: { deletes: { reconcile: '* * * * * *' } },
  });
}

/** Resolves as soon as the condition holds. */
function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!condition()) return;
      clearInterval(timer);
      resolve();
    }, 2);
  });
}

/** Resolves after some number of requests, and some milliseconds. */
async function moment(requests: () => number, dice: Dice): Promise<void> {
  const [count, milliseconds] = [dice.below(REQUESTS), dice.below(40)];
  await until(() => requests() >= count);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A whole cycle, and another one whose walk over all IDs began after it. */
async function untilReconciled(project: Project): Promise<void> {
  await project.cycle();
  const due = [...(await project.states()).values()].flatMap(({ reconcile }) =>
    reconcile === null ? [] : [Date.parse((reconcile as { dueAt: string }).dueAt)],
  );
  await until(() => Date.now() > Math.max(...due));
  await project.cycle();
}
