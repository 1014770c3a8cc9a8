import { afterEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import type { SimulatorSettings } from '../../src/simulator/options.js';
import { startSimulator } from '../../src/simulator/server.js';
import { startCommand } from '../support/command.js';
import { Project, type ProjectOptions } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const COUNTS = { contacts: 320, companies: 30, conversations: 40, parts: 2 };

let project: Project;
let options: ProjectOptions;
afterEach(() => project.close());

async function open(connection: ProjectOptions['connection'] = {}, simulator: SimulatorSettings = {}) {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS, seed: 6, scrollExpirySeconds: 1, ...simulator },
    connection,
  };
  project = await Project.open(options);
  return project;
}

describe('a token that is refused midway', () => {
  it.each([3, 45])('after %i requests ends with 3, and a good one finishes the work', async (after) => {
    const { simulator } = await open();
    simulator.faults.inject({ kind: 'status', status: 401, after });
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(3);
    expect(stderr).toContain('the access token was refused');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr).not.toContain(simulator.options.accessToken);
    const states = await project.states();
    const reasons = [...states.values()].map(({ error }) => (error as { code: string } | null)?.code);
    expect(new Set(reasons)).toEqual(new Set(['credentials-refused']));
    const counts = await project.counts();
    for (const [table, { records }] of states) expect(counts[table], table).toBe(records);
    // No table asks again with a token that was refused: only what was under way is.
    expect(simulator.requests.filter(({ status }) => status === 401).length).toBeLessThan(40);
    simulator.faults.clear();
    await project.cycle();
    expect(await problemsOf(project)).toEqual([]);
  });
});

describe('of two connections', () => {
  const broken = {
    credentials: { accessToken: 'x' },
    tables: { contacts: {}, tags: {} },
    retry: { attempts: 2 },
  };

  it.each([
    ['whose API is down', 1, 'down/contacts, down/tags'],
    ['whose token is wrong', 3, 'down'],
  ])('the one %s leaves the other one alone', async (_, exit, failed) => {
    await open();
    const { url, options: simulated } = project.simulator;
    const acme = { name: 'acme', baseUrl: url, credentials: { accessToken: simulated.accessToken } };
    const other = await startSimulator();
    if (exit === 1) await other.close();
    else onTestFinished(() => other.close());
    const down = { name: 'down', baseUrl: other.url, ...broken };
    await project.write({ ...options, file: { connections: [down, acme] } });
    const { code, stderr } = await project.command('run', '--once');
    expect(stderr).toContain(`failed: ${failed} (reasons above)"`);
    expect(code).toBe(exit);
    expect(await problemsOf(project)).toEqual([]);
  });
});

describe('a publisher whose API is down', () => {
  it('at its start catches up by itself when the API comes back', async () => {
    await open({ schedule: '* * * * * *', retry: { attempts: 1 } });
    const { port, options: simulated } = project.simulator;
    await project.simulator.close();
    const running = startCommand(['run', '--config', project.config]);
    try {
      await running.until('"code":"api-unreachable"');
      const again = await startSimulator({ ...simulated, port });
      project.seen.watch(again);
      try {
        await expect
          .poll(
            async () => [...(await project.states()).values()].filter(({ error }) => error === null).length,
            {
              timeout: 30_000,
              interval: 300,
            },
          )
          .toBe(TABLE_NAMES.length);
        // What failed while the API came back may have been set aside, and is retried after seconds.
        await expect
          .poll(() => problemsOf(project, { workspace: again.workspace }), { timeout: 30_000, interval: 500 })
          .toEqual([]);
      } finally {
        await again.close();
      }
    } finally {
      running.process.kill('SIGTERM');
      expect((await running.finished).code).toBe(143);
    }
  });
});
