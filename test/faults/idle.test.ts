/** What a publisher costs that has nothing to do, and what it says on standard error. */

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { hasOtherVersions, nodeBinary, OTHER_VERSIONS } from '../../dev/node-versions.mjs';
import { startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { Project } from '../support/project.js';

const CONNECTIONS = 10;
const SETTLE_MS = 5_000;
const MEASURE_MS = 20_000;
/** A clock tick of /proc, in milliseconds. */
const TICK_MS = 10;

let project: Project;

beforeAll(async () => {
  const options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 10, companies: 0, conversations: 0 } },
  };
  project = await Project.open(options);
  const { url, options: simulator } = project.simulator;
  const connections = Array.from({ length: CONNECTIONS }, (_, index) => ({
    name: `workspace-${index}`,
    baseUrl: url,
    credentials: { accessToken: simulator.accessToken, clientSecret: 'a secret' },
    schedule: '0 0 1 1 *',
    tables: { contacts: {}, tags: {}, segments: {} },
  }));
  await project.write({ ...options, file: { http: { port: 0 }, connections } });
});
afterAll(() => project.close());

/** How often the main thread has woken up, and the CPU time of all threads in milliseconds. */
function usage(pid: number): { wakeUps: number; cpuMs: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const wakeUps = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  // Behind the name, which may hold anything, utime and stime are the 12th and 13th.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { wakeUps, cpuMs: (Number(stat[11]) + Number(stat[12])) * TICK_MS };
}

const nodes = hasOtherVersions ? ['this', ...OTHER_VERSIONS] : ['this'];

it.runIf(process.platform === 'linux').each(nodes)(
  'ten idle connections leave the processor alone, and standard error is log lines only, on Node %s',
  async (version) => {
    const node = version === 'this' ? process.execPath : nodeBinary(version);
    const running = startCommand(['run', '--config', project.config, '--log-format', 'json'], {}, node);
    const url = await addressOf(running);
    const isReady = async () => (await fetch(`${url}/readyz`)).status;
    await expect.poll(isReady, { timeout: 60_000, interval: 200 }).toBe(200);
    const finished = () => running.stderr().split('"table finished"').length - 1;
    await expect.poll(finished, { timeout: 60_000, interval: 200 }).toBe(CONNECTIONS * 3);
    // Not synchronisation: what is measured is time in which nothing happens.
    await delay(SETTLE_MS);
    const pid = running.process.pid ?? 0;
    const before = usage(pid);
    await delay(MEASURE_MS);
    const after = usage(pid);
    const wakeUps = ((after.wakeUps - before.wakeUps) * 1_000) / MEASURE_MS;
    const core = (after.cpuMs - before.cpuMs) / MEASURE_MS;
    running.process.kill('SIGTERM');
    const { stderr } = await running.finished;
    for (const line of stderr.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), msg: expect.any(String) });
    }
    // Kafkajs alone came to 900 wake-ups and 2.3%.
    expect({ wakeUps, core }).toSatisfy(() => wakeUps < 150 && core < 0.018);
  },
  180_000,
);
